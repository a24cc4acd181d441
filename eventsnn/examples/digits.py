"""Handwritten digits: a hidden layer of spiking neurons, trained through time.

Each pixel is a constant input current over 20 ms; 512 LIF neurons spike, 10 leaky integrators read
them out, and the largest potential over time is the answer. Run ``eventsnn train digits``.
"""

from typing import Any

import numpy as np

from eventsnn import train
from eventsnn.core import check
from eventsnn.datasets.digits import N_CLASSES, SIDE, load_digits, shift
from eventsnn.errors import FormatError
from eventsnn.layers import LI, LIF, Linear, SequentialState
from eventsnn.surrogates import SuperSpike

STEPS = 20  # of 1 ms
HIDDEN, ALPHA = 512, 10.0
LEARNING_RATE = 2e-3  # of Adam; a fifth of it in the last fifth of the epochs
LAST = 5
TRAINING = 8000  # the images of data/mnist9k.h5 after these are for testing
READOUT = "max"
KIND = "digits"


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    return SequentialState(Linear(SIDE * SIDE, HIDDEN, seed=2 * seed),
                           LIF(threshold=SuperSpike(ALPHA)),
                           Linear(HIDDEN, N_CLASSES, seed=2 * seed + 1), LI())


def encode(images: np.ndarray) -> np.ndarray:
    """Images (B, 28, 28) uint8 to constant currents (T, B, 784) from 0 to 1."""
    current = images.reshape(len(images), -1) / np.float32(255)
    return np.broadcast_to(current, (STEPS, *current.shape))


def fit(images: np.ndarray, labels: np.ndarray, *, epochs: int = 20, seed: int = 0,
        progress: bool | None = None) -> tuple[SequentialState, list[train.Epoch]]:
    """A network trained on the images, which are shifted by up to a pixel at random."""
    net = build(seed)
    state = train.Adam().init(net.weights)
    history: list[train.Epoch] = []
    last = epochs // LAST
    for n, rate in ((epochs - last, LEARNING_RATE), (last, LEARNING_RATE / LAST)):
        history += train.fit(net, images, labels, epochs=n, first_epoch=len(history),
                             batch_size=100, encode=encode, seed=seed, optimiser=train.Adam(rate),
                             optimiser_state=state, readout=READOUT, progress=progress,
                             augment=lambda x, rng: shift(x, rng, most=1))
    return net, history


def accuracy(net: SequentialState, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images that the network names right."""
    return train.accuracy(net, images, labels, encode=encode, readout=READOUT)


def save(path: Any, net: SequentialState, *, seed: int, overwrite: bool = False) -> None:
    """Write the trained network."""
    train.save(path, net.weights, attributes={"kind": KIND, "seed": seed}, overwrite=overwrite)


def load(path: Any) -> SequentialState:
    """The network of a file that `save` wrote."""
    saved = train.load(path)
    if saved.attributes.get("kind") != KIND:
        raise check.must(str(path), f"hold a model of kind {KIND!r}",
                         repr(saved.attributes.get("kind")), error=FormatError)
    net = build()
    try:
        train.restore(net, saved.weights)
    except (ValueError, TypeError) as error:
        raise check.must(str(path), "hold the weights of this model", error,
                         error=FormatError) from error
    return net


if __name__ == "__main__":
    images, labels = load_digits("data/mnist9k.h5")
    net, _ = fit(images[:TRAINING], labels[:TRAINING])
    print(f"test accuracy: {accuracy(net, images[TRAINING:], labels[TRAINING:]):.3f}")
