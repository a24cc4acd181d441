"""Randman: two smooth random manifolds of spike times told apart by a hidden layer.

Each of 100 inputs spikes once within 100 ms, so rates say nothing: all that tells the classes apart
is when. 100 LIF neurons, two leaky integrators, the largest potential over time. Run ``python -m
eventsnn.examples.randman``; `eventsnn.datasets.randman` tells what the manifolds are. The seed is
that of the manifolds, too.
"""

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets import bin_times, randman
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, LIF, Linear, SequentialState
from eventsnn.neurons import LIFParameters, LIParameters
from eventsnn.surrogates import SuperSpike

UNITS, CLASSES, HIDDEN, ALPHA = 100, 2, 100, 10.0
DURATION = 0.1  # s
SLOW = {"tau_mem_inv": 1 / 20e-3, "tau_syn_inv": 1 / 10e-3}  # 1/s
STRONG = 3.0  # first weights, in units of the default ones: an input brings one spike alone
BATCH, LEARNING_RATE = 100, 2e-3  # of Adam; falls to nothing along half a cosine
TRAINING = 0.8  # of the samples; the others are for testing
QUICK = {"epochs": 8, "samples": 500}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    net = SequentialState(
        Linear(UNITS, HIDDEN, seed=2 * seed),
        LIF(LIFParameters(**SLOW), threshold=SuperSpike(ALPHA)),
        Linear(HIDDEN, CLASSES, seed=2 * seed + 1), LI(LIParameters(**SLOW)))
    net[0].weight *= STRONG
    return net


def encode(times: np.ndarray) -> np.ndarray:
    """Times (B, UNITS), s, to spikes (T, B, UNITS)."""
    return bin_times(times, dt=1e-3, duration=DURATION)


def main(epochs: int = 20, picture: str | None = "randman.png", seed: int = 0, samples: int = 1000,
         progress: bool | None = None) -> dict[str, float]:
    """Train on four fifths of so many samples a class, print the accuracy on the others, and draw
    a sample of either class with the hidden neurons' spikes to `picture`."""
    times, labels = randman(samples, seed, n_classes=CLASSES, n_units=UNITS, duration=DURATION)
    n = round(TRAINING * len(times))
    net = build(seed)
    history = train.fit(
        net, times[:n], labels[:n], epochs=epochs, batch_size=BATCH, encode=encode, seed=seed,
        schedule=train.Cosine(LEARNING_RATE, steps=epochs * -(-n // BATCH)), progress=progress)

    accuracy = train.accuracy(net, times[n:], labels[n:], encode=encode)
    say("test accuracy", accuracy, history)
    if picture:
        first = n + np.array([np.argmax(labels[n:] == k) for k in range(CLASSES)])
        inputs = encode(times[first])
        hidden = net[:2](inputs)[0]
        rows = {f"{name} {k}": (events(spikes[:, k]), spikes.shape[-1])
                for k in range(CLASSES)
                for name, spikes in (("input", inputs), ("hidden", hidden))}
        plot.raster(rows, picture, t_stop=DURATION, bin_size=5e-3, overwrite=True)
    return {"accuracy": accuracy}


def events(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spikes (T, n) as times, s, and neurons."""
    steps, neurons = np.nonzero(spikes)
    return steps * 1e-3, neurons


if __name__ == "__main__":
    command(main, QUICK)
