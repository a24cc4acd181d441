"""How long work takes on a CUDA device, beside the time that an H100's memory or arithmetic allows.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn import layers, train
from eventsnn.core.device import empty, to, zeros
from eventsnn.networks import brunel

BANDWIDTH, FLOPS = 3e12, 6e13  # of an H100: bytes/s; multiplications and additions in float32, 1/s
REPEATS = 5


class Time(NamedTuple):
    """Median time of a piece of work, without compiling."""

    name: str
    ms: float
    limit_ms: float  # nan where none is known


def measured(scale: float = 1.0) -> Iterator[Time]:
    """Time some works, `scale` times as large."""
    steps = 100
    n = max(32, int(2**20 * scale))
    x = zeros((steps, 1, n), np.float32, to(np.zeros(1, np.float32), "cuda"))
    lif = layers.LIF(device="cuda")
    yield _timed(f"LIF, {n:,} neurons, {steps} steps", lambda: lif(x)[0], 8 * x.size)

    def learn() -> Any:
        tape = layers.Tape()
        out, _ = lif(x, tape=tape)
        return lif.backward(out, tape).x

    yield _timed("the same with a tape, and backward", learn, 36 * x.size)
    batch = max(2, int(256 * scale))
    net = layers.SequentialState(layers.LIFRecurrent(700, 256, seed=1), layers.Linear(256, 20),
                                 layers.LI()).to("cuda")
    rng = np.random.default_rng(0)
    spikes = to((rng.random((steps, batch, 700)) < 0.02).astype(np.float32), "cuda")
    adam, labels = train.Adam(), rng.integers(0, 20, batch)
    state = adam.init(net.weights)

    def step() -> Any:
        tape = layers.Tape(input_gradient=False)
        out, _ = net(spikes, tape=tape)
        _, bar = train.cross_entropy(to(out, "cpu"), labels)
        adam.update(net.weights, net.backward(to(bar, "cuda"), tape).weights, state)
        return net.weights["1.bias"]

    yield _timed(f"step of training, 700-256-20, batch {batch}", step,
                 4 * (2 * spikes.size + 8 * 256 * steps * batch))
    side = max(8, int(4096 * scale))
    a = empty((side, side), np.float32)
    yield _timed(f"product of matrices, {side} x {side}", lambda: a @ a, 12 * side**2,
                 2 * side**3)
    w = {"w": zeros(n, np.float32, a)}
    moments = adam.init(w)

    def update() -> Any:
        adam.update(w, w, moments)
        return w["w"]

    yield _timed(f"Adam, {n:,} weights", update, 28 * n)
    network = brunel(max(100, int(12500 * scale)), seed=1, device="cuda")

    def run() -> Any:
        network.run(0.1 * min(1.0, 10 * scale), progress=False)
        return w["w"]

    yield _timed(f"network of {max(100, int(12500 * scale)):,} neurons, 0.1 s", run)


def _timed(name: str, work: Callable[[], Any], n_bytes: float = 0, n_flops: float = 0) -> Time:
    seconds = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        to(work().reshape(-1)[:1], "cpu")  # waits for the device
        seconds.append(time.perf_counter() - began)
    limit = 1e3 * max(n_bytes / BANDWIDTH, n_flops / FLOPS)
    return Time(name, 1e3 * statistics.median(seconds[1:]), limit or float("nan"))
