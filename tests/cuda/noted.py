"""The device of this process, its launches noted down."""

from eventsnn.core.cuda import Device


class Noted(Device):
    """`launched` are the kernels that ran."""

    def __init__(self):
        super().__init__()
        self.launched = {}

    def launch(self, one, grid, block, arguments, shared):
        self.launched.setdefault((one.name, len(self.launched)), one.function)
        super().launch(one, grid, block, arguments, shared)
