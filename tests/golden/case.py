"""One case of the reference data: its arrays in float64, and how to compare with them."""

import numpy as np

from eventsnn import surrogates
from tests import tolerance

METHODS = {
    "super": surrogates.SuperSpike, "heavi_erfc": surrogates.HeaviErfc,
    "heavi_tanh": surrogates.HeaviTanh, "tanh": surrogates.HeaviTanh,
    "triangle": surrogates.Triangle, "heavi_circ": surrogates.HeaviCirc,
    "circ": surrogates.HeaviCirc, "logistic": surrogates.Logistic,
    "circ_dist": surrogates.CircDist, "heaviside": surrogates.Heaviside,
    "adjoint": surrogates.EventAdjoint,
}


def _load(group, name):
    out = {}
    for key, data in group.get(name, {}).items():
        value = data[()]
        if key == "scalars":
            out.update({n: np.float64(value[n]) for n in value.dtype.names})
        else:
            out[key] = np.asarray(value, np.float64)
    return out


class Case:
    """The arrays of a case as dictionaries; what was compared is noted, and must be all of it."""

    def __init__(self, family, name, group):
        self.family, self.name = family, name
        self.attributes = {k: v.tolist() if hasattr(v, "tolist") else v
                           for k, v in group.attrs.items()}
        self.inputs, self.params, self.outputs, self.cotangents, self.grads = (
            _load(group, part) for part in ("inputs", "params", "outputs", "cotangents", "grads"))
        self._compared = set()

    @property
    def dt(self):
        return self.attributes.get("dt", 1e-3)

    def threshold(self, method=None):
        cls = METHODS[method or self.attributes.get("method", "super")]
        return cls(alpha=float(self.params.get("alpha", 100.0))) if cls._fields else cls()

    def parameters(self, cls, prefix=""):
        """The neuron parameters of `cls` among the case's."""
        return cls(**{f: self.params[prefix + f] for f in cls._fields if prefix + f in self.params})

    def output(self, name, actual, tol=tolerance.OUTPUT):
        self._compare("outputs", name, actual, tol)

    def grad(self, name, actual, tol=tolerance.GRADIENT):
        self._compare("grads", name, actual, tol)

    def _compare(self, part, name, actual, tol):
        tolerance.assert_close(actual, getattr(self, part)[name], tol, f"{part}/{name}")
        self._compared.add(f"{part}/{name}")

    def sampled(self, name, actual, variance, n):
        """`actual`, a mean of `n` draws, lies within the standard errors of the expected mean."""
        expected = self.outputs[name]
        error = np.sqrt(np.maximum(variance, 1e-300) / n)
        assert np.all(np.abs(actual - expected) <= tolerance.STANDARD_ERRORS * error), name
        self._compared.add(f"outputs/{name}")

    def skip(self, *names):
        """Name what is no result of a computation of ours (the reference's own samples)."""
        self._compared.update(names)

    def assert_all_compared(self):
        everything = {f"outputs/{n}" for n in self.outputs} | {f"grads/{n}" for n in self.grads}
        missed = sorted(everything - self._compared)
        assert not missed, f"never compared: {', '.join(missed)}"


class SinglePrecision(Case):
    """A neuron's case with float32 arrays: what is compared is the spikes, to be the same."""

    def __init__(self, family, name, group):
        super().__init__(family, name, group)
        self.inputs, self.cotangents = (
            {k: v.astype(np.float32) for k, v in part.items()}
            for part in (self.inputs, self.cotangents))

    def _compare(self, part, name, actual, tol):
        assert np.asarray(actual).dtype == np.float32 or name == "loss", name
        if name == "out":
            np.testing.assert_array_equal(actual, self.outputs["out"])
        self._compared.add(f"{part}/{name}")
