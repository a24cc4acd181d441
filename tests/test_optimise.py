"""Optimisers: steps by hand, a naive twin, published properties, refusals."""

import math

import numpy as np
import pytest

from eventsnn.train import SGD, Adam, AdamW, Clipped, RMSprop
from eventsnn.train.optimise import with_rate

OPTIMISERS = [SGD(0.1), SGD(0.1, momentum=0.9), Adam(0.1), Adam(0.02, betas=(0.5, 0.8), eps=1e-3),
              AdamW(0.05, weight_decay=1e-4), RMSprop(0.01),
              RMSprop(0.005, 0.9, 1e-4, momentum=0.5)]
every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SHAPES = {"0.weight": (3, 4), "bias": (5,), "tau_mem_inv": ()}


def arrays(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {name: np.array(rng.normal(size=shape), dtype) for name, shape in SHAPES.items()}


def naive(optimiser, w, gradients):
    """Weights, one number, after steps with these gradients; in Python floats, as published."""
    first = second = 0.0
    for t, g in enumerate(gradients, 1):
        if isinstance(optimiser, SGD):
            first = optimiser.momentum * first + g if t > 1 else g
            w = w - optimiser.learning_rate * first
        elif isinstance(optimiser, RMSprop):
            second = optimiser.decay * second + (1 - optimiser.decay) * g * g
            first = optimiser.momentum * first + g / (math.sqrt(second) + optimiser.eps)
            w = w - optimiser.learning_rate * first
        else:
            if isinstance(optimiser, AdamW):
                w = w - optimiser.learning_rate * optimiser.weight_decay * w
            beta_1, beta_2 = optimiser.betas
            first = beta_1 * first + (1 - beta_1) * g
            second = beta_2 * second + (1 - beta_2) * g * g
            unbiased, square = first / (1 - beta_1**t), second / (1 - beta_2**t)
            w = w - optimiser.learning_rate * unbiased / (math.sqrt(square) + optimiser.eps)
    return w


@every_dtype
@every_optimiser
def test_update__equals_naive_steps(optimiser, dtype):
    n_steps = 20
    weights = arrays(0, dtype)
    start = {name: w.copy() for name, w in weights.items()}
    gradients = [arrays(1 + t, dtype) for t in range(n_steps)]
    state = optimiser.init(weights)

    for g in gradients:
        optimiser.update(weights, g, state)

    for name, w in weights.items():
        for index in np.ndindex(w.shape):
            expected = naive(optimiser, float(start[name][index]),
                             [float(g[name][index]) for g in gradients])
            # a few roundings a step, of weights and steps of the order of 1
            assert abs(w[index] - expected) <= 16 * n_steps * np.finfo(dtype).eps, (name, index)


def test_sgd__momentum_by_hand():
    weights, sgd = {"w": np.array([1.0])}, SGD(0.5, momentum=0.5)
    state = sgd.init(weights)

    path = []
    for g in (2.0, 4.0, 0.0):
        sgd.update(weights, {"w": np.array([g])}, state)
        path.append(weights["w"].item())

    # m = 2, 5, 2.5: not damped, the first momentum is the first gradient
    assert path == [0.0, -2.5, -3.75]


def test_adam__first_step_is_the_learning_rate_whatever_the_gradient():
    weights = {"w": np.zeros(4)}
    adam = Adam(0.01)

    adam.update(weights, {"w": np.array([1e-3, -1.0, 1e6, 0.0])}, adam.init(weights))

    np.testing.assert_allclose(weights["w"], [-0.01, 0.01, -0.01, 0.0], rtol=2e-5)


def test_adam__eps_is_outside_of_the_root():
    weights, adam = {"w": np.zeros(1)}, Adam(1.0, eps=1.0)

    adam.update(weights, {"w": np.array([1.0])}, adam.init(weights))

    assert weights["w"].item() == pytest.approx(-1 / (1 + 1), rel=1e-15)  # inside: -1 / sqrt(2)


@every_optimiser
def test_update__finds_the_minimum_of_a_quadratic(optimiser):
    target = np.array([3.0, -1.0])
    weights = {"w": np.zeros(2)}
    state = optimiser.init(weights)

    for _ in range(2000):
        optimiser.update(weights, {"w": weights["w"] - target}, state)

    # Adam's steps do not shrink with the gradient: it ends within one of the minimum
    atol = 2 * optimiser.learning_rate / (1 - getattr(optimiser, "momentum", 0.0))
    np.testing.assert_allclose(weights["w"], target, rtol=0, atol=atol)


@every_dtype
@every_optimiser
def test_update__is_in_place_and_keeps_dtypes(optimiser, dtype):
    weights = arrays(0, dtype)
    live, before = dict(weights), {name: w.copy() for name, w in weights.items()}
    state = optimiser.init(weights)

    optimiser.update(weights, arrays(1), state)  # float64 gradients

    assert state["step"] == 1
    for name, w in weights.items():
        assert w is live[name] and w.dtype == dtype and (w != before[name]).all()
        for part in state.values():
            assert isinstance(part, int) or (part[name].dtype, part[name].shape) == (dtype, w.shape)


@every_optimiser
@pytest.mark.parametrize("view", [np.transpose, lambda a: a[:, ::2], lambda a: a[::-1]])
def test_update__works_on_views(optimiser, view):
    base, g = np.arange(24.0).reshape(4, 6), np.ones((4, 6))
    contiguous, viewed = {"w": view(base).copy()}, {"w": view(base.copy())}

    for weights in (contiguous, viewed):
        state = optimiser.init(weights)
        for _ in range(3):
            optimiser.update(weights, {"w": view(g)}, state)

    np.testing.assert_array_equal(viewed["w"], contiguous["w"])


@every_optimiser
def test_update__of_a_subset_leaves_the_rest(optimiser):
    weights = arrays(0)
    part = {"bias": weights["bias"]}
    frozen = weights["0.weight"].copy()

    optimiser.update(part, {"bias": np.ones(5)}, optimiser.init(part))

    np.testing.assert_array_equal(weights["0.weight"], frozen)


@pytest.mark.parametrize("make, words", [
    (lambda: SGD(-1.0), "learning_rate must be at least 0, got -1"),
    (lambda: SGD(math.nan), "learning_rate must be finite"),
    (lambda: SGD(0.1, momentum=1.0), "momentum must be below 1, got 1.0"),
    (lambda: Adam(betas=(0.9, 1.0)), "betas must be below 1, got 1.0"),
    (lambda: Adam(betas=(0.9,)), "betas must be two numbers"),
    (lambda: Adam(eps=-1e-8), "eps must be at least 0"),
    (lambda: AdamW(weight_decay=-1.0), "weight_decay must be at least 0, got -1"),
    (lambda: AdamW(betas=(0.9, 1.0)), "betas must be below 1, got 1.0"),
    (lambda: RMSprop(decay=1.0), "decay must be below 1, got 1.0"),
    (lambda: RMSprop(momentum=-0.1), "momentum must be at least 0"),
    (lambda: Clipped(SGD(0.1), norm=0.0), "norm must be above 0, got 0"),
    (lambda: Clipped(SGD(0.1), value=math.inf), "value must be finite"),
])
def test_optimisers__refuse_hyper_parameters(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@every_optimiser
def test_update__refuses_what_does_not_fit_and_changes_nothing(optimiser):
    weights = arrays(0)
    state, before = optimiser.init(weights), arrays(0)
    right = arrays(1)
    bad_shape = right | {"bias": np.ones(1)}  # would broadcast
    missing = {name: right[name] for name in ("0.weight", "bias")}

    for gradients, words in [(bad_shape, r"gradients\['bias'\] must have shape \(5,\)"),
                             (missing, "gradients must have the names of the weights"),
                             (right | {"new": np.ones(1)}, "gradients must have the names")]:
        with pytest.raises(ValueError, match=words):
            optimiser.update(weights, gradients, state)

    assert state["step"] == 0
    for name, w in weights.items():
        np.testing.assert_array_equal(w, before[name])


def test_update__refuses_the_state_of_another_optimiser():
    weights = arrays(0)

    with pytest.raises(ValueError, match="state must hold mean, mean_square.*init"):
        Adam().update(weights, arrays(1), SGD(0.1, 0.9).init(weights))


@pytest.mark.parametrize("w, got", [(np.arange(3), "int64"), ([1.0, 2.0], "list")])
def test_init__refuses_weights_that_cannot_be_trained(w, got):
    with pytest.raises(TypeError, match=rf"weights\['w'\] must be a float32 or .*, got {got}"):
        Adam().init({"w": w})


@every_optimiser
def test_update__refuses_read_only_weights(optimiser):
    weights = {"w": np.zeros(2)}
    state = optimiser.init(weights)
    weights["w"].flags.writeable = False

    with pytest.raises(ValueError, match="must be writeable"):
        optimiser.update(weights, {"w": np.ones(2)}, state)


def test_adamw__without_decay_is_adam():
    a, b = arrays(0), arrays(0)
    adam, adamw = Adam(0.1), AdamW(0.1, weight_decay=0.0)
    state_a, state_b = adam.init(a), adamw.init(b)

    for t in range(3):
        adam.update(a, arrays(t), state_a)
        adamw.update(b, arrays(t), state_b)

    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipped__norm_is_over_all_weights_and_leaves_short_gradients(dtype):
    weights, clipped = arrays(0, dtype), Clipped(SGD(1.0), norm=2.0)
    start = {name: w.copy() for name, w in weights.items()}
    long, short = arrays(1, dtype), {name: g / 100 for name, g in arrays(1, dtype).items()}
    given = {name: g.copy() for name, g in long.items()}

    clipped.update(weights, long, clipped.init(weights))

    moved = math.sqrt(sum(float(((w - start[name])**2).sum()) for name, w in weights.items()))
    assert moved == pytest.approx(2.0, rel=1e-5)
    length = math.sqrt(sum(float((g**2).sum()) for g in long.values()))
    for name, g in long.items():
        np.testing.assert_array_equal(g, given[name])
        np.testing.assert_allclose(start[name] - weights[name], g * 2 / length, rtol=1e-4,
                                   atol=1e-6)
    before = {name: w.copy() for name, w in weights.items()}
    clipped.update(weights, short, clipped.init(weights))
    for name, w in weights.items():
        np.testing.assert_array_equal(w, before[name] - short[name])


def test_clipped__value_cuts_each_element():
    weights, clipped = {"w": np.zeros(3)}, Clipped(SGD(1.0), value=0.5)

    clipped.update(weights, {"w": np.array([-3.0, 0.25, 0.75])}, clipped.init(weights))

    assert weights["w"].tolist() == [0.5, -0.25, -0.5]


def test_clipped__refuses_what_is_no_optimiser_and_no_bound():
    with pytest.raises(TypeError, match="optimiser must be an optimiser, got 0.1"):
        Clipped(0.1, norm=1.0)
    with pytest.raises(TypeError, match="norm or value must be given, got neither"):
        Clipped(SGD(0.1))


def test_with_rate__changes_nothing_but_the_rate():
    assert with_rate(Adam(1e-3, eps=1e-5), 0.5) == Adam(0.5, eps=1e-5)
    assert with_rate(Clipped(SGD(0.1, 0.9), norm=1.0), 0.5) == Clipped(SGD(0.5, 0.9), norm=1.0)
    with pytest.raises(TypeError, match="optimiser must have a learning_rate"):
        with_rate(object(), 0.1)
