"""The cuba network behaves as published."""

import numpy as np
import pytest

from eventsnn.networks import cuba
from eventsnn.networks.cuba import PARAMETERS
from eventsnn.simulate import group
from tests import naive_network as naive
from tests import published_networks
from tests.tolerance import STANDARD_ERRORS


def run(seconds, **options):
    net = cuba(**options)
    return net, published_networks.run(net, seconds)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_cuba__fires_as_published(seed):
    net, statistics = run(10.0, seed=seed)

    rates = np.concatenate([i.rates(10.0) for i in statistics.intervals.values()])
    cv = np.concatenate([i.cv() for i in statistics.intervals.values()])
    assert 5.1 < rates.mean() < 6.1
    assert 0.70 < np.nanmean(cv) < 0.80
    assert net.cost.spikes == sum(i.counts.sum() for i in statistics.intervals.values())


def test_cuba__rate_does_not_depend_on_size():
    _, statistics = run(3.0, neurons=16_000)

    assert 5.1 < np.concatenate([i.rates(3.0) for i in statistics.intervals.values()]).mean() < 6.1


def test_cuba__half_the_step_same_rate():
    _, statistics = run(3.0, dt=5e-5)

    assert 4.9 < np.concatenate([i.rates(3.0) for i in statistics.intervals.values()]).mean() < 6.3


@pytest.mark.parametrize(("neurons", "seed"), [(4000, 0), (4000, 1), (10_000, 2), (100, 3)])
def test_cuba__has_the_synapses_published(neurons, seed):
    net = cuba(neurons, seed=seed)

    p = min(1.0, 80 / neurons)
    n_exc, pairs = round(0.8 * neurons), neurons * (neurons - 1)
    assert {name: len(q) for name, q in net.populations.items()} == {
        "exc": n_exc, "inh": neurons - n_exc}
    assert abs(net.n_synapses - p * pairs) < STANDARD_ERRORS * np.sqrt(pairs * p * (1 - p)) + 1
    for e in naive.unpack(net):
        assert (e.weights == np.float32(1.62 if e.pre == "exc" else -9.0)).all()
        assert (e.channel, e.delay) == (0 if e.pre == "exc" else 1, 1)


def test_cuba__starts_between_reset_and_threshold():
    net = cuba(seed=4)

    v = np.concatenate([net.state(q).v for q in net.populations.values()])

    assert PARAMETERS.v_reset <= v.min() and v.max() <= PARAMETERS.v_th
    middle, spread = -55.0, 10 / np.sqrt(12)
    assert abs(v.mean() - middle) < STANDARD_ERRORS * spread / np.sqrt(len(v))
    assert abs(v.std() - spread) < 0.1


def test_cuba__is_refractory():
    net = cuba(seed=1)
    spikes = net.record(net.populations["exc"], "spikes")

    net.run(1.0)

    order = np.lexsort([spikes.times, spikes.ids])
    same = np.diff(spikes.ids[order]) == 0
    assert np.diff(spikes.times[order])[same].min() > 5e-3 - 1e-9


def test_cuba__any_number_of_threads_same_spikes(monkeypatch):
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)
    hashes = [run(1.0, neurons=10_000, seed=6, threads=threads)[1].sha256() for threads in (1, 2)]

    assert hashes[0] == hashes[1]
    assert hashes[0] != run(1.0, neurons=10_000, seed=7)[1].sha256()


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"neurons": 99}, ValueError, "neurons must be at least 100, got 99"),
    ({"neurons": 4000.0}, TypeError, "neurons must be a whole number"),
    ({"dt": 0.0}, ValueError, "dt must be above 0"),
    ({"dt": 0.1}, ValueError, "dt must be at most 0.01 s .* did you pass milliseconds"),
    ({"seed": -1}, ValueError, "seed must be at least 0"),
    ({"threads": 0}, ValueError, "threads must be at least 1"),
])
def test_cuba__refuses(options, error, message):
    with pytest.raises(error, match=message):
        cuba(**options)
