"""Steps of training by eventsnn: ``python eventsnn_training.py CASE THREADS``."""

import math
import sys

import numpy as np
from training_cases import make
from training_clock import measure

from eventsnn import layers, train
from eventsnn.train.step import Objective, run, workers

BUDGET = 2_000_000  # bytes that a shard may keep, times the root of the number of steps


def network(name, w, n_steps):
    def lin(weight):
        return layers.Linear(*weight.shape[::-1], False, weight=weight)

    def conv(weight):
        return layers.Conv2d(weight.shape[1], weight.shape[0], 5, bias=False, weight=weight)

    if name.startswith("recurrent"):
        return layers.Checkpointed(layers.SequentialState(
            layers.LIFRecurrent(700, 256, input_weights=w["input"],
                                recurrent_weights=w["recurrent"]), lin(w["output"]), layers.LI()),
            memory_budget=BUDGET * math.isqrt(n_steps))
    if name.startswith("dense"):
        return layers.SequentialState(lin(w["input"]), layers.LIF(), lin(w["output"]), layers.LI())
    if name == "conv":
        return layers.SequentialState(
            conv(w["first"]), layers.LIF(), layers.MaxPool2d(2), conv(w["second"]), layers.LIF(),
            layers.MaxPool2d(2), layers.Flatten(2), lin(w["output"]), layers.LI())
    return layers.SequentialState(lin(w["input"]), layers.LIF())


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    case, n_steps = make(name)
    net, adam = network(name, case.weights, n_steps), train.Adam(1e-3)
    state, y = adam.init(net.weights), case.y.astype(np.int64)
    readout = "sum" if name.startswith("linear") else "max"
    with workers(threads) as pool:
        def step():
            found = run(Objective(net, train.cross_entropy, readout), case.x, y, pool)
            adam.update(net.weights, found.gradients, state)
            return found.loss / len(y)

        small = Objective(net, train.cross_entropy, readout)
        run(small, case.x[:2, :2], y[:2], None)  # compiles
        measure(step)


if __name__ == "__main__":
    main()
