"""Gradients of every neuron model with every surrogate, over 20 steps, alone and in networks.

Spikes are relaxed to functions of which the surrogate is the derivative. What a gradient says of a
random direction of each argument is compared with the difference along it.
"""

import itertools

import numpy as np
import pytest

from eventsnn import layers
from eventsnn.core.dispatch import MODELS
from eventsnn.surrogates import HeaviCirc
from tests.naive import surrogates as naive_surrogates
from tests.naive.differences import DIFFERENCE
from tests.naive.population import Relaxed, mixed, split
from tests.naive.relaxed import relax
from tests.neuron_contract import COUPLED, DT, PARAMETERS, case, mapped, sequence, twin_of

N_STEPS, N_IN = 20, 2
SURROGATES = [th for th in naive_surrogates.cases()
              if type(th).__name__ not in ("Heaviside", "Logistic", "CircDist")]
WIDE = SURROGATES[1::2]  # of two widths each
STEPS = (1e-5, 1e-6, 1e-4, 1e-7, 1e-8, 1e-9)  # shares of an argument: how smooth all is differs


def all_cases():
    """Every combination; in the short run, one reset and form for each model and wide surrogate."""
    found, turn = [], itertools.count()
    for cls, th in itertools.product(PARAMETERS, SURROGATES):
        if th == HeaviCirc(100.0) and twin_of(cls).scale > 1:
            continue  # nearly a straight line: its "spikes" would be as large as potentials in mV
        forms = list(itertools.product((False, True), (False, True)[:1 + (cls in COUPLED)]))
        chosen = forms[next(turn) % len(forms)] if th in WIDE else None
        found += [pytest.param(
            cls, th, *form, marks=() if form == chosen else pytest.mark.long,
            id=f"{cls.__name__[:-10]}-{type(th).__name__}-{th[0]}"
            f"{'-stopped' * form[0]}{'-recurrent' * form[1]}") for form in forms]
    return found


class FeedForward:
    """Neurons driven by an input, and their relaxed twins."""

    def __init__(self, cls, th, stop, rng):
        p, s, x = case(cls, rng, (1, 2), N_STEPS)
        x = mapped(lambda a: a / 2, x)  # relaxed resets are partial, and upswings must not run away
        self.p, fields = mixed(cls, p, 2)
        self.layer = sequence(cls, self.p, th, DT, stop_reset=stop, trainable=fields,
                              record_states=True)
        self.given, self.start, self.x = {}, s, x
        self.twin = Relaxed(cls, th, stop)
        self.arguments = {f"p.{f}": getattr(self.p, f) for f in fields} | {
            f"s.{f}": v for f, v in s._asdict().items()} | (
            {f"x.{f}": v for f, v in x._asdict().items()} if isinstance(x, tuple) else {"x": x})

    def gradients(self, out_bar, bars):
        tape = layers.Tape()
        self.layer(self.x, self.start, tape=tape)
        g = self.layer.backward(out_bar, tape, bars)
        return {f"p.{f}": v for f, v in g.weights.items()} | {
            f"s.{f}": v for f, v in g.state._asdict().items()} | (
            {f"x.{f}": v for f, v in g.x._asdict().items()} if isinstance(g.x, tuple)
            else {"x": g.x})

    def run(self, a):
        x = (type(self.x)(*(a[f"x.{f}"] for f in self.x._fields))
             if isinstance(self.x, tuple) else a["x"])
        return self.twin(*self._p_and_s(a), x)

    def _p_and_s(self, a):
        return (self.p._asdict() | {k[2:]: v for k, v in a.items() if k.startswith("p.")},
                {k[2:]: v for k, v in a.items() if k.startswith("s.")})


class Recurrent(FeedForward):
    """Neurons driven by inputs and by each other, and their relaxed twins."""

    def __init__(self, cls, th, stop, rng):
        super().__init__(cls, th, stop, rng)
        self.cls, self.x = cls, rng.normal(size=(N_STEPS, 1, N_IN))
        self.z = rng.normal(size=(1, 2))
        w_in, w = 0.3 * rng.normal(size=(2, N_IN)), 0.3 * rng.normal(size=(2, 2))
        np.fill_diagonal(w, 0.0)
        self.layer = type("Any", (layers.RecurrentSequence,), {"parameters": cls})(
            N_IN, 2, self.p, th, DT, input_weights=w_in, recurrent_weights=w, stop_reset=stop,
            trainable=self.layer.trainable, record_states=True)
        self.arguments = {k: v for k, v in self.arguments.items() if k[0] != "x"} | {
            "x": self.x, "z": self.z, "input_weights": w_in, "recurrent_weights": w}

    def gradients(self, out_bar, bars):
        tape = layers.Tape()
        self.layer(self.x, layers.RecurrentState(self.z, self.start), tape=tape)
        g = self.layer.backward(out_bar, tape, layers.RecurrentState(None, bars))
        return {k if k.endswith("_weights") else f"p.{k}": v for k, v in g.weights.items()} | {
            f"s.{f}": v for f, v in g.state.neuron._asdict().items()} | {"x": g.x, "z": g.state.z}

    def run(self, a):
        drive = mapped(lambda w: a["x"] @ w.T, split(self.cls, a["input_weights"]))
        return self.twin(*self._p_and_s(a), drive, a["z"],
                         split(self.cls, a["recurrent_weights"]))


@pytest.mark.parametrize("cls, th, stop, recurrent", all_cases())
def test_backward__equals_differences_along_random_directions(cls, th, stop, recurrent, plain,
                                                              monkeypatch):
    rng = np.random.default_rng(20)
    relax(monkeypatch, th)
    made = (Recurrent if recurrent else FeedForward)(cls, th, stop, rng)
    out_bar = rng.normal(size=(N_STEPS, 1, 2))
    bars = MODELS[cls].state(*rng.normal(size=(len(made.start), N_STEPS, 1, 2)))

    g = made.gradients(out_bar, bars)

    def terms(a):
        out, states = made.run(a)
        return np.concatenate([(out_bar * out).ravel(), *(
            (getattr(bars, f) * v).ravel() for f, v in states.items())])

    size = np.abs(terms(made.arguments)).sum()  # holds the resets' spikes, too, if they stop
    assert np.isfinite(size) and set(g) == set(made.arguments)
    for name, value in made.arguments.items():
        way = rng.normal(size=np.shape(value)) * np.maximum(np.abs(value), 0.01)
        if name == "recurrent_weights":
            np.fill_diagonal(way, 0.0)
        said = float((g[name] * way).sum())
        scale = max(float(np.abs(g[name] * way).sum()), 1e-4 * size)

        errors = []
        for h in STEPS:
            high, low, higher, lower = (terms(made.arguments | {name: value + k * h * way})
                                        for k in (1, -1, 2, -2))
            found = (8 * (high - low) - (higher - lower)).sum() / (12 * h)
            errors.append(abs(found - said) / scale)
            if errors[-1] < DIFFERENCE:
                break
        assert min(errors) < DIFFERENCE, (name, said, errors)
