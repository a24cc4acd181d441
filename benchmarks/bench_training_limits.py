"""How far steps of training are from what the machine allows.

For each case of `bench_training.py`: the multiply-adds of its dense products; the bytes of the
arrays that must pass through memory at least once in each direction; for products with events the
weights or gradients, one for each event and output that it reaches, that must be read, forward and
for the gradient of the weights. What BLAS reaches, what a copy reaches in memory, and one whose two
arrays are together as large as the weights; and the share of the measured time that these explain
together. The operations of the neurons are not in it.

    python benchmarks/bench_training_limits.py [--only CASE] [--seconds 4]
"""

import argparse
import statistics
import sys
import time
from typing import NamedTuple

import numpy as np
from bench_networks import PEERS
from harness import row

from eventsnn import layers, train
from eventsnn.layers import arriving
from eventsnn.spikes import density
from eventsnn.train.step import Objective, run, workers

sys.path.insert(0, str(PEERS))  # scripts of their own, with their own imports
from eventsnn_training import network  # noqa: E402
from training_cases import CASES, make  # noqa: E402

# Bytes of float32 a neuron and step: forward writes input, output and two states; backward reads
# input and states, and writes and reads the gradients of output and input.
NEURON = 4 * (4 + 3 + 4)
HELD = NEURON - 4 * 4  # without input and its gradient: one step of them stays in the cache


class Need(NamedTuple):
    """What a step needs."""

    multiply_adds: float  # of dense products
    bytes: float  # through memory
    fetched: tuple = ()  # pairs of bytes for events, and of the array that they lie in

    def __add__(self, other):
        return Need(*(a + b for a, b in zip(self, other, strict=True)))


def need(net, x):
    """What forward and backward of a chain need on an input, whose gradient nobody wants."""
    total, wanted = Need(0, 0 if x.strides[0] == 0 else x.nbytes), False
    for layer in net.layers:
        result = layer(x)
        out = result[0] if isinstance(result, tuple) else result
        total += _of_layer(layer, x, out, wanted)
        x, wanted = out, True
    return total


def _of_layer(layer, x, out, wanted):
    rows = x[:1].size // x.shape[-1] if x.strides[0] == 0 else x.size // x.shape[-1]
    if isinstance(layer, layers.RecurrentSequence):
        n = layer.hidden_size
        return (_product(rows * layer.input_size * n, x, wanted, 4 * layer.input_size * n)
                + _product(rows * n * n, out, True, 4 * n * n) + Need(0, NEURON * out.size))
    if isinstance(layer, layers.Linear):
        return _product(rows * layer.weight.size, x, wanted, layer.weight.nbytes)
    if isinstance(layer, layers.Conv2d):
        places = np.prod(out.shape[:-3]) * np.prod(out.shape[-2:])
        return _product(places * layer.weight.size, x, wanted, layer.weight.nbytes,
                        arriving.IMAGES_DENSE_FROM)
    if isinstance(layer, layers.Sequence):
        return Need(0, (HELD if x.strides[0] == 0 else NEURON) * out.size)
    if isinstance(layer, layers.Flatten):
        return Need(0, 0)
    return Need(0, x.nbytes + 2 * out.nbytes)  # of a pooling; its input's gradient is in `NEURON`


def _product(multiply_adds, x, wanted, nbytes, dense_from=arriving.DENSE_FROM):
    """Forward, gradient of the weights and, if `wanted`, of the input."""
    share = density(x)
    if share >= dense_from:
        return Need(multiply_adds * (2 + wanted), 0)
    return Need(multiply_adds * wanted, 0, ((2 * 4 * share * multiply_adds, nbytes),))


def blas():
    """Multiply-adds a second of a product of matrices in the cache."""
    a = np.random.default_rng(0).random((1024, 1024), np.float32)
    return a.size * 1024 / _median(lambda: a @ a, 9)


def copy(nbytes=1 << 28):
    """Bytes a second that a copy reads and writes, whose arrays have so many bytes together."""
    a = np.ones(max(int(nbytes) // 8, 1024), np.float32)
    b, times = np.empty_like(a), max(1, (1 << 24) // a.nbytes)

    def copies():
        for _ in range(times):
            np.copyto(b, a)

    return times * 2 * a.nbytes / _median(copies, 9)


def _median(function, times):
    function()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=tuple(CASES))
    parser.add_argument("--seconds", type=float, default=4.0, help="of measurement, each case")
    o = parser.parse_args()
    for name in [o.only] if o.only else CASES:
        case, n_steps = make(name)
        net = network(name, case.weights, n_steps)
        adam, y = train.Adam(1e-3), case.y.astype(np.int64)
        state = adam.init(net.weights)
        objective = Objective(net, train.cross_entropy, "sum" if name[:3] == "lin" else "max")

        def step():
            adam.update(net.weights, run(objective, case.x, y, None).gradients, state)

        with workers(1):  # memory is kept from step to step, as in training
            step()
            one = max(_median(step, 1), 1e-3)
            seconds = _median(step, max(3, int(o.seconds / one)))
        plain = net.layer if isinstance(net, layers.Checkpointed) else net
        need_ = need(plain, case.x)
        weights = 7 * sum(w.nbytes for w in net.weights.values())  # Adam: 4 in, 3 out
        rate, bandwidth = blas(), copy()
        least = (need_.multiply_adds / rate + (need_.bytes + weights) / bandwidth
                 + sum(read / copy(size) for read, size in need_.fetched))
        row(name, ms=round(1e3 * seconds, 1), multiply_adds=f"{need_.multiply_adds:.3g}",
            megabytes=round((need_.bytes + weights) / 1e6, 1),
            fetched_mb=round(sum(read for read, _ in need_.fetched) / 1e6, 1),
            blas_gflops=round(2 * rate / 1e9, 1), copy_gb_s=round(bandwidth / 1e9, 1),
            cached_gb_s="/".join(f"{copy(size) / 1e9:.0f}" for _, size in need_.fetched),
            limit_ms=round(1e3 * least, 1), share=round(least / seconds, 2))


if __name__ == "__main__":
    main()
