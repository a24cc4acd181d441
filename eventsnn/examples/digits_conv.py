"""Handwritten digits: a convolutional network of spiking neurons, trained through time.

Digits are set upright; each pixel is a constant input current over 12 ms. 16 kernels of 5 x 5, 2
pixels apart, drive LIF neurons, whose spikes are counted over 2 x 2 of them and drive 400 more; 10
leaky integrators read these out, and the largest potential over time is the answer. Run ``python -m
eventsnn.examples.digits_conv``.
"""

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets.digits import N_CLASSES, load_digits, shift, upright
from eventsnn.examples.digits import DATA, SHIFT, TRAINING
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, LIF, Conv2d, Flatten, Linear, SequentialState, SumPool2d
from eventsnn.surrogates import SuperSpike

STEPS = 12  # of 1 ms
KERNELS, KERNEL, HIDDEN = 16, 5, 400
STRONG, ALPHA = 2.0, 10.0  # first kernels, in units of the default ones; of the surrogate
BATCH, LEARNING_RATE = 100, 3e-3  # of Adam; falls to nothing along half a cosine
QUICK = {"epochs": 4, "images": 1000}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    threshold = SuperSpike(ALPHA)
    net = SequentialState(
        Conv2d(1, KERNELS, KERNEL, stride=2, seed=3 * seed), LIF(threshold=threshold),  # 12 x 12
        SumPool2d(2), Flatten(2), Linear(KERNELS * 6 * 6, HIDDEN, seed=3 * seed + 1),
        LIF(threshold=threshold), Linear(HIDDEN, N_CLASSES, seed=3 * seed + 2), LI())
    net[0].weight *= STRONG
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
                    note=f"The {KERNELS} kernels of the first layer.", overwrite=True)
    return {"accuracy": accuracy}


if __name__ == "__main__":
    command(main, QUICK)
