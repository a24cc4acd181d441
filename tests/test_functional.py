"""norse's step functions by norse's names: against its results, our layers, and plain loops."""

import inspect
import pathlib

import h5py
import numpy as np
import pytest

from eventsnn import functional, neurons
from eventsnn.layers import RecurrentState
from tests import tolerance
from tests.golden.case import Case
from tests.golden.neurons import NAMES, PARAMETERS

GOLDEN = pathlib.Path(__file__).parent / "data" / "golden"
CASES = []  # (family, case) of steps iterated from a given state
for family in NAMES:
    with h5py.File(GOLDEN / f"{family}.h5") as file:
        CASES += [(family, name) for name, case in file.items()
                  if case.attrs["kind"] in ("feed_forward", "recurrent")
                  # arrays and methods are compiled anew for each neuron: once is enough here
                  and (family == "lif" or "_method_" not in name and "per_neuron" not in name)]

FEED_FORWARD = [n for n in vars(functional) if n.endswith("feed_forward_step")]
RECURRENT = [n for n in vars(functional) if n.endswith("_step") and "input_weights" in
             inspect.signature(getattr(functional, n)).parameters]
FLOAT32 = {"lif_feed_forward_step", "li_feed_forward_step", "lif_mc_feed_forward_step", "lif_step",
           "lif_mc_refrac_step", "coba_lif_step"}  # the others are compiled for float64 alone
COUPLED = [n for n in vars(functional) if n.startswith("lif_mc")]


def rng():
    return np.random.default_rng(5)


def in_float_types(names):
    return [(name, dtype) for name in names for dtype in (np.float64, np.float32)
            if dtype is np.float64 or name in FLOAT32]


def step_name(family, kind):
    if kind == "feed_forward":
        return f"{family}_feed_forward_step"
    return "izhikevich_recurrent_step" if family == "izhikevich" else f"{family}_step"


@pytest.mark.parametrize("family, name", CASES, ids=lambda value: value)
def test_steps__agree_with_reference(family, name):
    with h5py.File(GOLDEN / f"{family}.h5") as file:
        case = Case(family, name, file[name])
    step = getattr(functional, step_name(family, case.attributes["kind"]))
    stem = PARAMETERS.get(NAMES[family], NAMES[family])
    p = case.parameters(getattr(neurons, f"{stem}Parameters"))
    cls = getattr(neurons, f"{stem}State")
    state = cls(*(case.inputs[f"initial_{f}"] for f in cls._fields))
    options = {}
    if (method := case.attributes["method"]) != "none":
        options = {"method": method, "alpha": float(case.params.get("alpha", 100.0))}
    if "reset by subtraction" in case.attributes["model"]:
        p = p._replace(reset_subtract=1.0)
    if family == "coba_lif" and case.attributes["kind"] == "recurrent":
        options["lost_input"] = "both conductance jumps" not in case.attributes["model"]
    if "initial_z" in case.inputs:
        state = RecurrentState(case.inputs["initial_z"], state)
    matrices = [case.inputs[k] for k in ("input_weights", "recurrent_weights", "g_coupling")
                if k in case.inputs]

    outs, states = [], []
    for x in case.inputs["input"]:
        out, state = step(x, state, *matrices, p, case.dt, **options)
        outs.append(out)
        states.append(getattr(state, "neuron", state))

    case.output("out", np.stack(outs))
    for f in cls._fields:
        case.output(f"state_{f}", np.stack([getattr(s, f) for s in states]))


def test_reference__has_a_case_of_every_step():
    covered = {step_name(f, "feed_forward" if n.startswith("ff") else "recurrent")
               for f, n in CASES}

    assert {*FEED_FORWARD, *RECURRENT} - covered == {"lif_correlation_step"}


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
@pytest.mark.parametrize("name, dtype", in_float_types(FEED_FORWARD))
def test_feed_forward_steps__keep_shape_and_dtype_and_change_nothing(name, batch, dtype):
    step, x = getattr(functional, name), rng().normal(20, 10, (*batch, 5)).astype(dtype)
    matrices = [np.eye(5, dtype=dtype) / 10] if name in COUPLED else []
    given = x.copy()

    z, state = step(x, None, *matrices)
    before = [a.copy() for a in state]
    z, after = step(x, state, *matrices)

    assert z.dtype == dtype and z.shape == x.shape
    assert all(a.dtype == dtype and a.shape == x.shape for a in after)
    assert np.array_equal(x, given) and all(map(np.array_equal, state, before))


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
@pytest.mark.parametrize("name, dtype", in_float_types(
    n for n in RECURRENT if "correlation" not in n))
def test_steps_with_weights__keep_shape_and_dtype_and_change_nothing(name, batch, dtype):
    step, x = getattr(functional, name), rng().normal(2, 1, (*batch, 3)).astype(dtype)
    w, r, g = (rng().normal(size=s).astype(dtype) for s in ((5, 3), (5, 5), (5, 5)))
    matrices = [w, r, g / 50] if name in COUPLED else [w] if name.startswith("li_") else [w, r]
    given = [m.copy() for m in matrices]

    z, state = step(x, None, *matrices)
    z, after = step(x, state, *matrices)

    assert z.dtype == dtype and z.shape == (*batch, 5)
    assert all(a.dtype == dtype and a.shape == z.shape for a in getattr(after, "neuron", after))
    assert all(map(np.array_equal, matrices, given))


def test_steps__take_whole_numbers_and_bools():
    spikes = np.array([[True, False, True]])

    z, state = functional.lif_feed_forward_step(spikes)
    z2, _ = functional.lif_feed_forward_step(spikes.astype(np.int8), state)

    assert z.dtype == z2.dtype == state.v.dtype == np.float32


@pytest.mark.parametrize("name", [*FEED_FORWARD, *RECURRENT, "lif_step_integral",
                                  "lif_feed_forward_integral"])
def test_steps__have_names_documents_and_the_order_of_norse(name):
    step = getattr(functional, name)

    weights = [] if "feed_forward" in name else (
        ["input_weights"] if name.startswith("li_") else ["input_weights", "recurrent_weights"])
    coupling = ["g_coupling"] if name in COUPLED else []
    order = ["x", "state", *weights, *coupling, "p", "dt"]

    assert list(inspect.signature(step).parameters)[:len(order)] == order
    assert step.__name__ == name and "{" not in step.__doc__
    assert step.__doc__.startswith("A sequence of" if name.endswith("integral") else "One step of")


def test_diagonal_of_weights__counts():
    state = RecurrentState(np.ones(1), neurons.LIFState(np.zeros(1), np.zeros(1)))

    _, after = functional.lif_step(np.zeros(1), state, np.zeros((1, 1)), np.full((1, 1), 2.0))

    assert after.neuron.v == pytest.approx(0.2) and after.neuron.i == pytest.approx(1.6)


def test_integrators__are_the_plain_loop():
    x, w, dt = rng().normal(size=(20, 2, 3)), rng().normal(size=(4, 3)), 4e-4
    p, box = neurons.LIParameters(300.0, 150.0, 0.2), neurons.LIBoxParameters(150.0, 0.2)
    v, i, v_box = np.full((2, 4), 0.2), np.zeros((2, 4)), np.full((2, 4), 0.2)
    state = ff = state_box = ff_box = None
    for x_t in x:
        drive = np.array([[sum(w[k, j] * x_b[j] for j in range(3)) for k in range(4)]
                          for x_b in x_t])
        i = i + drive
        v, i = v + dt * 150.0 * (0.2 - v + i), i - dt * 300.0 * i
        v_box = v_box + dt * 150.0 * (0.2 - v_box + drive)

        out, state = functional.li_step(x_t, state, w, p, dt)
        out_ff, ff = functional.li_feed_forward_step(drive, ff, p, dt)
        out_box, state_box = functional.li_box_step(x_t, state_box, w, box, dt)
        out_ff_box, ff_box = functional.li_box_feed_forward_step(drive, ff_box, box, dt)
        for got, expected in ((out, v), (state.i, i), (out_ff, v), (ff.i, i), (out_box, v_box),
                              (out_ff_box, v_box)):
            tolerance.assert_close(got, expected, tolerance.OUTPUT, "potential or current")


def test_lif_step_integral__gives_all_outputs():
    x, w, r = rng().normal(1, 1, (30, 2, 3)), rng().normal(size=(4, 3)), rng().normal(size=(4, 4))
    state, outs = None, []
    for x_t in x:
        z, state = functional.lif_step(x_t, state, w, r)
        outs.append(z)

    out, end = functional.lif_step_integral(x, None, w, r)

    assert out.shape == (30, 2, 4) and out.sum() > 0
    assert np.array_equal(out, np.stack(outs)) and np.array_equal(end.neuron.v, state.neuron.v)


def test_lif_feed_forward_integral__is_the_step_iterated():
    x, p = rng().normal(0.4, 0.3, (30, 2, 3)), neurons.LIFParameters(v_th=0.5)

    out, end = functional.lif_feed_forward_integral(x, None, p, 5e-4)
    lifted, last = functional.lift(functional.lif_feed_forward_step, p)(x, dt=5e-4)

    assert out.sum() > 0 and np.array_equal(out, lifted)
    assert np.array_equal(end.v, last.v) and np.array_equal(end.i, last.i)


def test_lift__threads_the_state_and_prefers_the_parameters_of_the_call():
    x, seen = np.arange(3.0), []

    def step(x, state=None, p=None):
        seen.append((x, state, p))
        return x, (state or 0) + 1

    assert functional.lift(step, p="own")(x)[1] == 3
    out, state = functional.lift(step, p="own")(x, state=7, p="other")

    assert np.array_equal(out, x) and state == 10
    assert seen == [(0, None, "own"), (1, 1, "own"), (2, 2, "own"),
                    (0, 7, "other"), (1, 8, "other"), (2, 9, "other")]
