"""The networks that ``eventsnn simulate`` knows: what each is, and what can be set of it."""

import argparse
import importlib
from typing import Any, NamedTuple


class Option(NamedTuple):
    """An option of a network: also the argument, of the same default, of the function."""

    name: str
    kind: type
    default: Any  # None where it follows from other options; `text` says how
    text: str  # with the unit
    choices: tuple[str, ...] | None = None


class Published(NamedTuple):
    """A network: the function ``eventsnn.networks.<name>`` makes it."""

    name: str
    text: str
    seconds: float  # how long it is run if nothing is said
    options: tuple[Option, ...]

    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Add the network's own options."""
        own = command.add_argument_group(f"parameters of {self.name}")
        for option in self.options:
            text = option.text if option.default is None else f"{option.text} (%(default)s)"
            own.add_argument("--" + option.name.replace("_", "-"), type=option.kind,
                             default=option.default, choices=option.choices, help=text,
                             metavar=None if option.choices else option.kind.__name__.upper())

    def own(self, options: argparse.Namespace) -> dict[str, Any]:
        """What was set, or left, of the network's own options."""
        return {option.name: getattr(options, option.name) for option in self.options}

    def make(self, options: argparse.Namespace) -> Any:
        """The network."""
        function = getattr(importlib.import_module(f"eventsnn.networks.{self.name}"), self.name)
        return function(**self.own(options), dt=options.dt, seed=options.seed,
                        threads=options.threads, device=options.device)


NETWORKS = (
    Published("cuba", "Vogels and Abbott's current-based benchmark network", 10.0, (
        Option("neurons", int, 4000, "number of neurons, 80 synapses each"),)),
    Published("coba", "Vogels and Abbott's conductance-based benchmark network", 10.0, (
        Option("neurons", int, 4000, "number of neurons, 80 synapses each"),)),
    Published("brunel", "Brunel's network of delta synapses", 1.0, (
        Option("neurons", int, 12_500, "number of neurons, four fifths excitatory"),
        Option("regime", str, "AI", "values of g and eta: synchronous or asynchronous, regular or "
               "irregular", ("SR", "SI-fast", "AI", "SI-slow")),
        Option("g", float, None, "weight of inhibition by that of excitation (the regime's)"),
        Option("eta", float, None, "external rate by that which reaches threshold (the regime's)"),
        Option("in_degree", int, None, "synapses of a neuron (a tenth of the neurons)"),
        Option("weight", float, None, "of excitation, mV (0.1 * 1250 / in-degree)"),
        Option("delay", float, 1.5e-3, "from a spike to the jump it causes, s"),
        Option("spread", float, 0.0, "standard deviation of each synapse's own weight and delay, "
               "as a share of the mean"),
        Option("connections", str, "in-degree", "a fixed in-degree; a fixed probability; or that, "
               "drawn anew for each spike in place of being kept",
               ("in-degree", "probability", "procedural")))),
    Published("microcircuit", "Potjans and Diesmann's cortical microcircuit", 1.0, (
        Option("scale", float, 0.1, "size by the published one, 77,169 neurons"),
        Option("in_degree_scale", float, None, "synapses of a neuron by the published number "
               "(as scale, at most 1)"),
        Option("input", str, "poisson", "external input", ("poisson", "dc")),
        Option("initial", str, "optimised", "initial potentials", ("optimised", "original")))),
)
