"""The package's models with smooth functions in the places of spikes, to be run in plain Python."""

import importlib
import pkgutil

import numpy as np

import eventsnn.neurons
from eventsnn.core.dispatch import MODELS
from eventsnn.engine import cpu
from tests.naive import surrogates
from tests.naive.plain import plain

MODULES = [importlib.import_module(f"eventsnn.neurons.{m.name}")
           for m in pkgutil.iter_modules(eventsnn.neurons.__path__)]
KERNELS = ("forward", "forward_taped", "forward_recurrent", "backward", "backward_step",
           "backward_recurrent", "reached")


class Counter(np.float64):
    """A refractory counter: its threshold relaxes, that of what is computed from it does not."""


def plain_engine(monkeypatch):
    """Run the loops in plain Python."""
    for name in KERNELS:
        monkeypatch.setattr(cpu, name, plain(getattr(cpu, name)))


def relax(monkeypatch, th):
    """Replace the spikes of all models by the primitive of the slope of `th`."""
    def spike(u, th):
        return np.float64(surrogates.primitive(float(u), th))

    def heaviside(u):
        return spike(u, th) if isinstance(u, Counter) else np.float64(u > 0)

    for module in MODULES:
        for name, function in (("spike", spike), ("heaviside", heaviside)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, function)
    for cls, model in list(MODELS.items()):
        if "rho" in model.state._fields:
            monkeypatch.setitem(MODELS, cls, model._replace(
                step=_counting(model.step), step_vjp=_counting(model.step_vjp)))


def _counting(function):
    def with_counter(s, *rest):
        return function(s._replace(rho=Counter(s.rho)), *rest)
    return with_counter
