"""Spikes that are given: to neurons at once, and as a population that is connected."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from eventsnn.neurons import IAFParameters, LIFParameters
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import Network, source
from tests.networks_under_test import DT, mixed, steps_of


def counting(n):
    """Neurons whose potential is the sum of what they got."""
    net = Network(DT)
    return net, net.population("cells", n, IAFParameters(v_th=1e6))


def arrivals(net, cells, n_steps):
    v = net.record(cells, "v")
    net.run(n_steps * DT)
    return np.diff(v.values, axis=0, prepend=0)


def test_spikes__act_in_the_step_that_begins_at_their_time():
    net, cells = counting(3)
    net.spikes(cells, [7.4 * DT, 0.0, 3.6 * DT, 0.0, 1.0], [2, 1, 0, 1, 0], weight=[1, 2, 4])

    got = arrivals(net, cells, 10)

    expected = np.zeros((10, 3))
    expected[0, 1], expected[4, 0], expected[7, 2] = 4, 1, 4
    assert_array_equal(got, expected)


@pytest.mark.parametrize("delay", [1, 2, 9])
def test_source__arrives_after_the_delay(delay):
    net, cells = counting(2)
    given = net.source("given", 3, [0.0, 4 * DT, 4 * DT, 4 * DT, 8.6 * DT], [0, 1, 1, 2, 0])
    net.connect(given, cells, matrix=sparse.csr_array([[1.0, 8.0], [2.0, 0.0], [4.0, 0.0]]),
                delay=delay * DT)

    got = arrivals(net, cells, 20)

    expected = np.zeros((20, 2))
    expected[delay] += [1, 8]
    expected[4 + delay] += [2 + 2 + 4, 0]
    if 9 + delay < 20:
        expected[9 + delay] += [1, 8]
    assert_array_equal(got, expected)


def test_source__in_any_order_and_any_pieces_the_same():
    rng = np.random.default_rng(3)
    times, ids = rng.integers(0, 500, 300) * DT, rng.integers(0, 8, 300)
    runs = []
    for order in (np.arange(300), rng.permutation(300)):
        for pieces in ([500], [1, 3, 496], [250, 250]):
            net, cells = counting(6)
            net.connect(net.source("given", 8, times[order], ids[order]), cells, probability=0.5,
                        delay=3 * DT)
            v = net.record(cells, "v")
            for n in pieces:
                net.run(n * DT)
            runs.append(v.values)

    assert len(runs[0]) == 500 and all((run == runs[0]).all() for run in runs)


def test_source__its_spikes_can_be_recorded_in_memory_but_go_to_no_recorder(tmp_path):
    net, cells = counting(2)
    given = net.source("given", 4, [0.0, 3 * DT, 3 * DT, 9 * DT, 1.0], [3, 2, 1, 0, 0])
    all_of_it, part = net.record(given, "spikes"), net.record(given[1:3], "spikes")

    with Recorder(tmp_path / "run.h5", {"cells": 2}, DT) as recorder:
        net.run(20 * DT, recorder=recorder)

    assert_array_equal(steps_of(all_of_it.times), [0, 3, 3, 9])
    assert_array_equal(all_of_it.ids, [3, 1, 2, 0])
    assert_array_equal(part.ids, [0, 1])
    assert net.cost.spikes == 0


def recorded(path, populations=("a",), seconds=0.1):
    net = mixed(n=90)
    with Recorder(path, {name: len(q) for name, q in net.populations.items()}, DT) as recorder:
        net.run(seconds, recorder=recorder)
    with Recording(path) as recording:
        return {name: recording.spikes(name) for name in populations}


@pytest.mark.parametrize("chunk", [1, 37, 10**6])
def test_source__of_a_recording_equals_that_of_its_arrays(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(source, "_CHUNK", chunk)
    times, ids = recorded(tmp_path / "run.h5")["a"]
    runs = []
    for given in ({"times": times, "ids": ids, "size": 90},
                  {"recording": tmp_path / "run.h5", "population": "a"},
                  {"recording": Recording(tmp_path / "run.h5"), "population": "a", "size": 90}):
        net, cells = counting(50)
        net.connect(net.source("given", **given), cells, probability=0.2, delay=2 * DT)
        v = net.record(cells, "v", every=1e-3)
        net.run(0.0503)
        net.run(0.08)
        runs.append(v.values)

    assert len(times) > 300
    assert_array_equal(runs[0], runs[1])
    assert_array_equal(runs[0], runs[2])


def test_source__of_a_recording_may_go_back_in_time(tmp_path):
    recorded(tmp_path / "run.h5")
    net = Network(DT)
    given = net.source("given", recording=tmp_path / "run.h5", population="b")

    pieces = [given.take(first, 200) for first in (0, 200, 400, 200, 0)]

    for a, b in [(1, 3), (0, 4)]:
        assert_array_equal(pieces[a][0], pieces[b][0])
        assert_array_equal(pieces[a][1], pieces[b][1])
    assert len(pieces[0][0]) and pieces[1][0].min() > 200 and pieces[1][0].max() <= 400


def test_source__len_slices_and_repr():
    net, _ = counting(2)
    given = net.source("given", 4, [], [])

    assert len(given) == 4 and len(given[1:][:2]) == 2
    assert repr(given[1:]) == "<given[1:4] of spike source>"
    assert net.sources == {"given": given} and list(net.populations) == ["cells"]


def test_source__takes_no_input_and_has_no_state():
    net = Network(DT)
    cells = net.population("cells", 2, LIFParameters())
    given = net.source("given", 4, [], [])

    for action in (lambda: net.connect(cells, given, probability=0.5, delay=DT),
                   lambda: net.poisson(given, rate=1.0, weight=1.0),
                   lambda: net.current(given[:2], 1.0), lambda: net.constant(given, 1.0),
                   lambda: net.noise(given), lambda: net.spikes(given, [], []),
                   lambda: net.record(given, "v"), lambda: net.state(given)):
        with pytest.raises(ValueError, match="must be of neurons that take input, got <given"):
            action()
