"""Receptive fields by spike-timing-dependent plasticity: neurons that find digits by themselves.

An image is a volley of spikes, the brightest pixel first: a hundred within 18 ms, the others 7 ms
later, while a rhythm silences all. The neuron that spikes first inhibits the others; of its
synapses those that had spiked before grow, and those that spike after shrink. Thresholds that rise
by each spike let every neuron have its turn. Nothing tells the neurons which digit they see; only
at the end it is asked which one each prefers, and what share of its later spikes are for that one.
Run ``python -m eventsnn.examples.receptive_fields``.

References
----------
.. [1] Masquelier, Thorpe, PLoS Computational Biology 3, e31 (2007): volleys in order of rank, and
   inhibition by the first.
.. [2] Diehl, Cook, Frontiers in Computational Neuroscience 9, 99 (2015): moving thresholds.
"""

import time

import numpy as np

from eventsnn import plot
from eventsnn.datasets.digits import N_CLASSES, load_digits
from eventsnn.examples.digits import DATA
from eventsnn.examples.learning import command
from eventsnn.layers import AvgPool2d
from eventsnn.neurons import LSNNParameters
from eventsnn.plasticity import PairSTDP
from eventsnn.simulate import AllToAll, Network, Uniform

DT, PERIOD = 5e-4, 55e-3  # s; between images
SIDE, BORDER = 24, 2  # pixels; of what is shown, and of the paper around it, which is not
FIRST, VOLLEY = 100, 18e-3  # pixels in the volley, and its length, s
OTHERS = 25e-3, 35e-3  # s; when the other pixels spike
RHYTHM = np.arange(20e-3, 36e-3, 2e-3)  # s; the spikes that silence all, of every image
NEURONS, STRONGEST, INHIBITION = 64, 0.2, 40.0  # jumps of the current, in units of potential
NEURON = LSNNParameters(tau_mem_inv=1 / 5e-3, tau_syn_inv=1 / 2.5e-3, v_th=0.4, beta=0.3,
                        tau_adapt_inv=1 / 10.0)
RULE = PairSTDP(eta_plus=0.1, eta_minus=0.1, w_max=STRONGEST, mu_plus=1.0, mu_minus=1.0,
                nearest=True)
QUICK = {"images": 100}


def volleys(images: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Times, s, and pixels of the spikes that images (n, 28, 28) make, a little blurred."""
    draw = np.random.default_rng(seed)
    brightness = AvgPool2d(3, stride=1)(images[:, BORDER - 1:-BORDER + 1, BORDER - 1:-BORDER + 1])
    brightness = brightness.reshape(len(images), -1)
    brightness += draw.random(brightness.shape)  # equal ones in random order
    rank = np.argsort(np.argsort(-brightness, axis=1), axis=1)
    times = np.where(rank < FIRST, rank * VOLLEY / FIRST, draw.uniform(*OTHERS, rank.shape))
    times += PERIOD * np.arange(len(images))[:, None]
    return times.reshape(-1), np.tile(np.arange(rank.shape[1]), len(images))


def main(images: int = 2000, picture: str | None = "receptive_fields.png", seed: int = 0,
         data: str = DATA) -> dict[str, float]:
    """Show so many images, print how selective the neurons became, and draw their weights."""
    x, labels = load_digits(data)
    x, labels = x[:images], labels[:images]
    net = Network(dt=DT, seed=seed)
    pixels = net.source("pixels", SIDE * SIDE, *volleys(x, seed))
    beats = np.add.outer(PERIOD * np.arange(images), RHYTHM).reshape(-1)
    rhythm = net.source("rhythm", 1, beats, np.zeros(beats.size, int))
    neurons = net.population("neurons", NEURONS, NEURON)
    learning = net.connect(pixels, neurons, AllToAll(), delay=DT, weight=Uniform(0.0, STRONGEST),
                           plasticity=RULE)
    net.connect(neurons, neurons, AllToAll(), delay=DT, weight=-INHIBITION)
    net.connect(rhythm, neurons, AllToAll(), delay=DT, weight=-INHIBITION)
    spikes = net.record(neurons, "spikes")
    began = time.perf_counter()
    net.run(images * PERIOD)

    shown = np.minimum((spikes.times / PERIOD).astype(int), images - 1)
    preferred, share = selectivity(spikes.ids, labels[shown], shown, images)
    print(f"selectivity: {100 * share:.2f} % after {images} images, "
          f"{time.perf_counter() - began:.0f} s")
    if picture:
        order = np.argsort(preferred, kind="stable")
        fields = learning.to_scipy().toarray().T.reshape(NEURONS, SIDE, SIDE)
        plot.images(fields[order], picture, columns=16, label="weight",
                    titles=[str(digit) for digit in preferred[order]], overwrite=True,
                    note=f"Weights of {NEURONS} neurons, and the digit that each prefers.")
    return {"selectivity": share}


def selectivity(ids: np.ndarray, digits: np.ndarray, shown: np.ndarray, images: int
                ) -> tuple[np.ndarray, float]:
    """The digit that each neuron spikes for most in the third quarter of the images, and the share
    of the spikes in the last quarter that are for the digit of their neuron."""
    third = (shown >= images // 2) & (shown < 3 * images // 4)
    counts = np.zeros((NEURONS, N_CLASSES), int)
    np.add.at(counts, (ids[third], digits[third]), 1)
    preferred = counts.argmax(1)
    last = shown >= 3 * images // 4
    return preferred, float(np.mean(preferred[ids[last]] == digits[last]))


if __name__ == "__main__":
    command(main, QUICK)
