"""Receptive fields: kernels against plain loops, derivatives against differences, the layers."""

import itertools
import math

import numpy as np
import pytest

from eventsnn.connect import conv, gaussian
from eventsnn.layers import LIBox, LIBoxCell, LIF, Lift, Tape
from eventsnn.layers.receptive_field import (
    ParameterizedSpatialReceptiveField2d, SampledSpatialReceptiveField2d, SpatialReceptiveField2d,
)
from eventsnn.layers.temporal_field import TemporalReceptiveField
from eventsnn.neurons import LIBoxParameters, LIFParameters
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient

ROWS = np.array([
    [1.0, 0.0, 1.0, 0.0, 0.0, 0, 0],
    [2.0, 0.7, 0.5, 0.5, -0.3, 1, 0],
    [1.5, 2.0, 0.8, 0.0, 0.2, 1, 1],
    [0.8, -1.0, 1.3, -0.4, 0.1, 0, 2],
    [1.2, 0.3, 0.7, 0.1, 0.1, 2, 1]])


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def naive_kernel(row, size, domain):
    """From the covariance matrix, point by point."""
    scale, angle, ratio, x, y, n_along, n_across = row
    c, s = math.cos(angle), math.sin(angle)
    rotation = np.array([[c, -s], [s, c]])
    covariance = scale * rotation @ np.diag([ratio**2, ratio**-2]) @ rotation.T
    inverse, grid = np.linalg.inv(covariance), np.linspace(-domain, domain, size)
    k = np.empty((size, size))
    for i, j in np.ndindex(size, size):
        d = np.array([grid[j] - x, grid[i] - y])
        k[i, j] = math.exp(-d @ inverse @ d / 2)
    k /= k.sum()
    for direction in [angle] * int(n_along) + [angle + math.pi / 2] * int(n_across):
        by_row, by_column = np.gradient(k)
        k = scale * (math.cos(direction) * by_column + math.sin(direction) * by_row)
    return k


@pytest.mark.parametrize("size, domain", [(9, 8.0), (6, 2.5), (2, 1.0)])
def test_kernels__equal_naive_loops(size, domain):
    kernels = gaussian.spatial_receptive_fields(ROWS, size, domain)

    for kernel, row in zip(kernels, ROWS):
        expected = naive_kernel(row, size, domain)
        if size == 2 and row[5] + row[6] > 2:  # of two points an axis no third derivative is left
            assert np.abs(expected).max() < 1e-15  # but what rounding leaves
            expected = np.zeros_like(expected)
        tolerance.assert_close(kernel, expected, tolerance.OUTPUT, str(row))


def test_kernels__sum_to_one_however_narrow():
    rows = [[1e-6, 0.3, 0.2, 0.13, 0.4, 0, 0], [1e6, 0, 1, 0, 0, 0, 0], [1, 0, 1, 1e4, 0, 0, 0]]

    kernels = gaussian.spatial_receptive_fields(rows, 7)

    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 1.0)


def test_kernels__derivative_finds_the_direction():
    """A wide kernel derived along an angle is steepest there: its response to a ramp tells."""
    rows = [[4.0, 0.4, 1.0, 0, 0, 1, 0], [4.0, 0.4, 1.0, 0, 0, 0, 1]]
    along, across = gaussian.spatial_receptive_fields(rows, 41)
    grid = np.linspace(-8, 8, 41)
    ramp = np.cos(0.4) * grid[None, :] + np.sin(0.4) * grid[:, None]

    assert abs((along * ramp).sum()) > 1e3 * abs((across * ramp).sum())


@pytest.mark.parametrize("size, domain", [(7, 3.0), (4, 2.0)])
def test_vjp__equals_differences(size, domain, rng):
    bar = rng.normal(size=(len(ROWS), size, size))

    rows_bar = gaussian.spatial_receptive_fields_vjp(ROWS, size, domain, bar)

    def loss(five):
        rows = np.column_stack([five, ROWS[:, 5:]])
        return (bar * gaussian.spatial_receptive_fields(rows, size, domain)).sum()

    tolerance.assert_close(rows_bar[:, :5], gradient(loss, ROWS[:, :5]), DIFFERENCE, "rows")
    assert not rows_bar[:, 5:].any()


@pytest.mark.parametrize("ratios", [[0.5], [0.5, 1.0, 0.7], [1.0]])
@pytest.mark.parametrize("replicas", [False, True])
@pytest.mark.parametrize("derivatives, pairs", [
    (0, [(0, 0)]), (1, [(0, 0), (0, 1), (1, 0)]), ([(2, 0), (1, 3)], [(2, 0), (1, 3)])])
def test_parameters__are_all_combinations(ratios, replicas, derivatives, pairs):
    scales, angles, xs, ys = [1.0, 2.0], [0.1, 0.2, 0.3], [0.0, 1.0], [5.0]

    rows = gaussian.spatial_parameters(scales, angles, ratios, derivatives, xs, ys, replicas)

    expected = [
        (*row, *pair)
        for is_round in ([False, True] if not replicas else [None])
        for row in itertools.product(
            scales, angles[:1] if is_round else angles,
            [r for r in ratios if is_round is None or (r == 1) == is_round], xs, ys)
        for pair in pairs]
    np.testing.assert_array_equal(rows, expected)


def test_parameters__number_stands_for_orders():
    rows = gaussian.spatial_parameters([1.0], [0.0], [0.5], 2)

    assert [tuple(row) for row in rows[:, 5:]] == list(itertools.product(range(3), repeat=2))[:-1]


def test_spatio_temporal_parameters__have_an_eighth_column():
    spatial = gaussian.spatial_parameters([1.0, 2.0], [0.0, 0.5], [1.0, 0.5], 1, [0.3], [0.1], True)

    rows = gaussian.spatio_temporal_parameters([1.0, 2.0], [0.0, 0.5], [1.0, 0.5], 1, [3.0, 4.0],
                                               True, x=[0.3], y=[0.1])

    np.testing.assert_array_equal(rows[::2, :7], spatial)
    np.testing.assert_array_equal(rows[1::2, :7], spatial)
    np.testing.assert_array_equal(rows[:, 7], np.tile([3.0, 4.0], len(spatial)))


def test_temporal_scales__grow_by_the_factor():
    tau = gaussian.temporal_scale_distribution(5, min_scale=4.0, c=1.5)

    np.testing.assert_allclose(tau, 2.0 * 1.5 ** np.arange(5))
    np.testing.assert_allclose(gaussian.temporal_scale_distribution(4, 2.0, 20.0),
                               np.sqrt(20 * 10 ** (np.arange(3, -1, -1) / 3)))
    assert gaussian.temporal_scale_distribution(1, 9.0, 20.0) == 3.0


def layer_of(kind, **options):
    if kind == "rows":
        return SpatialReceptiveField2d(2, 5, ROWS, domain=3.0, **options)
    cls = {"sampled": SampledSpatialReceptiveField2d,
           "parameterized": ParameterizedSpatialReceptiveField2d}[kind]
    return cls(2, 5, [1.0, 2.0], [0.2, 0.9], [0.6, 1.0], 1, [0.1, -0.2], [0.3], domain=3.0,
               **options)


KINDS = ["rows", "sampled", "parameterized"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": (1, 2), "dilation": (2, 1)}])
def test_layer__is_a_convolution(kind, aggregate, batch, options, rng):
    layer, x = layer_of(kind, aggregate=aggregate, **options), rng.normal(size=(*batch, 2, 11, 10))

    out = layer(x)

    kernels = gaussian.spatial_receptive_fields(layer.rf_parameters, 5, 3.0)
    n = len(kernels)
    if aggregate:
        weight = np.repeat(kernels[:, None], 2, axis=1)
    else:
        weight = np.zeros((2 * n, 2, 5, 5))
        for channel in range(2):
            weight[channel * n:(channel + 1) * n, channel] = kernels
    assert out.shape[len(batch)] == layer.out_channels == len(weight)
    tolerance.assert_close(out, conv.conv2d(x, weight, **options), tolerance.OUTPUT, "out")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aggregate", [True, False])
@pytest.mark.parametrize("log_space", [True, False])
def test_layer__backward_equals_differences(kind, aggregate, log_space, rng):
    layer = layer_of(kind, aggregate=aggregate, log_space=log_space, stride=2, padding=1)
    x, tape = rng.normal(size=(2, 2, 6, 7)), Tape()
    bar = rng.normal(size=layer(x, tape=tape).shape)

    g = layer.backward(bar, tape)

    tolerance.assert_close(g.x, gradient(lambda v: (bar * layer(v)).sum(), x), DIFFERENCE, "x")
    assert set(g.weights) == set(layer.weights) == {
        "angle", "x", "y", *(("log_scale", "log_ratio") if log_space else ("scale", "ratio"))}
    for name, weight in layer.weights.items():
        def loss(value):
            kept = weight.copy()
            weight[...] = value
            out = layer(x)
            weight[...] = kept
            return (bar * out).sum()

        tolerance.assert_close(g.weights[name], gradient(loss, weight.copy()), DIFFERENCE, name)


@pytest.mark.parametrize("kind, n", [("rows", 5), ("sampled", 2), ("parameterized", 36)])
def test_layer__weights_have_one_entry_a_value(kind, n):
    layer = layer_of(kind)

    assert len(layer.weights["log_scale"]) == n
    assert len(layer.weights["y"]) == {"rows": 5, "sampled": 1, "parameterized": 36}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_layer__fixed_fields_have_no_weights(kind, rng):
    layer, tape, x = layer_of(kind, trainable=()), Tape(), rng.normal(size=(2, 6, 7))
    out = layer(x, tape=tape)

    g = layer.backward(np.ones_like(out), tape)

    assert layer.weights == g.weights == {} and g.x.shape == x.shape
    # scales in log space are exp(log(s)), equal to rounding
    tolerance.assert_close(out, layer_of(kind)(x), tolerance.OUTPUT, "out")


def test_layer__training_lowers_the_loss(rng):
    """Gradient descent finds the angle of another field from what it sees."""
    x = rng.normal(size=(20, 1, 9, 9))
    target = SpatialReceptiveField2d(1, 9, [[2.0, 0.8, 0.5, 0, 0, 0, 0]], domain=4.0)(x)
    layer = SpatialReceptiveField2d(1, 9, [[1.5, 0.3, 0.8, 0, 0, 0, 0]], domain=4.0)
    losses = []
    for _ in range(200):
        tape = Tape()
        off = layer(x, tape=tape) - target
        losses.append((off**2).sum())
        for name, bar in layer.backward(2 * off, tape).weights.items():
            layer.weights[name][...] -= 0.1 * bar
    assert losses[-1] < 1e-3 * losses[0]
    np.testing.assert_allclose(layer.rf_parameters[0, :3], [2.0, 0.8, 0.5], atol=0.02)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_layer__dtypes_and_arguments(dtype, rng):
    rows, x = ROWS.copy(), (rng.random((2, 6, 7)) < 0.5).astype(dtype)
    copy = x.copy()
    layer, tape = SpatialReceptiveField2d(2, 5, rows), Tape()

    out = layer(x, tape=tape)
    g = layer.backward(np.ones_like(out), tape)
    layer.weights["angle"][...] = 9

    assert out.dtype == g.x.dtype == np.float32
    np.testing.assert_array_equal(x, copy)
    np.testing.assert_array_equal(rows, ROWS)


def test_layer__saves_an_unwanted_input_gradient(rng):
    layer, tape = layer_of("rows"), Tape(input_gradient=False)
    out = layer(rng.normal(size=(2, 6, 7)), tape=tape)

    assert layer.backward(np.ones_like(out), tape).x is None


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4)])
def test_temporal__is_a_bank_of_integrators(batch, shape, rng):
    x = rng.normal(size=(6, *batch, *shape))

    out, state = TemporalReceptiveField(shape, n_scales=3, min_scale=2.0)(x)

    axis = 1 + len(batch)
    assert out.shape == (6, *batch, 3, *shape)
    for k, tau in enumerate(1000 / gaussian.temporal_scale_distribution(3, 2.0)):
        alone, end = LIBox(LIBoxParameters(tau_mem_inv=tau))(x)
        tolerance.assert_close(out.take(k, axis), alone, tolerance.OUTPUT, "out")
        tolerance.assert_close(state.v.take(k, axis - 1), end.v, tolerance.OUTPUT, "v")


def test_temporal__backward_equals_differences(rng):
    x, tape = rng.normal(size=(5, 3, 2, 4)), Tape()
    constants = rng.uniform(100, 600, (3, 2, 1))
    layer = TemporalReceptiveField((2, 4), time_constants=constants)
    out, state = layer(x, tape=tape)
    bar, state_bar = rng.normal(size=out.shape), type(state)(rng.normal(size=state.v.shape))

    g = layer.backward(bar, tape, state_bar)

    def loss(x=x, tau=constants):
        out, state = TemporalReceptiveField((2, 4), time_constants=tau)(x)
        return (bar * out).sum() + (state_bar.v * state.v).sum()

    tolerance.assert_close(g.x, gradient(lambda v: loss(x=v), x), DIFFERENCE, "x")
    # steps of 1e-6 in numbers of hundreds: differences are good to 1e-5 of the largest
    tolerance.assert_close(g.weights["tau_mem_inv"], gradient(lambda v: loss(tau=v), constants),
                           1e-4, "tau")


def test_temporal__runs_a_step_a_call(rng):
    x = rng.normal(size=(5, 3, 2, 4))
    whole, _ = TemporalReceptiveField((2, 4))(x)

    steps, _ = Lift(TemporalReceptiveField((2, 4), activation=LIBoxCell))(x)

    np.testing.assert_array_equal(steps, whole)


def test_temporal__takes_other_neurons(rng):
    layer = TemporalReceptiveField(
        (2, 4), activation=LIF, activation_state_map=lambda tau: LIFParameters(tau_mem_inv=tau / 5))
    out, state = layer(np.full((40, 2, 4), 0.5))

    assert set(np.unique(out)) == {0.0, 1.0} and state.v.shape == (4, 2, 4)
    assert layer.weights["tau_mem_inv"].shape == (4, 2, 1)


def test_temporal__goes_on_from_a_state(rng):
    x, layer = rng.normal(size=(8, 2, 4)), TemporalReceptiveField((2, 4), trainable=())
    whole, _ = layer(x)
    _, state = layer(x[:3])

    np.testing.assert_array_equal(layer(x[3:], state)[0], whole[3:])
    assert layer.weights == {}


def rf(rows=ROWS, **options):
    return SpatialReceptiveField2d(1, 5, rows, **options)


def sampled(**change):
    return SampledSpatialReceptiveField2d(1, 5, **{
        "scales": [1.0], "angles": [0.0], "ratios": [0.5], "derivatives": 1} | change)


@pytest.mark.parametrize("call, error, message", [
    (lambda: rf(ROWS[:, :5]), ValueError, r"parameters must have shape \(n, 7\)"),
    (lambda: rf(ROWS * -1), ValueError, "scale must be positive"),
    (lambda: rf([[1, 0, 0, 0, 0, 0, 0]]), ValueError, "ratio must be positive"),
    (lambda: rf([[1, 0, 1, 0, 0, 0.5, 0]]), ValueError, "derivatives must be whole numbers"),
    (lambda: rf([[1, 0, 1, 0, np.nan, 0, 0]]), ValueError, "parameters must be finite"),
    (lambda: rf(domain=0), ValueError, "domain must be above 0"),
    (lambda: rf(trainable=("dx",)), ValueError, "trainable must be one of"),
    (lambda: rf(trainable="scale"), TypeError, "trainable must be a tuple"),
    (lambda: rf(stride=0), ValueError, "stride must be at least 1"),
    (lambda: SpatialReceptiveField2d(1, 1, ROWS), ValueError, "size must be at least 2"),
    (lambda: SpatialReceptiveField2d(0, 5, ROWS), ValueError, "in_channels must be at least 1"),
    (lambda: rf()(np.ones((2, 9, 9))), ValueError, r"x must have shape \(..., 1, H, W\)"),
    (lambda: rf()(np.ones((1, 3, 9))), ValueError, "x must be at least as large as the window"),
    (lambda: rf().backward(None, Tape()), ValueError, "tape must end with a call"),
    (lambda: sampled(scales=2.0), ValueError, "scale must be a list of values"),
    (lambda: sampled(ratios=[0.0]), ValueError, "ratio must be positive"),
    (lambda: sampled(derivatives=-1), ValueError, "derivatives must be at least 0"),
    (lambda: sampled(derivatives=[(1, 2, 3)]), ValueError, "derivatives must be a number or pairs"),
    (lambda: sampled(derivatives=[(1, -2)]), ValueError, "derivatives must be whole numbers"),
    (lambda: gaussian.temporal_scale_distribution(0), ValueError, "n_scales must be at least 1"),
    (lambda: gaussian.temporal_scale_distribution(3, c=1.0), ValueError, "c must be above 1"),
    (lambda: gaussian.temporal_scale_distribution(3, max_scale=0), ValueError, "max_scale must be"),
    (lambda: gaussian.spatio_temporal_parameters([1], [0], [1], 0, 3.0), ValueError,
     "temporal_scales must be a list"),
    (lambda: TemporalReceptiveField(()), ValueError, "shape must have at least one axis"),
    (lambda: TemporalReceptiveField((2, 4), min_scale=0.1), ValueError, "dt must be at most"),
    (lambda: TemporalReceptiveField((2, 4), time_constants=np.ones((3, 4))), ValueError,
     r"time_constants must have shape \(n_scales,\) or \(n_scales, 2, 1\)"),
    (lambda: TemporalReceptiveField((2, 4))(np.ones((5, 4, 2))), ValueError,
     r"x must have shape \(..., 2, 4\)"),
    (lambda: TemporalReceptiveField((2, 4))(np.ones(4)), ValueError, "x must have shape"),
])
def test_fields__refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()
