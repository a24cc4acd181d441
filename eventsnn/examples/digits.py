"""Handwritten digits: a hidden layer of spiking neurons, trained through time.

Digits are set upright; each pixel is a constant input current over 10 ms; 800 LIF neurons spike, 10
leaky integrators read them out, and the largest potential over time is the answer. Run ``eventsnn
train digits`` for a model to keep, or ``python -m eventsnn.examples.digits`` for a picture of the
test images that the network finds hardest.
"""

from typing import Any

import numpy as np

from eventsnn import plot, train
from eventsnn.core import check
from eventsnn.datasets.digits import N_CLASSES, SIDE, load_digits, shift, upright
from eventsnn.errors import FormatError
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, LIF, Dropout, Linear, SequentialState
from eventsnn.surrogates import SuperSpike

STEPS, GAIN = 10, 2.0  # of 1 ms; current of a white pixel
HIDDEN, ALPHA, DROPPED = 800, 10.0, 0.2
BATCH, LEARNING_RATE = 100, 2e-3  # of Adam; falls to nothing along half a cosine
SHIFT = 2  # pixels, at most, by which a training image is moved
DATA, TRAINING = "data/mnist9k.h5", 8000  # the images after these are for testing
READOUT = "max"
KIND = "digits"
QUICK = {"epochs": 2, "images": 1000}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    return SequentialState(Linear(SIDE * SIDE, HIDDEN, seed=2 * seed),
                           LIF(threshold=SuperSpike(ALPHA)),
                           Dropout(DROPPED, seed, shared_steps=True),
                           Linear(HIDDEN, N_CLASSES, seed=2 * seed + 1), LI())


def encode(images: np.ndarray) -> np.ndarray:
    """Images (B, 28, 28) uint8 to constant currents (T, B, 784) from 0 to GAIN."""
    current = upright(images).reshape(len(images), -1) * np.float32(GAIN / 255)
    return np.broadcast_to(current, (STEPS, *current.shape))


def fit(images: np.ndarray, labels: np.ndarray, *, epochs: int = 40, seed: int = 0,
        progress: bool | None = None) -> tuple[SequentialState, list[train.Epoch]]:
    """A network trained on the images, which are shifted by up to two pixels at random."""
    net = build(seed)
    schedule = train.Cosine(LEARNING_RATE, steps=max(epochs * -(-len(images) // BATCH), 1))
    history = train.fit(net, images, labels, epochs=epochs, batch_size=BATCH, encode=encode,
                        seed=seed, schedule=schedule, readout=READOUT, progress=progress,
                        augment=lambda x, rng: shift(x, rng, SHIFT))
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


def main(epochs: int = 40, picture: str | None = "digits.png", seed: int = 0,
         images: int = TRAINING, data: str = DATA, progress: bool | None = None
         ) -> dict[str, float]:
    """Train on so many images, print the accuracy on the last 1,000, and draw the hardest."""
    x, y = load_digits(data)
    net, history = fit(x[:images], y[:images], epochs=epochs, seed=seed, progress=progress)
    x, y = x[TRAINING:], y[TRAINING:]
    scores = train.readout(net(encode(x))[0], READOUT)
    share = float(np.mean(scores.argmax(1) == y))
    say("test accuracy", share, history)
    if picture:
        draw_hardest(x, y, scores, picture)
    return {"accuracy": share}


def draw_hardest(images: np.ndarray, labels: np.ndarray, scores: np.ndarray, picture: str,
                 n: int = 32) -> None:
    """Draw the `n` images whose own score is least, compared with the best of the others."""
    others = scores.copy()
    np.put_along_axis(others, labels[:, None].astype(int), -np.inf, 1)
    margin = np.take_along_axis(scores, labels[:, None].astype(int), 1)[:, 0] - others.max(1)
    hardest, answers = np.argsort(margin)[:n], scores.argmax(1)
    titles = [f"{labels[k]}" if labels[k] == answers[k] else f"{labels[k]} as {answers[k]}"
              for k in hardest]
    note = (f"The {n} of {len(labels):,} test images with the least margin, least first; "
            f"{np.count_nonzero(answers != labels)} are taken for another digit.")
    plot.images(images[hardest], picture, titles=titles, note=note, overwrite=True)


if __name__ == "__main__":
    command(main, QUICK)
