"""An example of each public layer, no argument of which is its default, with an input for it."""

import functools

import numpy as np
from scipy import sparse

from eventsnn import layers
from eventsnn.connect.gaussian import spatial_parameters
from eventsnn.core.dispatch import MODELS
from eventsnn.neurons import LIFParameters, LIParameters
from eventsnn.neurons.behaviors import phasic_bursting
from eventsnn.surrogates import HeaviErfc, SuperSpike
from tests.neuron_contract import case

BASES = {layers.Layer, layers.Cell, layers.Sequence, layers.RecurrentCell,
         layers.RecurrentSequence, layers.Iterated}  # of which there are no objects
T, B, N = 6, 3, 4
SHAPES = (layers.Cell, layers.Sequence, layers.RecurrentCell, layers.RecurrentSequence)


def public():
    """All layers that a user can make."""
    found = {value for value in map(functools.partial(getattr, layers), layers.__all__)
             if isinstance(value, type) and issubclass(value, layers.Layer)}
    return sorted(found - BASES, key=lambda cls: cls.__name__)


def rng(seed=0):
    return np.random.default_rng(seed)


def normal(*shape, seed=0):
    return rng(seed).normal(size=shape).astype(np.float32)


def coupling(n=N, seed=0):
    """Sparse weights with one that is 0, and no diagonal."""
    matrix = sparse.random_array((n, n), density=0.6, rng=rng(seed), format="lil")
    matrix.setdiag(0)
    matrix = sparse.csr_array(matrix)
    matrix.eliminate_zeros()
    matrix.data[0] = 0
    return matrix


def _neurons(cls):
    p, _, x = case(cls.parameters, rng(), (B, N), T, np.float32)
    names = p._fields
    options = {"threshold": SuperSpike(alpha=30.0), "dt": 5e-4, "stop_reset": not cls.recurrent,
               "margin": 30.0,
               "trainable": ("v_th",) if "v_th" in names else names[:1]}
    if issubclass(cls, (layers.Sequence, layers.RecurrentSequence)):
        options["record_states"] = True
    if not cls.recurrent:
        one = issubclass(cls, layers.Cell)
        return cls(p, **options), (type(x)(*(a[0] for a in x)) if isinstance(x, tuple) else x[0]
                                   ) if one else x
    if hasattr(cls, "_scales") and cls.__name__.startswith("Coba"):
        options["lost_input"] = True
    layer = cls(5, N, p, input_weights=normal(N, 5), recurrent_weights=normal(N, N, seed=1),
                autapses=True, **options)
    x = normal(T, B, 5, seed=2)
    return layer, x[0] if issubclass(cls, layers.RecurrentCell) else x


def _compartments(cls):
    p = (cls.cell_class if issubclass(cls, layers.Iterated) else cls).parameters()
    p = p._replace(v_th=np.linspace(0.4, 1.0, N))
    options = {"threshold": HeaviErfc(alpha=3.0), "dt": 5e-4, "stop_reset": True, "margin": 30.0,
               "trainable": ("v_th",), "g_coupling": normal(N, N, seed=4)}
    sizes, n_in = ((5, N), 5) if "Recurrent" in cls.__name__ else ((N,), N)
    if len(sizes) == 2:
        options |= {"input_weights": normal(N, 5), "recurrent_weights": normal(N, N, seed=1),
                    "autapses": True}
    if issubclass(cls, layers.Iterated):
        options["record_states"] = True
    x = 5 * normal(T, B, n_in, seed=2)
    return cls(*sizes, p, **options), x if issubclass(cls, layers.Iterated) else x[0]


def _chain():
    return layers.SequentialState(
        layers.Linear(5, N, bias=normal(N), weight=normal(N, 5).astype(np.float64)),
        layers.LIF(LIFParameters(v_th=0.5), record_states=True),
        layers.SequentialState(layers.SparseLinear(coupling(), True), layers.LI()))


FIELDS = {"aggregate": False, "domain": 4.0, "trainable": ("scale", "x"), "stride": 2,
          "padding": (1, 0), "dilation": (1, 2)}
IMAGES = normal(T, 2, 13, 13)
OTHERS = {
    layers.AvgPool2d: lambda: (layers.AvgPool2d((2, 3), (1, 2), (1, 0)), IMAGES),
    layers.MaxPool2d: lambda: (layers.MaxPool2d((2, 3), (1, 2), (1, 0)), IMAGES),
    layers.SumPool2d: lambda: (layers.SumPool2d((2, 3), (1, 2), (1, 0)), IMAGES),
    layers.Checkpointed: lambda: (layers.Checkpointed(
        layers.SequentialState(layers.Linear(5, N, seed=1), layers.LIF()), 4), normal(T, B, 5)),
    layers.Conv2d: lambda: (layers.Conv2d(2, 4, (3, 2), (1, 2), (1, 0), (2, 1), 2, normal(4),
                                          weight=normal(4, 1, 3, 2)), IMAGES),
    layers.LConv2d: lambda: (layers.LConv2d(2, 4, (3, 2), (1, 2), (1, 0), (2, 1), 2,
                                            weight=normal(4, 1, 3, 2)), IMAGES),
    layers.Conv1d: lambda: (layers.Conv1d(2, 4, 3, 2, 1, 2, 2, normal(4), weight=normal(4, 1, 3)),
                            normal(T, B, 2, 13)),
    layers.Delay: lambda: (layers.Delay([1.4e-3, 4e-3, 0.0], 2e-3, nearest=True), normal(T, B, 3)),
    layers.Scale: lambda: (layers.Scale(normal(5)), normal(T, B, 5)),
    layers.Dropout: lambda: (layers.Dropout(0.3, 7, shared_steps=True), normal(T, B, 5)),
    layers.EventPropLIF: lambda: (layers.EventPropLIF(
        2, 3, tau_mem_inv=90.0, tau_syn_inv=180.0, v_th=0.9, duration=0.2, max_spikes=30,
        weight=2 + abs(normal(3, 2))), np.array([[[0.0, 1e-3]], [[np.inf, 2e-3]]])),
    layers.ExpFilter: lambda: (layers.ExpFilter(5, 3, 90.0, 2e-3, normal(3, 5), normal(3)),
                               normal(T, B, 5)),
    layers.Flatten: lambda: (layers.Flatten(2, 3), normal(T, B, 2, 3, 4)),
    layers.Lift: lambda: (layers.Lift(layers.LIFCell(LIFParameters(v_th=0.2))),
                          normal(T, B, 5)),
    layers.LILinearCell: lambda: (layers.LILinearCell(
        5, 3, LIParameters(tau_mem_inv=np.array([90.0, 80.0, 70.0])), 2e-3,
        input_weights=normal(3, 5), trainable=("tau_mem_inv",)), normal(B, 5)),
    layers.Linear: lambda: (layers.Linear(5, 3, normal(3), weight=normal(3, 5)), normal(T, B, 5)),
    layers.RecurrentSequential: lambda: (layers.Lift(layers.RecurrentSequential(
        layers.LIFCell(), layers.Linear(N, N, seed=1), output_modules=[1, 0])), normal(T, B, N)),
    layers.RegularizationCell: lambda: (layers.SequentialState(
        layers.LIFCell(), layers.RegularizationCell(layers.voltage_accumulator)), normal(B, N)),
    layers.SampledSpatialReceptiveField2d: lambda: (layers.SampledSpatialReceptiveField2d(
        2, 5, [1.0, 2.0], [0.0, 0.7], [1.0, 0.5], 1, **FIELDS), IMAGES),
    layers.ParameterizedSpatialReceptiveField2d: lambda: (
        layers.ParameterizedSpatialReceptiveField2d(
            2, 5, [1.0, 2.0], [0.0, 0.7], [1.0, 0.5], 1, **FIELDS), IMAGES),
    layers.SpatialReceptiveField2d: lambda: (layers.SpatialReceptiveField2d(
        2, 5, spatial_parameters([1.5, 2.0], [0.3], [1.0], 1), log_space=False, **FIELDS), IMAGES),
    layers.SequentialState: lambda: (_chain(), normal(T, B, 5)),
    layers.SparseLinear: lambda: (layers.SparseLinear(coupling(), normal(N)), normal(T, B, N)),
    layers.SpikesToTimesDecoder: lambda: (layers.SpikesToTimesDecoder(3, False, 2e-3),
                                          normal(T, B, 5) > 0),
    layers.SumDecoder: lambda: (layers.SumDecoder(), normal(T, B, 5)),
    layers.TemporalReceptiveField: lambda: (layers.TemporalReceptiveField(
        (2, N), time_constants=np.array([90.0, 40.0, 20.0]), dt=2e-3), normal(T, B, 2, N)),
    layers.Threshold: lambda: (layers.Threshold(HeaviErfc(alpha=3.0)), normal(T, B, 5)),
}
# Where one class is several: sparse weights, a behaviour, kernels that are fixed.
VARIANTS = {
    "Conv2d, same": lambda: (layers.Conv2d(2, 3, (2, 4), padding="same", seed=1), IMAGES),
    "Conv1d, same": lambda: (layers.Conv1d(2, 3, 4, padding="same", seed=1), normal(T, B, 2, 13)),
    "LIFRecurrent, sparse": lambda: (layers.LIFRecurrent(
        5, N, input_weights=normal(N, 5), recurrent_weights=coupling()), 20 * normal(T, B, 5)),
    "Izhikevich, behaviour": lambda: (layers.Izhikevich(phasic_bursting), normal(T, B, N)),
    "IzhikevichRecurrent, behaviour": lambda: (layers.IzhikevichRecurrent(
        5, N, phasic_bursting, seed=1), normal(T, B, 5)),
    "Linear, no bias": lambda: (layers.Linear(5, 3, False, seed=1, dtype=np.float64),
                                normal(T, B, 5)),
    "SpatialReceptiveField2d, fixed": lambda: (layers.SpatialReceptiveField2d(
        2, 5, spatial_parameters([1.5], [0.3], [0.7], 1), trainable=()), IMAGES),
    "RecurrentSequential, one": lambda: (layers.RecurrentSequential(
        layers.LIFCell(), output_modules=-1), normal(B, N)),
    "Checkpointed, budget": lambda: (layers.Checkpointed(layers.LIF(), memory_budget=10_000),
                                     normal(T, B, N)),
    "TemporalReceptiveField, others": lambda: (layers.TemporalReceptiveField(
        (2, N), 3, activation=layers.LIF, trainable=(),
        activation_state_map=lambda tau: LIFParameters(tau_mem_inv=tau)), normal(T, B, 2, N)),
}


def example(cls):
    """A layer of a class, or one that holds one, and an input."""
    if cls in OTHERS:
        return OTHERS[cls]()
    if cls.__name__.startswith("LIFMC"):
        return _compartments(cls)
    if issubclass(cls, SHAPES) and cls.parameters in MODELS:
        return _neurons(cls)
    raise AssertionError(f"{cls.__name__} needs an example in tests/layers_under_test.py")
