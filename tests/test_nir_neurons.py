"""Imported neurons converge to the equations that NIR's paper has, as the step goes to 0."""

import nir
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eventsnn.interop import from_nir

T = 0.06  # s
CURRENT = np.array([1.3, 0.8, 1.9])
FIELDS = {  # three neurons, nothing as by default
    "tau": np.array([0.012, 0.02, 0.007]), "tau_syn": np.array([0.004, 0.009, 0.006]),
    "r": np.array([2.0, 1.4, 0.9]), "w_in": np.array([0.7, 1.2, 1.1]),
    "v_leak": np.array([0.1, -0.2, 0.15]), "v_threshold": np.array([0.8, 0.5, 0.9]),
    "v_reset": np.array([-0.1, 0.05, 0.2]),
}


def node_of(name):
    cls = getattr(nir, name)
    own = {k: v for k, v in FIELDS.items() if k in cls.__dataclass_fields__}
    if name.startswith("Cuba"):
        own["tau_mem"] = FIELDS["tau"]
    if name in ("I", "IF"):
        own["r"] = 40 * FIELDS["r"]  # per second
    return cls(**own)


def equations(name, node, k):
    """The right-hand side of NIR's equations for neuron `k`: of (v,), or of (v, i)."""
    current = CURRENT[k]
    if name in ("I", "IF"):
        return lambda t, y: [node.r[k] * current]
    if name in ("LI", "LIF"):
        return lambda t, y: [(node.v_leak[k] - y[0] + node.r[k] * current) / node.tau[k]]
    return lambda t, y: [(node.v_leak[k] - y[0] + node.r[k] * y[1]) / node.tau_mem[k],
                         (-y[1] + node.w_in[k] * current) / node.tau_syn[k]]


def start(name, node, k):
    if name == "I":
        return [0.0]
    if name == "IF":
        return [node.v_reset[k]]
    return [node.v_leak[k], 0.0] if name.startswith("Cuba") else [node.v_leak[k]]


def exact(name, node, k):
    """Times of spikes, and the potential at `T`, of the equations in continuous time."""
    t, y, spikes = 0.0, start(name, node, k), []
    fires = hasattr(node, "v_threshold")

    def above(t, y):
        return y[0] - node.v_threshold[k]
    above.terminal, above.direction = True, 1

    while t < T:
        found = solve_ivp(equations(name, node, k), (t, T), y, rtol=1e-10, atol=1e-12,
                          events=above if fires else None)
        t, y = found.t[-1], list(found.y[:, -1])
        if found.status == 1:
            spikes.append(t)
            y[0] = node.v_reset[k]
    return np.array(spikes), y[0]


def imported(name, dt):
    """Spike times of each neuron (or the outputs), and the potentials at `T`."""
    model = from_nir(nir.NIRGraph.from_list(node_of(name)), dt=dt)
    n_steps = round(T / dt)
    out, (state,) = model(np.broadcast_to(CURRENT, (n_steps, 3)))
    return [(np.flatnonzero(out[:, k]) + 1) * dt for k in range(3)], state.v


@pytest.mark.parametrize("name", ["LI", "CubaLI", "I"])
def test_integrator__converges_in_first_order(name):
    expected = np.array([exact(name, node_of(name), k)[1] for k in range(3)])

    errors = [np.abs(imported(name, dt)[1] - expected) for dt in (1e-4, 5e-5)]

    if name == "I":  # Euler is exact for a constant input
        np.testing.assert_allclose(imported(name, 1e-3)[1], expected, rtol=1e-9)
        np.testing.assert_allclose(expected, node_of(name).r * CURRENT * T, rtol=1e-9)
    else:
        np.testing.assert_allclose(errors[0] / errors[1], 2, rtol=0.05)
        assert (errors[1] < 2e-3).all()


@pytest.mark.parametrize("name", ["LIF", "CubaLIF", "IF"])
def test_spikes__converge_to_those_of_the_equations(name):
    node = node_of(name)
    expected = [exact(name, node, k)[0] for k in range(3)]
    assert min(len(spikes) for spikes in expected) > 1

    largest = []
    for dt in (4e-5, 2e-5, 1e-5):
        spikes, _ = imported(name, dt)
        errors = [np.abs(a - e).max() for a, e in zip(spikes, expected, strict=True)
                  if len(a) == len(e)]
        assert len(errors) == 3
        largest.append(max(errors) / dt)

    # of first order: each spike is up to a step late, and the membrane is up to a step off
    assert max(largest) < 2.5 * max(len(spikes) for spikes in expected)


def test_lif__has_the_closed_form():
    node, dt = node_of("LIF"), 1e-5
    drive = node.v_leak + node.r * CURRENT
    period = node.tau * np.log((drive - node.v_reset) / (drive - node.v_threshold))

    spikes, _ = imported("LIF", dt)

    for k in range(3):
        np.testing.assert_allclose(np.diff(spikes[k]), period[k], atol=2 * dt)


def test_files__without_a_reset_mean_0(tmp_path):
    import h5py

    nir.write(tmp_path / "a.nir", nir.NIRGraph.from_list(node_of("LIF"), node_of("CubaLIF"),
                                                         node_of("IF")))
    with h5py.File(tmp_path / "a.nir", "a") as file:
        for name in ("lif", "cubalif", "if"):
            del file["node/nodes"][name]["v_reset"]

    model = from_nir(tmp_path / "a.nir", dt=1e-3)

    assert [layer.p.v_reset for layer in model] == [0, 0, 0]


def test_spike__is_above_the_threshold_and_not_at_it():
    node = nir.IF(r=np.array([1.0, 1.0]), v_threshold=np.array([1.0, 0.75]))

    out, _ = from_nir(nir.NIRGraph.from_list(node), dt=0.5)(np.full((2, 2), 1.0))

    assert out.tolist() == [[0, 0], [0, 1]]
