"""How far steps of training are from what the machine allows.

For each case of `bench_training.py`: the operations that its products need (an event of an input
takes a multiply-add for each output that it reaches, forward and for the gradient of the weights;
gradients of spikes are dense), the bytes of the arrays that must pass through memory at least once
in each direction, what BLAS and a copy reach on this machine, and the share of the measured time
that these explain together.

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
from eventsnn.spikes import density
from eventsnn.train.step import Objective, run

sys.path.insert(0, str(PEERS))  # scripts of their own, with their own imports
from eventsnn_training import network  # noqa: E402
from training_cases import CASES, make  # noqa: E402

# Bytes of float32 a neuron and step: forward writes input, output and two states; backward reads
# input and states, and writes and reads the gradients of output and input.
NEURON = 4 * (4 + 3 + 4)


class Need(NamedTuple):
    """What a step needs."""

    multiply_adds: float
    bytes: float


def need(net, x, first=True):
    """What forward and backward of a chain need on an input."""
    total, wanted = Need(0, 0 if x.strides[0] == 0 else x.nbytes), not first
    for layer in net.layers:
        result = layer(x)
        out = result[0] if isinstance(result, tuple) else result
        total = Need(*map(sum, zip(total, _of_layer(layer, x, out, wanted), strict=True)))
        x, wanted = out, True
    return total


def _of_layer(layer, x, out, wanted):
    rows = x[:1].size // x.shape[-1] if x.strides[0] == 0 else x.size // x.shape[-1]
    share = density(x)
    share = share if share < 0.12 else 1.0
    if isinstance(layer, layers.RecurrentSequence):
        n = layer.hidden_size
        fed = density(out) if density(out) < 0.12 else 1.0
        return Need(rows * n * ((2 * share + wanted) * layer.input_size + (2 * fed + 1) * n),
                    NEURON * out.size)
    if isinstance(layer, layers.Linear):
        return Need(rows * layer.weight.size * (2 * share + wanted), 0)
    if isinstance(layer, layers.Conv2d):
        places = np.prod(out.shape[:-3]) * np.prod(out.shape[-2:])
        return Need(places * layer.weight.size * (2 * share + wanted), 0)
    if isinstance(layer, layers.Sequence):
        return Need(0, NEURON * out.size)
    return Need(0, 2 * out.nbytes)


def blas():
    """Multiply-adds a second of a product of matrices in the cache."""
    a = np.random.default_rng(0).random((1024, 1024), np.float32)
    return a.size * 1024 / _median(lambda: a @ a, 9)


def copy():
    """Bytes a second that a copy reads and writes."""
    a = np.ones(1 << 25, np.float32)
    b = np.empty_like(a)
    return 2 * a.nbytes / _median(lambda: np.copyto(b, a), 9)


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

        step()
        one = max(_median(step, 1), 1e-3)
        seconds = _median(step, max(3, int(o.seconds / one)))
        plain = net.layer if isinstance(net, layers.Checkpointed) else net
        need_ = need(plain, case.x)
        weights = 7 * sum(w.nbytes for w in net.weights.values())  # Adam: 4 in, 3 out
        rate, bandwidth = blas(), copy()
        products, passes = need_.multiply_adds / rate, (need_.bytes + weights) / bandwidth
        row(name, ms=round(1e3 * seconds, 1), multiply_adds=f"{need_.multiply_adds:.3g}",
            megabytes=round((need_.bytes + weights) / 1e6, 1),
            blas_gflops=round(2 * rate / 1e9, 1), copy_gb_s=round(bandwidth / 1e9, 1),
            limit_ms=round(1e3 * (products + passes), 1),
            share=round((products + passes) / seconds, 2))


if __name__ == "__main__":
    main()
