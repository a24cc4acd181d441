"""Digits pixel by pixel: what was seen hundreds of steps ago is kept by thresholds that rise.

784 pixels come one a millisecond, row after row, as spikes where the grey value crosses one of 20
thresholds. In the 56 ms after the last one, leaky integrators say by the mean of their potentials
which digit it was. Of 100 recurrent neurons, half have thresholds that rise by each spike and fall
within 0.7 s, and so outlast what membranes of 10 to 60 ms keep. Run ``python -m
eventsnn.examples.sequential_digits``; with ``--adaptive 0`` no threshold rises, which makes them
LIF neurons, to compare with.

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 2018, arXiv 1803.09574: the task for
   such neurons, 220 of them and 60,000 images. Here, too, the gradient of a threshold is followed
   (``stop_reset=False``).
"""

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets import threshold_crossings
from eventsnn.datasets.digits import N_CLASSES, SIDE, load_digits
from eventsnn.examples.digits import DATA, TRAINING
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, Linear, LSNNRecurrent, SequentialState
from eventsnn.neurons import LIParameters, LSNNParameters
from eventsnn.surrogates import Triangle

THRESHOLDS, CUE = 20, 56  # of the grey value; steps of 1 ms after the image
HIDDEN, ADAPTIVE = 100, 50  # neurons, and how many of them adapt
BETA, TAU_ADAPT = 0.2, 0.7  # rise of a threshold of 1 at a spike; s
TAU_MEM, TAU_OUT, TAU_SYN = (10e-3, 60e-3), 20e-3, 5e-3  # s; from the first to the second, evenly
STRONG = 11.0  # first input weights, in units of the default ones
MOST, PENALTY = 0.03, 30.0  # spikes a neuron and step that cost nothing; else rates run away
BATCH, LEARNING_RATE, NORM = 100, 2e-2, 1.0  # the rate falls to nothing along half a cosine
QUICK = {"epochs": 1, "images": 200}


class AtEnd:
    """Read-out: the mean potentials over the steps after the image."""

    def forward(self, out: np.ndarray) -> np.ndarray:
        """Scores (B, classes) of potentials (T, B, classes)."""
        return train.readout(out[-CUE:], "mean")

    def backward(self, out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
        """Gradient of the potentials for that of their scores."""
        out_bar = np.zeros_like(out)
        out_bar[-CUE:] = scores_bar / out.dtype.type(CUE)
        return out_bar


def build(seed: int = 0, adaptive: int = ADAPTIVE) -> SequentialState:
    """The network, with new weights; `adaptive` of its neurons have thresholds that rise."""
    tau_mem = np.tile(np.geomspace(*TAU_MEM, HIDDEN // 2), 2)
    p = LSNNParameters(tau_syn_inv=1 / TAU_SYN, tau_mem_inv=1 / tau_mem,
                       tau_adapt_inv=1 / TAU_ADAPT,
                       beta=np.repeat([0.0, BETA], [HIDDEN - adaptive, adaptive]))
    recurrent = LSNNRecurrent(2 * THRESHOLDS + 2, HIDDEN, p, Triangle(0.3), stop_reset=False,
                              seed=2 * seed)
    recurrent.input_weights *= STRONG
    return SequentialState(recurrent, Linear(HIDDEN, N_CLASSES, seed=2 * seed + 1),
                           LI(LIParameters(tau_mem_inv=1 / TAU_OUT, tau_syn_inv=1 / TAU_SYN)))


def encode(images: np.ndarray) -> np.ndarray:
    """Images (B, 28, 28) uint8 to spikes (T, B, inputs)."""
    return threshold_crossings(images, n_thresholds=THRESHOLDS, steps_per_pixel=1, cue_steps=CUE)


def main(epochs: int = 24, picture: str | None = "sequential_digits.png", seed: int = 0,
         images: int = TRAINING, adaptive: int = ADAPTIVE, data: str = DATA,
         progress: bool | None = None) -> dict[str, float]:
    """Train on so many images, print the accuracy on the last 1,000, and draw one of them."""
    x, y = load_digits(data)
    net = build(seed, adaptive)
    history = train.fit(
        net, x[:images], y[:images], epochs=epochs, batch_size=BATCH, encode=encode, seed=seed,
        readout=AtEnd(), penalties=[train.Rate(0, PENALTY, most=MOST)],
        optimiser=train.Clipped(train.Adam(), norm=NORM),
        schedule=train.Cosine(LEARNING_RATE, steps=epochs * -(-images // BATCH)),
        progress=progress)

    accuracy = train.accuracy(net, x[TRAINING:], y[TRAINING:], encode=encode, readout=AtEnd())
    say("test accuracy", accuracy, history)
    if picture:
        draw(net, x[TRAINING], adaptive, picture)
    return {"accuracy": accuracy}


def draw(net: SequentialState, image: np.ndarray, adaptive: int, picture: str) -> None:
    """Draw the spikes of the inputs, less the two of white and of the end, and of the neurons."""
    spikes = encode(image[None])
    hidden = net[0](spikes)[0]
    sizes = {"rising": THRESHOLDS, "falling": THRESHOLDS,
             "fixed": HIDDEN - adaptive, "adaptive": adaptive}
    shown = np.concatenate([spikes[:, 0, :2 * THRESHOLDS], hidden[:, 0]], axis=1)
    parts = np.split(shown, np.cumsum([*sizes.values()]), axis=1)
    rows = {}
    for (name, size), part in zip(sizes.items(), parts):
        if size:
            steps, neurons = np.nonzero(part)
            rows[name] = (steps * 1e-3, neurons), size
    plot.raster(rows, picture, t_stop=len(spikes) * 1e-3, bin_size=SIDE * 1e-3, overwrite=True)


if __name__ == "__main__":
    command(main, QUICK)
