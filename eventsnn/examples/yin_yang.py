"""Yin-Yang: points of the plane told apart by a hidden layer of spiking neurons.

The four numbers of a point, ``x, y, 1 - x, 1 - y``, are constant currents over 30 ms; 150 LIF
neurons spike, three leaky integrators read them out, and the largest potential over time is the
answer. Run ``python -m eventsnn.examples.yin_yang``; `eventsnn.datasets.yin_yang` tells what the
points are. The sets are the published ones; the seed is that of the weights and of the order.
"""

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets import yin_yang
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, LIF, Linear, SequentialState
from eventsnn.surrogates import SuperSpike

STEPS = 30  # of 1 ms
GAIN = 3.0  # of the currents
HIDDEN, ALPHA = 150, 10.0
BATCH, LEARNING_RATE = 50, 5e-3  # of Adam; falls to nothing along half a cosine
TRAINING, TESTING = (5000, 42), (1000, 40)  # number of points and seed, as published
NAMES = "yin", "yang", "dot"
QUICK = {"epochs": 3, "points": 2000}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    return SequentialState(Linear(4, HIDDEN, seed=2 * seed), LIF(threshold=SuperSpike(ALPHA)),
                           Linear(HIDDEN, 3, seed=2 * seed + 1), LI())


def encode(points: np.ndarray) -> np.ndarray:
    """Points (B, 4) to constant currents (T, B, 4)."""
    current = np.float32(GAIN) * points.astype(np.float32)
    return np.broadcast_to(current, (STEPS, *current.shape))


def main(epochs: int = 40, picture: str | None = "yin_yang.png", seed: int = 0,
         points: int = TRAINING[0], progress: bool | None = None) -> dict[str, float]:
    """Train on so many points, print the accuracy, and draw the answers to `picture`."""
    inputs, labels = yin_yang(points, TRAINING[1])
    net = build(seed)
    history = train.fit(
        net, inputs, labels, epochs=epochs, batch_size=BATCH, encode=encode, seed=seed,
        schedule=train.Cosine(LEARNING_RATE, steps=epochs * -(-points // BATCH)),
        progress=progress)

    inputs, labels = yin_yang(*TESTING)
    answers = train.readout(net(encode(inputs))[0], "max").argmax(-1)
    accuracy = float(np.mean(answers == labels))
    say("test accuracy", accuracy, history)
    if picture:
        plot.classes(inputs[:, :2], labels, answers, picture, names=NAMES, overwrite=True)
    return {"accuracy": accuracy}


if __name__ == "__main__":
    command(main, QUICK)
