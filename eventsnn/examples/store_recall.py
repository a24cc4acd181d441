"""Store and recall: a bit kept for seconds by the thresholds of a few neurons.

Recurrent neurons, ten with fixed thresholds and thirty with thresholds that rise by each spike and
fall within 2 s, are shown twelve symbols of 200 ms; at each RECALL two leaky integrators say, by
the mean of their potentials over the symbol, which bit came with the last STORE. What is learnt is
which neurons a STORE tires. Run ``python -m eventsnn.examples.store_recall``;
`eventsnn.datasets.store_recall` tells what the symbols are. The seed is that of the data, too.

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 2018, arXiv 1803.09574: the task,
   solved by ten neurons of either kind. There the gradient of a threshold is followed, and so it
   is here (``stop_reset=False``); norse stops it.
"""

from typing import Any

import numpy as np

from eventsnn import plot, train
from eventsnn.datasets import StoreRecall, store_recall
from eventsnn.examples.learning import command, say
from eventsnn.layers import LI, Linear, LSNNRecurrent, SequentialState
from eventsnn.neurons import LIParameters, LSNNParameters
from eventsnn.surrogates import Triangle

SYMBOLS, SYMBOL, GROUPS, SIZE = 12, 200, ("bit 0", "bit 1", "STORE", "RECALL"), 10  # SYMBOL: steps
FIXED, ADAPTIVE = 10, 30  # neurons
BETA, TAU_ADAPT = 0.2, 2.0  # rise of a threshold of 1 at a spike; s
SLOW = {"tau_mem_inv": 1 / 20e-3, "tau_syn_inv": 1 / 5e-3}  # 1/s
STRONG, WEAK = 8.0, 0.5  # first input and recurrent weights, in units of the default ones
BATCH, LEARNING_RATE, NORM = 32, 2e-2, 1.0  # the rate falls to nothing along half a cosine
TESTING = 500  # items
QUICK = {"epochs": 1, "items": 96}


def build(seed: int = 0) -> SequentialState:
    """The network, with new weights."""
    p = LSNNParameters(**SLOW, tau_adapt_inv=1 / TAU_ADAPT,
                       beta=np.repeat([0.0, BETA], [FIXED, ADAPTIVE]))
    recurrent = LSNNRecurrent(len(GROUPS) * SIZE, FIXED + ADAPTIVE, p, Triangle(0.4),
                              stop_reset=False, seed=2 * seed)
    recurrent.input_weights *= STRONG
    recurrent.recurrent_weights *= WEAK
    return SequentialState(recurrent, Linear(FIXED + ADAPTIVE, 2, seed=2 * seed + 1),
                           LI(LIParameters(**SLOW)))


def loss(out: np.ndarray, targets: np.ndarray, readout: Any = None) -> tuple[float, np.ndarray]:
    """Cross-entropy at the recalls, and its gradient: out (T, B, 2), targets (B, SYMBOLS)."""
    item, symbol = np.nonzero(targets >= 0)
    value, scores_bar = train.cross_entropy(scores(out)[None, symbol, item], targets[item, symbol],
                                            readout="last")
    bar = np.zeros((SYMBOLS, *out.shape[1:]), out.dtype)
    bar[symbol, item] = scores_bar[0] / out.dtype.type(SYMBOL)
    return value, np.repeat(bar, SYMBOL, axis=0)


def scores(out: np.ndarray) -> np.ndarray:
    """Mean potentials (SYMBOLS, B, 2) within each symbol."""
    return out.reshape(SYMBOLS, SYMBOL, *out.shape[1:]).mean(1)


def error(net: SequentialState, data: StoreRecall) -> float:
    """Share of the recalls that are answered wrong."""
    out, _ = net(np.swapaxes(data.inputs, 0, 1))
    answers = scores(out).argmax(-1).T
    return float(np.mean((answers != data.targets)[data.targets >= 0]))


def main(epochs: int = 6, picture: str | None = "store_recall.png", seed: int = 0,
         items: int = 1024, progress: bool | None = None) -> dict[str, float]:
    """Train on so many items, print the share of wrong answers on others, and draw an item."""
    data, others = (store_recall(n, number, n_symbols=SYMBOLS, symbol=SYMBOL * 1e-3, size=SIZE)
                    for n, number in ((items, 2 * seed), (TESTING, 2 * seed + 1)))
    net = build(seed)
    history = train.fit(
        net, data.inputs, data.targets, epochs=epochs, batch_size=BATCH, loss=loss, seed=seed,
        optimiser=train.Clipped(train.Adam(), norm=NORM),
        schedule=train.Cosine(LEARNING_RATE, steps=epochs * -(-items // BATCH)), progress=progress)

    wrong = error(net, others)
    say("wrong answers", wrong, history)
    if picture:
        draw(net, others.inputs[np.argmax((others.targets >= 0).sum(1))], picture)
    return {"error": wrong}


def draw(net: SequentialState, spikes: np.ndarray, picture: str) -> None:
    """Draw the spikes of the inputs (T, n) and of the neurons for one item."""
    hidden = net[0](spikes[:, None])[0][:, 0]
    sizes = dict.fromkeys(GROUPS, SIZE) | {"fixed": FIXED, "adaptive": ADAPTIVE}
    parts = np.split(np.concatenate([spikes, hidden], axis=1), np.cumsum([*sizes.values()]), axis=1)
    rows = {}
    for (name, size), part in zip(sizes.items(), parts):
        steps, neurons = np.nonzero(part)
        rows[name] = (steps * 1e-3, neurons), size
    plot.raster(rows, picture, t_stop=SYMBOLS * SYMBOL * 1e-3, bin_size=SYMBOL / 4 * 1e-3,
                overwrite=True)


if __name__ == "__main__":
    command(main, QUICK)
