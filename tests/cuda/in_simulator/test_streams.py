"""The next batch is copied beside what is computed, and nothing is used before it is there.

On a device that copies as late as it may: a copy of the second stream is made when somebody waits
for it, from what its memory then holds.
"""

import numpy as np
import pytest
from numba import cuda
from numpy.testing import assert_array_equal

import eventsnn
from eventsnn import layers, train
from eventsnn.core import cuda as device
from eventsnn.core.cuda.copies import Copies
from eventsnn.spikes import to_events, to_raster
from eventsnn.train.ahead import moved_ahead
from tests.cuda.in_simulator.test_train import build

N_BATCHES = 4


class Stream:
    """The first is that of the kernels, which runs at once."""

    def __init__(self, log, made):
        self.log, self.late, self.queue = log, bool(made), []
        made.append(self)

    def add(self, work):
        self.queue.append(work)
        if not self.late:
            self.run(1)

    def run(self, n):
        for work in self.queue[:n]:
            work()
        del self.queue[:n]

    def synchronize(self):
        self.run(len(self.queue))


class Event:
    def __init__(self, log):
        self.log, self.last, self.stream = log, None, None

    def record(self, stream):
        self.stream, self.last = stream, stream.queue[-1] if stream.queue else None
        self.log.append(("recorded", self, stream.late))

    def _reach(self):
        if self.last in (self.stream.queue if self.stream else ()):
            self.stream.run(self.stream.queue.index(self.last) + 1)

    def wait(self, stream):
        self._reach()
        self.log.append(("waits", self, stream.late))

    def synchronize(self):
        self._reach()
        self.log.append(("host waits", self, None))


class Late(device.Device):
    """Notes down what it launches and what it is waited for."""

    log: list

    def launch(self, one, grid, block, arguments, shared):
        self.log.append(("launched", one.name, False))
        super().launch(one, grid, block, arguments, shared)


@pytest.fixture
def log(monkeypatch):
    log, made, to_device = [], [], cuda.to_device

    def copied(array, stream):
        log.append(("copied", None, stream.late))
        there = to_device(np.full(array.shape, 0x55, np.uint8).astype(array.dtype))
        stream.add(lambda: there.copy_to_device(array))
        return there

    monkeypatch.setattr(cuda, "stream", lambda: Stream(log, made))
    monkeypatch.setattr(cuda, "event", lambda: Event(log))
    monkeypatch.setattr(cuda, "to_device", copied)
    monkeypatch.setattr(device, "backend", Late())
    device.backend.log = log
    return log


def data():
    rng = np.random.default_rng(4)
    return (rng.random((7, 4, 3)) < 0.7).astype(np.float32) * 90, rng.integers(0, 2, 7)


def trained(where, log=(), **options):
    """The weights after an epoch of four batches, the last of which is smaller."""
    def loss(*arguments, **options):
        if isinstance(log, list):
            log.append(("loss", None, None))
        return train.cross_entropy(*arguments, **options)

    model = build().to(where)
    if isinstance(log, list):
        log.clear()
    train.fit(model, *data(), epochs=1, batch_size=2, progress=False, loss=loss,
              optimiser=train.SGD(0.1), **options)
    return {name: eventsnn.to(w, "cpu") for name, w in model.weights.items()}


def close(found, expected):
    return all(np.allclose(w, expected[name], rtol=1e-5, atol=1e-6) for name, w in found.items())


def test_fit__on_a_device_that_copies_late_is_that_of_the_cpu(log):
    expected, first = trained("cpu"), build().weights

    assert close(trained("cuda", log), expected)
    assert not close({"0.input_weights": expected["0.input_weights"]}, first)
    assert [kind for kind, _, _ in log].count("loss") == N_BATCHES


def faults(log):
    """What is wrong with the order of a fit."""
    losses = [n for n, (kind, _, _) in enumerate(log) if kind == "loss"]
    copies = [n for n, (kind, _, late) in enumerate(log) if kind == "copied" and late]
    if len(copies) != len(losses):
        return ["not one copy a batch beside the kernels"]
    found = []
    for k, copy in enumerate(copies):
        done = next(n for n in range(copy, len(log)) if log[n][0] == "recorded" and log[n][2])
        waits = [n for n in range(done, len(log)) if log[n] == ("waits", log[done][1], False)]
        before = losses[k - 1] if k else 0
        launches = [n for n, (kind, _, _) in enumerate(log) if kind == "launched" and n > before]
        if k and copy > before:
            found.append("copied when the batch before is done")
        # the first kernels after the loss before are of backward and of the weights
        if not waits or waits[0] > losses[k] or not any(waits[0] < n < losses[k]
                                                        for n in launches):
            found.append("kernels do not wait for the copy")
        elif k and waits[0] < before:
            found.append("the batch before waits for the copy")
        if k and ("host waits", log[done][1], None) in log[done:before]:
            found.append("the host waits for the copy under way")
        begun = [n for n in range(copy) if log[n][0] == "waits" and log[n][2]]
        if len(begun) <= k or not any(log[n] == ("recorded", log[begun[k]][1], False)
                                      for n in range(losses[k - 2] if k > 1 else 0, begun[k])):
            found.append("the copy does not wait for the kernels before")
        if k and ("host waits", log[_recorded(log, copies[k - 1])][1], None) not in log[:copy]:
            found.append("memory is written that a copy may read")
    return found


def _recorded(log, copy):
    return next(n for n in range(copy, len(log)) if log[n][0] == "recorded" and log[n][2])


def test_fit__copies_a_batch_before_the_loss_of_the_one_before(log):
    trained("cuda", log)

    assert faults(log) == []


def wrong(monkeypatch, log, name):
    """Plant a fault."""
    begin = Copies.begin

    def begin_without(what):
        def begun(self):
            with monkeypatch.context() as within:
                within.setattr(Event, what, lambda *_: None)
                begin(self)
        return begun

    if name == "no wait for the copy":
        ahead = device.Device.ahead
        monkeypatch.setattr(device.Device, "ahead",
                            lambda self, move: (ahead(self, move)[0], lambda: None))
    elif name == "no wait for the pinned memory":
        monkeypatch.setattr(Copies, "begin", begin_without("synchronize"))
    elif name == "no wait for the kernels":
        monkeypatch.setattr(Copies, "begin", begin_without("wait"))
    else:
        monkeypatch.setattr(device.Device, "ahead", lambda self, move: (move(), lambda: None))


@pytest.mark.parametrize("name, told, seen", [
    ("no wait for the copy", "kernels do not wait for the copy", True),
    ("no wait for the pinned memory", "memory is written that a copy may read", True),
    ("no wait for the kernels", "the copy does not wait for the kernels before", False),
    ("no stream of its own", "not one copy a batch beside the kernels", False),
])
def test_fault__is_found(name, told, seen, log, monkeypatch):
    wrong(monkeypatch, log, name)

    other = not close(trained("cuda", log), trained("cpu"))

    assert told in faults(log)
    assert other == seen


def counted(n, error=None):
    for k in range(n):
        yield k, np.full((k + 1, 2), k, np.float32)
    if error is not None:
        raise error


@pytest.mark.parametrize("where", ["cpu", "cuda"])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_moved_ahead__gives_each_batch_once_in_order(n, where, log):
    found = [(k, eventsnn.to(x, "cpu")) for k, x in moved_ahead(counted(n), build().to(where))]

    assert [k for k, _ in found] == list(range(n))
    for k, x in found:
        assert_array_equal(x, np.full((k + 1, 2), k, np.float32))


@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_moved_ahead__an_error_comes_when_its_batch_would(where, log):
    found = []

    with pytest.raises(KeyError, match="planted"):
        for k, _ in moved_ahead(counted(3, KeyError("planted")), build().to(where)):
            found.append(k)

    assert found == [0, 1, 2]


def test_moved_ahead__moves_events_and_tuples(log):
    rasters = [np.random.default_rng(k).random((5, 2, 4 + 9 * k)) < 0.4 for k in range(3)]
    given = ((k, (to_events(raster), raster[0])) for k, raster in enumerate(rasters))

    for k, (events, first) in moved_ahead(given, build().to("cuda")):
        assert events.device == first.device == "cuda"
        assert_array_equal(to_raster(eventsnn.to(events, "cpu")), rasters[k])
        assert_array_equal(first.to("cpu"), rasters[k][0])


def test_fit__an_encoder_that_fails_has_the_steps_before_done(log):
    def encode(x):
        calls.append(x)
        if len(calls) == 3:
            raise KeyError("planted")
        return np.swapaxes(x, 0, 1)

    steps = []
    for where in "cpu", "cuda":
        calls, model = [], build().to(where)
        with pytest.raises(KeyError, match="planted"):
            train.fit(model, *data(), epochs=1, batch_size=2, progress=False, encode=encode,
                      optimiser=train.SGD(0.1))
        steps.append({name: eventsnn.to(w, "cpu") for name, w in model.weights.items()})

    assert close(steps[1], steps[0]) and not close(steps[0], build().weights)


def test_kernel_among_copies__is_refused(log):
    there = eventsnn.to(np.ones(3, np.float32), "cuda")

    with pytest.raises(AssertionError, match="not copied yet"):
        device.backend.ahead(lambda: there + 1)
    assert isinstance(there + 1, type(there))
    assert layers.Linear(3, 2, device="cuda")(there).shape == (2,)
