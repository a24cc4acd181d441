"""Models of every node that NIR has, and how graphs are compared."""

import nir
import numpy as np

from eventsnn import layers, surrogates
from eventsnn.neurons import (
    CubaLIFParameters, CubaLIParameters, IAFParameters, IFParameters, IntegratorParameters,
    LIBoxParameters, LIFBoxParameters, LIFParameters, LIParameters, ResistiveLIFParameters,
    ResistiveLIParameters,
)


def numbers(rng, shape, kind):
    """A parameter: one number, or one for each neuron."""
    return (lambda low, high: rng.uniform(low, high)) if kind == "scalar" else (
        lambda low, high: rng.uniform(low, high, shape))


def parameters(name, draw, dt=1e-3):
    """Parameters of a neuron, none of them as by default."""
    leaky = {"tau_mem_inv": draw(60, 200), "v_leak": draw(-0.2, 0.2)}
    synapse = {"tau_syn_inv": draw(100, 300)}
    fires = {"v_th": draw(0.4, 0.8), "v_reset": draw(-0.3, 0.1)}
    return {
        "LIF": lambda: LIFParameters(**synapse, **leaky, **fires),
        "LI": lambda: LIParameters(**synapse, **leaky),
        "LIFBox": lambda: LIFBoxParameters(**leaky, **fires),
        "LIBox": lambda: LIBoxParameters(**leaky),
        "IAF": lambda: IAFParameters(**fires),
        "CubaLIF": lambda: CubaLIFParameters(**synapse, **leaky, **fires, r=draw(0.5, 2),
                                             w_in=draw(3, 9)),
        "CubaLI": lambda: CubaLIParameters(**synapse, **leaky, r=draw(0.5, 2), w_in=draw(3, 9)),
        "ResistiveLIF": lambda: ResistiveLIFParameters(**leaky, **fires, r=draw(0.5, 2)),
        "ResistiveLI": lambda: ResistiveLIParameters(**leaky, r=draw(0.5, 2)),
        "IF": lambda: IFParameters(**fires, r=draw(0.2, 0.5) / dt),
        "Integrator": lambda: IntegratorParameters(r=draw(0.2, 0.5) / dt),
    }[name]()


NEURONS = ("LIF", "LI", "LIFBox", "LIBox", "IAF", "CubaLIF", "CubaLI", "ResistiveLIF",
           "ResistiveLI", "IF", "Integrator")


def neuron(name, rng, shape, kind="array", dt=1e-3, threshold=surrogates.HeaviErfc(7.0)):
    """Neurons over a sequence."""
    return getattr(layers, name)(parameters(name, numbers(rng, shape, kind), dt), threshold, dt)


def recurrent(name, rng, n_in, n, kind="array", dt=1e-3, **options):
    """Recurrent neurons over a sequence."""
    return getattr(layers, f"{name}Recurrent")(
        n_in, n, parameters(name, numbers(rng, (n,), kind), dt), dt=dt,
        input_weights=rng.normal(size=(n, n_in)),
        recurrent_weights=0.3 * rng.normal(size=(n, n)), **options)


def same_nodes(a, b, one_ulp=False):
    """Fail unless two graphs have equal nodes, whatever their names; tell of the first that differ.

    Nodes are taken in the order of the graph. With `one_ulp`, floats may differ by their last bit.
    """
    assert len(a.nodes) == len(b.nodes)
    for x, y in zip(a.nodes.values(), b.nodes.values(), strict=True):
        assert type(x) is type(y)
        if isinstance(x, nir.NIRGraph):
            same_nodes(x, y, one_ulp)
            continue
        mine, theirs = x.to_dict(), y.to_dict()
        for fields in (mine, theirs):
            fields.pop("metadata", None)
        if isinstance(x, (nir.Input, nir.Output, nir.Flatten)):
            for name in ("input_type", "output_type"):
                one, other = getattr(x, name).values(), getattr(y, name).values()
                assert [tuple(v) for v in one] == [tuple(v) for v in other]
                mine.pop(name, None), theirs.pop(name, None)
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            other = theirs[name]
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                assert value.dtype == other.dtype and value.shape == other.shape, name
                np.testing.assert_array_max_ulp(value, other, int(one_ulp))
            else:
                np.testing.assert_array_equal(value, other, err_msg=name)
