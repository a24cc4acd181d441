"""e-prop on a device: losses and gradients of the CPU, step by step and in the training loop."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import eventsnn
from eventsnn import layers, to, train
from eventsnn.core.fields import map_fields
from eventsnn.engine import eligibility
from eventsnn.engine.cuda import eligibility as there
from eventsnn.neurons import LIFBoxParameters, LIFParameters, LIParameters, LSNNParameters
from eventsnn.spikes import to_events
from eventsnn.surrogates import SuperSpike
from tests.cuda.nests import assert_device_gives
from tests.layers_under_test import normal
from tests.naive.plain import plain

T, B, N_IN, N, N_OUT = 6, 3, 4, 5, 2
CHAINS = {
    "LIF": (layers.LIFRecurrent, LIFParameters(v_th=0.3), layers.LI, True),
    "box": (layers.LIFBoxRecurrent, LIFBoxParameters(v_th=0.3), layers.LIBox, True),
    "LSNN": (layers.LSNNRecurrent, LSNNParameters(v_th=0.3, beta=0.5), layers.LI, False),
    "refractory": (layers.LIFRefracRecurrent, None, layers.LI, False),
}


def chain(name="LSNN"):
    cls, p, readout, stop_reset = CHAINS[name]
    return layers.SequentialState(
        cls(N_IN, N, p, SuperSpike(5.0), input_weights=9 * abs(normal(N, N_IN)),
            recurrent_weights=normal(N, N, seed=1), stop_reset=stop_reset, autapses=name == "LIF"),
        layers.Linear(N, N_OUT, seed=4), readout())


def data():
    x = (np.random.default_rng(3).random((T, B, N_IN)) < 0.6).astype(np.float32)
    return x, normal(B, T, N_OUT, seed=5), np.array([0, 1, 1])


@pytest.mark.parametrize("feedback", ["symmetric", "random"])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("name", CHAINS)
def test_gradients_on_device__are_those_of_the_cpu(name, loss, feedback):
    x, target, classes = data()
    labels = target if loss == "mse" else classes
    e_prop, penalties = train.EProp(loss, feedback, seed=3), [train.Rate(0, most=5.0)]

    here = e_prop.run(chain(name), x, labels, penalties)
    found = e_prop.run(chain(name).to("cuda"), to(x, "cuda"), labels, penalties)

    assert found.loss == pytest.approx(here.loss, rel=1e-6)
    assert found.correct == here.correct or loss == "mse"
    assert all(np.any(bar) for bar in here.gradients.values())
    assert_device_gives(found.gradients, here.gradients, "gradients")


def test_events_and_weights__are_taken_too():
    x, _, classes = data()
    e_prop, penalties = train.EProp(start=2), [train.Weight(1e-2)]

    here = e_prop.run(chain(), to_events(x), classes, penalties)
    found = e_prop.run(chain().to("cuda"), to(to_events(x), "cuda"), classes, penalties)

    assert_device_gives(found.gradients, here.gradients, "gradients")


def test_steps_on_device__restart_as_on_the_cpu():
    x, target, _ = data()
    found = []
    for where in "cpu", "cuda":
        learning = train.EProp("mse").begin(chain().to(where))
        given = []
        for t, x_t in enumerate(to(x, where)[k] for k in range(T)):
            y = learning.step(x_t, None if t == 1 else target[:, t])
            if t % 2:
                given += [y, learning.gradients(restart=True)]
        found.append(given)

    assert_device_gives(found[1], found[0], "steps")


def test_fit_on_device__learns_as_on_the_cpu():
    x, _, classes = data()
    weights = []
    for where in "cpu", "cuda":
        model = chain().to(where)
        train.fit(model, np.swapaxes(x, 0, 1), classes, epochs=2, batch_size=2, progress=False,
                  online=train.EProp(), optimiser=train.SGD(0.1))
        weights.append(model.weights)

    assert_device_gives(weights[1], weights[0], "weights")
    assert not np.allclose(weights[0]["0.input_weights"], chain().weights["0.input_weights"])


@pytest.mark.parametrize("total", [False, True], ids=["plain", "total"])
@pytest.mark.parametrize("n_fields", [1, 2, 4])
def test_advance__gives_the_bits_of_the_cpu(n_fields, total):
    rng = np.random.default_rng(n_fields)

    def draw(*shape):
        return rng.normal(size=shape).astype(np.float32)

    by_s = draw(n_fields, 1 + n_fields, B, N)
    by_s[:, ::2, 1] = 0
    cell = layers.LICell(LIParameters())
    state = cell.model.state
    arrays = [by_s, draw(1 + n_fields, B, N), draw(B, N_IN), draw(B, N),
              draw(n_fields, B, N, N_IN), state(*(draw(B, N, N_IN) for _ in state._fields)),
              draw(N, N_IN), draw(B, N, N_IN) if total else None]
    moved = to(arrays, "cuda")
    constants = map_fields(np.float32, cell.p), np.float32(1e-3), cell.threshold
    rows = np.empty((1 + n_fields, N_IN), np.float32)

    plain(eligibility.advance)(*arrays[:6], *constants, rows, *arrays[6:])
    there.advance(*moved[:6], *constants, None, *moved[6:])

    for one, other in zip(eventsnn.to(moved[4:], "cpu"), arrays[4:]):
        for a, b in zip(*((x if isinstance(x, tuple) else (x,)) for x in (one, other))):
            if b is not None:
                assert_array_equal(a, b)
