"""Handwritten digits: a convolutional network of spiking neurons, trained through time.

Digits are set upright; each pixel is a constant input current over 10 ms. 16 kernels of 5 x 5 drive
LIF neurons, whose spikes are counted over 2 x 2 of them and drive the same once more with 40
kernels; 10 leaky integrators read these out, and the largest potential over time is the answer. Run
``python -m eventsnn.examples.digits_conv``.
"""

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets.digits import N_CLASSES, load_digits, shift, upright
from eventsnn.examples.digits import DATA, SHIFT, TRAINING
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, LIF, Conv2d, Flatten, Linear, SequentialState, SumPool2d
from eventsnn.surrogates import SuperSpike

STEPS = 10  # of 1 ms
FIRST, SECOND, KERNEL = 16, 40, 5  # kernels, and their size
STRONG, ALPHA = 4.0, 10.0  # kernels, in units of the default ones; of the surrogate
BATCH, LEARNING_RATE = 50, 4e-3  # of Adam; falls to nothing along half a cosine
QUICK = {"epochs": 4, "images": 1000}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    threshold = SuperSpike(ALPHA)
    net = SequentialState(
        Conv2d(1, FIRST, KERNEL, seed=3 * seed), LIF(threshold=threshold), SumPool2d(2),  # 12 x 12
        Conv2d(FIRST, SECOND, KERNEL, seed=3 * seed + 1), LIF(threshold=threshold),
        SumPool2d(2), Flatten(2), Linear(SECOND * 4 * 4, N_CLASSES, seed=3 * seed + 2), LI())
    net[0].weight *= STRONG
    net[3].weight *= STRONG
    return net


def encode(images: np.ndarray) -> np.ndarray:
    """Images (B, 28, 28) uint8 to constant currents (T, B, 1, 28, 28) from 0 to 1."""
    current = upright(images)[:, None] / np.float32(255)
    return np.broadcast_to(current, (STEPS, *current.shape))


def main(epochs: int = 15, picture: str | None = "digits_conv.png", seed: int = 0,
         images: int = TRAINING, data: str = DATA, progress: bool | None = None
         ) -> dict[str, float]:
    """Train on so many images, print the accuracy on the last 1,000, and draw the first kernels."""
    x, y = load_digits(data)
    net = build(seed)
    history = train.fit(
        net, x[:images], y[:images], epochs=epochs, batch_size=BATCH, encode=encode, seed=seed,
        schedule=train.Cosine(LEARNING_RATE, steps=epochs * -(-images // BATCH)),
        augment=lambda x, rng: shift(x, rng, SHIFT), progress=progress)

    accuracy = train.accuracy(net, x[TRAINING:], y[TRAINING:], encode=encode)
    say("test accuracy", accuracy, history)
    if picture:
        plot.images(net[0].weight[:, 0], picture, columns=8, label="weight",
                    note=f"The {FIRST} kernels of the first layer.", overwrite=True)
    return {"accuracy": accuracy}


if __name__ == "__main__":
    command(main, QUICK)
