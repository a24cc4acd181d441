"""A CUDA device made of compilers and an interpreter: its kernels are compiled, and then executed.

In the place of `eventsnn.core.cuda.backend` it runs whatever the package launches, so that a layer
or a network as a whole is run by the code that a device would run.
"""

import numpy as np

from tests.cuda.ptx import argument_types, execute


class Interpreter:
    """Memory is NumPy's. `launched` are the kernels that ran, with the types of their arguments."""

    def __init__(self, fma=False, seed=None, threads=32):
        self.fma, self.seed = fma, seed
        self.threads, self.most_threads = threads, 2 * threads
        self.launched = {}

    def check(self):
        """There is one."""

    def empty(self, n, dtype):
        """Memory is not zero at first."""
        return np.full(max(n, 1), 0x55, np.uint8).repeat(dtype.itemsize).view(dtype) \
            if dtype.kind != "b" else np.ones(max(n, 1), bool)

    def from_host(self, array):
        return array.copy()

    def to_host(self, buffer):
        return buffer.copy()

    def ahead(self, move):
        return move(), lambda: None

    def launch(self, one, grid, block, arguments, shared):
        self.launched[one.name, argument_types(*arguments)] = one.function
        execute(one.function, grid, block, *arguments, shared=shared, seed=self.seed, fma=self.fma)
