"""The same work on the CPU and on a CUDA device, and by how much the results differ.

A device multiplies and adds with one rounding where the CPU takes two. So numbers differ in the
last bits, and a neuron that comes within them of its threshold may spike on one side alone: such
neurons are counted, and what they do is not compared.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn import layers, train
from eventsnn.core.device import to
from eventsnn.core.dispatch import MODELS
from eventsnn.encode import PoissonEncoder
from eventsnn.layers import channels
from eventsnn.networks import brunel
from eventsnn.neurons import LIFParameters
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
from eventsnn.simulate import FixedInDegree, FixedOutDegree, Network, Uniform
from eventsnn.surrogates import SURROGATES, SuperSpike

ALLOWED = 1e-4  # of the largest number: rounding, after some steps
MOST_FLIPPED = 0.02  # share of neurons that may spike otherwise
SIZES = 20, 4, 32  # steps, items, neurons


class Parity(NamedTuple):
    """What a comparison came to."""

    name: str
    difference: float  # largest, by the largest number of its array
    allowed: float
    flipped: float  # share of neurons, of all items, that spike otherwise
    agrees: bool
    worst: str  # of the arrays


def compared(only: str = "", sizes: tuple[int, int, int] = SIZES) -> Iterator[Parity]:
    """Compare all that runs on a device, one after the other."""
    for name, work in _cases(*sizes):
        if only in name:
            yield _parity(name, work("cpu"), work("cuda"))


def _parity(name: str, here: dict[str, np.ndarray], there: dict[str, np.ndarray]) -> Parity:
    out, other = here["out"], there["out"]
    same = (out == other).all(axis=0) if _is_spikes(out) else np.ones(out.shape[1:], bool)
    worst, most = "none", 0.0
    for array, a in here.items():
        b = there[array]
        if same.size and a.shape[a.ndim - same.ndim:] == same.shape:
            a, b = a[..., same], b[..., same]
        elif not same.all():
            continue  # a sum over neurons, some of which did something else
        scale = float(np.abs(a).max(initial=0.0)) or 1.0
        difference = float(np.abs(a - b).max(initial=0.0)) / scale
        if not difference <= most:
            worst, most = array, difference
    flipped = 1 - float(same.mean()) if same.size else 0.0
    return Parity(name, most, ALLOWED, flipped, most <= ALLOWED and flipped <= MOST_FLIPPED, worst)


def _is_spikes(out: np.ndarray) -> bool:
    return out.ndim > 1 and bool(np.isin(out, (0, 1)).all())


def _cases(n_steps: int, n_items: int, n: int
           ) -> Iterator[tuple[str, Callable[[str], dict[str, np.ndarray]]]]:
    rng = np.random.default_rng(0)
    currents = rng.uniform(0, 1.5, (n_steps, n_items, n)).astype(np.float32)
    for cls, model in MODELS.items():
        x = currents if model.inputs is None else model.inputs(*(
            [currents / (k + 1) for k in range(len(model.inputs._fields))]))  # type: ignore
        name = cls.__name__.removesuffix("Parameters")
        yield f"{name}, forward and backward", _layer(lambda cls=cls: _neurons(cls, n), x)
        if model.inputs is None or channels.has_two(model):
            yield f"{name}, recurrent", _layer(
                lambda cls=cls: _neurons(cls, n, recurrent=True), 3 * currents)
    for threshold in SURROGATES:
        yield f"LIF with {threshold.__name__}", _layer(
            lambda threshold=threshold: layers.LIF(threshold=threshold()), currents)
    images = (rng.random((n_steps, n_items, 2, 12, 12)) < 0.1).astype(np.float32)
    yield "Linear", _layer(lambda: layers.Linear(n, 70, seed=1), currents)
    yield "Conv2d", _layer(lambda: layers.Conv2d(2, 6, 3, padding=1, seed=1), images)
    yield "MaxPool2d", _layer(lambda: layers.MaxPool2d(2), images)
    yield "SumPool2d", _layer(lambda: layers.SumPool2d(2), images)
    yield "PoissonEncoder", lambda device: {"out": to(PoissonEncoder(n_steps, seed=1)(
        to(currents[0], device)), "cpu")}
    for optimiser in (train.SGD(0.1, momentum=0.9), train.Adam(0.1), train.RMSprop(0.1)):
        yield type(optimiser).__name__, _optimiser(optimiser, currents)
    yield "network of Brunel (2000), 500 neurons", _network
    yield "synapses that learn, tire and are drawn", _synapses


def _neurons(cls: Any, n: int, recurrent: bool = False) -> Any:
    base = layers.RecurrentSequence if recurrent else layers.Sequence
    kind: Any = type(cls.__name__, (base,), {"parameters": cls})
    sizes = (n, n) if recurrent else ()
    return kind(*sizes, cls(), SuperSpike(30.0), 5e-4, **({"seed": 1} if recurrent else {}))


def _layer(make: Callable, x: Any) -> Callable[[str], dict[str, np.ndarray]]:
    def work(device: str) -> dict[str, np.ndarray]:
        layer, tape = make().to(device), layers.Tape()
        result = layer(to(x, device), tape=tape)
        out, state = result if layer.stateful else (result, ())
        bar = np.random.default_rng(1).normal(size=out.shape).astype(np.float32)
        g = layer.backward(to(bar, device), tape)
        arrays = {"out": out, "state": state, "x_bar": g.x, "state_bar": g.state} | g.weights
        return {name: to(a, "cpu") for name, value in arrays.items()
                for name, a in _named(name, value)}

    return work


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (tuple, list)):
        for k, one in enumerate(value):
            yield from _named(f"{name}.{getattr(value, '_fields', range(len(value)))[k]}", one)
    elif value is not None:
        yield name, value


def _optimiser(optimiser: Any, x: np.ndarray) -> Callable[[str], dict[str, np.ndarray]]:
    def work(device: str) -> dict[str, np.ndarray]:
        weights = to({"out": x[0].copy()}, device)
        state = optimiser.init(weights)
        for gradient in x[1:4]:
            optimiser.update(weights, {"out": to(gradient - 0.5, device)}, state)
        return to(weights, "cpu")

    return work


def _network(device: str) -> dict[str, np.ndarray]:
    return _spikes(brunel(500, seed=1, device=device), 60)


def _synapses(device: str) -> dict[str, np.ndarray]:
    net = Network(1e-3, seed=1, device=device)
    cells = net.population("cells", 60, LIFParameters(v_th=0.5))
    tiring = TsodyksMakramParameters(U=0.6)
    net.poisson(cells, rate=300.0, weight=3.0)
    learning = net.connect(cells, cells, FixedInDegree(6), weight=Uniform(0.0, 0.4), delay=3e-3,
                           plasticity=PairSTDP(eta_plus=0.05, w_max=0.5), short_term=tiring)
    net.connect(cells, cells, probability=0.1, weight=-0.1, delay=4e-3, procedural=True)
    net.connect(cells, cells, FixedOutDegree(5, multapses=False), weight=Uniform(-0.1, 0.2),
                delay=5e-3, procedural=True, short_term=tiring)
    return _spikes(net, 40) | {"weights": learning.weights}


def _spikes(net: Network, n_steps: int) -> dict[str, np.ndarray]:
    """The spikes of a run, as a raster of all neurons."""
    kept = [(q, net.record(q, "spikes")) for q in net.populations.values()]
    net.run(n_steps * net.dt, progress=False)
    rasters = [np.zeros((n_steps + 1, len(q)), np.float32) for q, _ in kept]
    for raster, (_, found) in zip(rasters, kept, strict=True):
        raster[np.rint(np.asarray(found.times) / net.dt).astype(int), found.ids] = 1
    return {"out": np.concatenate(rasters, axis=1)}
