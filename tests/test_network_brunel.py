"""Brunel's network: its wiring, its jumps, and the four regimes of figure 8."""

import importlib

import numpy as np
import pytest

from eventsnn.analyse import IntervalStatistics, population_rate, synchrony
from eventsnn.networks import brunel
from eventsnn.simulate import Network, group
from tests.published_networks import late_spikes, run

module = importlib.import_module("eventsnn.networks.brunel")  # the package's name is the function


def by_name(net):
    return {(c.pre.population.name, c.post.population.name): c for c in net.connections}


def test_brunel__has_the_parameters_published():
    # Brunel (2000), section 2 and figure 8: mV, ms.
    p = module.parameters(1e-9)

    assert 1 / p.tau_mem_inv == pytest.approx(20e-3)
    assert (p.v_th, p.v_reset, p.v_leak, p.reset_subtract) == (20, 10, 0, 0)
    assert module.REGIMES == {"SR": (3, 2), "SI-fast": (6, 4), "AI": (5, 2), "SI-slow": (4.5, 0.9)}
    assert (module.WEIGHT, module.DELAY, module.REFRACTORY) == (0.1, 1.5e-3, 2e-3)


def test_brunel__has_the_synapses_published():
    net = brunel()

    assert {name: len(q) for name, q in net.populations.items()} == {"exc": 10_000, "inh": 2500}
    assert net.n_synapses == 12_500 * 1250
    for (pre, _), c in by_name(net).items():
        assert set(c.in_degree()) == {1000 if pre == "exc" else 250}
    assert net.synapse_bytes < 2.5 * net.n_synapses


@pytest.mark.parametrize("options", [{}, {"in_degree": 250}, {"neurons": 2500}, {"weight": 0.3}])
def test_brunel__drives_by_what_reaches_threshold(options):
    net = brunel(**{"neurons": 1250, "eta": 1.5, **options})

    for drive in net.describe()["poisson"]:
        jump = drive["weight"] * -np.expm1(-net.dt / 20e-3)
        assert drive["events_per_step"] / net.dt * jump * 20e-3 == pytest.approx(1.5 * 20.0)


@pytest.mark.parametrize("neurons", [1250, 2500, 12_500])
def test_brunel__mean_input_does_not_depend_on_size(neurons):
    net = brunel(neurons)

    for (pre, _), c in by_name(net).items():
        jump = -np.expm1(-net.dt / 20e-3) * c.synapses(0, 1).weights[0]  # mV
        assert c.in_degree()[0] * jump == pytest.approx(100 if pre == "exc" else -125)


def test_brunel__procedural_is_the_network_of_that_probability():
    kept, drawn = (brunel(1250, connections=c, seed=4) for c in ("probability", "procedural"))
    a, b = (net.record(net.populations["exc"], "spikes") for net in (kept, drawn))
    for net in (kept, drawn):
        net.run(0.05)

    for (pre, _), c in by_name(kept).items():
        degree = c.in_degree()
        assert degree.mean() == pytest.approx(100 if pre == "exc" else 25, rel=0.03)
        assert degree.std() == pytest.approx(np.sqrt(0.9 * degree.mean()), rel=0.2)
    assert len(a) > 500
    np.testing.assert_array_equal(a.times, b.times)
    np.testing.assert_array_equal(a.ids, b.ids)
    assert drawn.synapse_bytes == 0 < kept.synapse_bytes


def test_brunel__spread_gives_each_synapse_its_own():
    net = brunel(1250, spread=0.2, seed=2)

    for (pre, _), c in by_name(net).items():
        found = c.synapses()
        mean = (1.0 if pre == "exc" else -5.0) * 1250 / 125 * 0.1  # mV
        jumps = -np.expm1(-net.dt / 20e-3) * found.weights
        assert jumps.mean() == pytest.approx(mean, rel=0.02)
        assert jumps.std() == pytest.approx(0.2 * abs(mean), rel=0.05)
        assert (np.sign(jumps) == np.sign(mean)).all()
        assert found.delays.mean() == pytest.approx(1.4e-3, rel=0.02)
        assert found.delays.std() == pytest.approx(0.28e-3, rel=0.05)


def test_brunel__in_degree_is_as_told():
    net = brunel(2000, in_degree=500)

    assert {pre: set(c.in_degree()) for (pre, _), c in by_name(net).items()} == {
        "exc": {400}, "inh": {100}}


@pytest.mark.parametrize("dt", [1e-4, 5e-5])
def test_brunel__a_spike_moves_the_potential_after_the_delay(dt):
    net = Network(dt)
    p, delay = module.parameters(dt), 1.5e-3
    source = net.population("source", 1, p, initial={"v": 30.0})  # spikes in its first step
    target = net.population("target", 1, p, initial={"v": 5.0})
    jump = by_name(brunel(1250, dt=dt))["exc", "exc"].synapses(0, 1).weights[0]  # of 1 mV
    net.connect(source, target, probability=1.0, weight=jump, delay=delay - dt)
    v = net.record(target, "v")

    net.run(4e-3)

    alone = 5.0 * np.exp(-v.times / 20e-3)
    since = v.times - dt - delay  # the spike is at the end of the first step
    expected = alone + np.where(since > -dt / 2, np.exp(-since / 20e-3), 0.0)
    np.testing.assert_allclose(v.values[:, 0], expected, atol=2e-5)


def figures(regime, skip, seconds):
    """Rate, Hz; CV of intervals; synchrony; strongest rhythm, Hz."""
    net = brunel(regime=regime, seed=3)
    times, ids = late_spikes(net, skip, seconds)
    intervals = IntervalStatistics(12_500)
    intervals.add(times, ids)
    chi = synchrony((times, ids), 12_500, 1e-3, t_start=skip, t_stop=skip + seconds)
    rate, _ = population_rate((times, ids), 12_500, t_start=skip, t_stop=skip + seconds,
                              bin_size=1e-3)
    power = abs(np.fft.rfft(rate - rate.mean())) ** 2
    return (len(ids) / 12_500 / seconds, np.nanmean(intervals.cv()), chi,
            np.fft.rfftfreq(len(rate), 1e-3)[power.argmax()])


# Rates and rhythms are those of table 1; regular is a CV near 0, asynchronous a synchrony
# near 0: bins of 1 ms, 12,500 neurons.
def test_brunel__asynchronous_irregular():
    rate, cv, chi, _ = figures("AI", 0.1, 0.4)

    assert rate == pytest.approx(37.7, rel=0.03)
    assert 0.35 < cv < 0.5 and chi < 0.2


def test_brunel__synchronous_regular():
    rate, cv, chi, rhythm = figures("SR", 0.1, 0.1)

    assert rate > 200 and cv < 0.05 and chi > 0.4
    assert rhythm == pytest.approx(rate, rel=0.05)  # every neuron fires in every cycle


def test_brunel__synchronous_irregular_fast():
    rate, cv, chi, rhythm = figures("SI-fast", 0.1, 0.3)

    assert rate == pytest.approx(60.7, rel=0.08)
    assert rhythm == pytest.approx(180, rel=0.1)
    assert cv > 0.6 and 0.1 < chi < 0.4


def test_brunel__synchronous_irregular_slow():
    rate, cv, chi, rhythm = figures("SI-slow", 0.1, 0.9)

    # Over seeds such runs have a standard deviation of 0.34 Hz: three of them.
    assert rate == pytest.approx(5.5, abs=3 * 0.34)
    assert rhythm == pytest.approx(22, rel=0.25)
    assert cv > 0.3 and chi > 0.1


def test_brunel__any_number_of_threads_same_spikes(monkeypatch):
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)
    hashes = [run(brunel(1250, seed=5, threads=n), 0.2).sha256() for n in (1, 2)]

    assert hashes[0] == hashes[1]
    assert hashes[0] != run(brunel(1250, seed=6), 0.2).sha256()


@pytest.mark.parametrize(("options", "message"), [
    ({"neurons": 99}, "neurons must be at least 100, got 99"),
    ({"regime": "IA"}, "regime must be one of AI, SI-fast, SI-slow, SR, got 'IA'"),
    ({"g": -1.0}, "g must be at least 0"),
    ({"eta": float("nan")}, "eta must be finite"),
    ({"eta": 1e9}, "rate must be at most"),
    ({"in_degree": 4}, "in_degree must be at least 5"),
    ({"in_degree": 12_499}, "in_degree must be at most 12498"),
    ({"weight": 0.0}, "weight must be above 0"),
    ({"delay": 1e-4}, "delay must be at least two steps, 0.0002 s, got 0.0001 s"),
    ({"dt": 0.03, "delay": 0.06}, "dt must be at most 0.02 s.*did you pass milliseconds"),
    ({"threads": 0}, "threads must be at least 1"),
])
def test_brunel__refuses(options, message):
    with pytest.raises(ValueError, match=message):
        brunel(**options)
