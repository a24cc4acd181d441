"""Training on a device: the steps of the CPU."""

import numpy as np
import pytest

import eventsnn
from eventsnn import train
from eventsnn.layers import LI, Linear, LIFRecurrent, SequentialState

ROUNDING = 1e-6  # relative to the largest weight, after a few steps in float32

OPTIMISERS = {
    "SGD": train.SGD(0.1, momentum=0.9),
    "Adam": train.Adam(0.1),
    "AdamW": train.AdamW(0.1, weight_decay=0.1),
    "RMSprop": train.RMSprop(0.1),
    "RMSprop with momentum": train.RMSprop(0.1, momentum=0.5),
    "clipped": train.Clipped(train.SGD(0.1), norm=0.5, value=0.8),
}


def normal(*shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser__moves_weights_as_on_the_cpu(name):
    optimiser = OPTIMISERS[name]
    weights = {"a": normal(2, 3, seed=1), "b": normal(2, seed=2)}
    there = eventsnn.to(weights, "cuda")
    state, state_there = optimiser.init(weights), optimiser.init(there)
    first = {name: w.copy() for name, w in weights.items()}
    for step in range(3):
        gradients = {"a": normal(2, 3, seed=step + 3), "b": normal(2, seed=step + 13)}
        optimiser.update(weights, gradients, state)
        optimiser.update(there, eventsnn.to(gradients, "cuda"), state_there)

    for name, w in eventsnn.to(there, "cpu").items():
        assert not np.array_equal(w, first[name])
        np.testing.assert_allclose(w, weights[name], rtol=ROUNDING, atol=ROUNDING)


def build():
    return SequentialState(LIFRecurrent(3, 4, seed=1, trainable=("tau_mem_inv",)),
                           Linear(4, 2, seed=2), LI())


def data():
    rng = np.random.default_rng(4)
    return (rng.random((4, 4, 3)) < 0.7).astype(np.float32) * 3, rng.integers(0, 2, 4)


def options(**others):
    x, y = data()
    return {"batch_size": 2, "progress": False, "optimiser": train.Adam(1e-2),
            "penalties": [train.Rate(0, most=0.1), train.Weight(1e-6)],
            "validation": (x, y), **others}


def test_fit__on_a_device__is_that_of_the_cpu():
    here, there = build(), build().to("cuda")

    ours = train.fit(here, *data(), epochs=1, **options())
    theirs = train.fit(there, *data(), epochs=1, **options())

    assert there.device == "cuda"
    assert all(isinstance(w, type(there.weights["1.bias"])) for w in there.weights.values())
    assert theirs[0].loss == pytest.approx(ours[0].loss, rel=ROUNDING)
    assert theirs[0].validation_loss == pytest.approx(ours[0].validation_loss, rel=ROUNDING)
    for name, w in eventsnn.to(there.weights, "cpu").items():
        assert not np.array_equal(w, build().weights[name])
        np.testing.assert_allclose(w, here.weights[name], rtol=ROUNDING, atol=ROUNDING)


def test_fit__on_a_device__resumes_bit_for_bit(tmp_path):
    whole, first, second = (build().to("cuda") for _ in range(3))
    short = options(validation=None, penalties=[])
    train.fit(whole, *data(), epochs=2, **short)
    train.fit(first, *data(), epochs=1, checkpoint=tmp_path / "run.h5", **short)

    train.fit(second, *data(), epochs=2, checkpoint=tmp_path / "run.h5", resume=True, **short)

    for name, w in eventsnn.to(second.weights, "cpu").items():
        np.testing.assert_array_equal(w, whole.weights[name].to("cpu"))


@pytest.mark.filterwarnings("ignore:.*invalid value:RuntimeWarning")  # a kernel is Python here
def test_fit__a_gradient_that_is_not_finite_is_refused_there_too():
    model = build().to("cuda")
    x, y = data()
    x[0, 0, 0] = np.inf

    with pytest.raises(eventsnn.errors.NumericalError, match="epoch 1, step"):
        train.fit(model, x, y, epochs=1, **options(validation=None, penalties=[]))
