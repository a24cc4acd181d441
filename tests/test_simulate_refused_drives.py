"""What drives, sources, distributions and recorders of networks refuse, before any work."""

import numpy as np
import pytest

from eventsnn.neurons import LIFExcInhParameters, LIFParameters, LIParameters
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import ClippedNormal, LogNormal, Network, Normal, Uniform, driven
from tests.networks_under_test import DT


def poisson(**options):
    return lambda net, q: net.poisson(q, **{"rate": 1.0, "weight": 1.0} | options)


def current(*values, **options):
    return lambda net, q: net.current(q, *values, **options)


def noise(*values, **options):
    return lambda net, q: net.noise(q, *values, **options)


def spikes(times, ids, **options):
    return lambda net, q: net.spikes(q, times, ids, **options)


def source(*values, **options):
    return lambda net, q: net.source("given", *values, **options)


def drawn(p=LIFParameters(), **options):
    return lambda net, q: net.population("new", 50, p, **options)


NAN, INF = float("nan"), float("inf")
TWO = [0.0, 1e-3]
BAD = [  # what is done with a network and its population of 4 neurons, error, message
    (poisson(rate=-1.0), ValueError, "rate must be at least 0, got -1"),
    (poisson(rate=[1.0, 2.0, -3.0, 0.0]), ValueError, "rate must be at least 0, got -3"),
    (poisson(rate=[1.0, NAN, 3.0, 0.0]), ValueError, "rate must be finite, got nan in 1 of 4"),
    (poisson(rate=INF), ValueError, "rate must be finite, got inf"),
    (poisson(rate=[1.0, 2.0]), ValueError, r"rate must have shape \(\) or \(4,\), got \(2,\)"),
    (poisson(rate="1"), TypeError, "rate must hold real numbers"),
    (poisson(rate=None), TypeError, "rate must hold real numbers"),
    (poisson(rate=1j), TypeError, "rate must hold real numbers"),
    (poisson(rate=[[1.0], [1.0, 2.0]]), ValueError, "rate must be an array of real numbers"),
    (poisson(rate=1.1e10), ValueError, "rate must be at most 1.04858e.10 / s at this dt"),
    (poisson(rate=[1.0, 0.0, 0.0, 2e10]), ValueError, "rate must be at most"),
    (poisson(rate=1.0, times=TWO), ValueError,
     r"rate must have shape \(2,\) or \(2, 4\) to match times, got \(\)"),
    (poisson(rate=[1.0, 2.0, 3.0], times=TWO), ValueError, "rate must have shape"),
    (poisson(rate=np.ones((2, 3)), times=TWO), ValueError, "rate must have shape"),
    (poisson(rate=[1.0, -2.0], times=TWO), ValueError, "rate must be at least 0, got -2"),
    (poisson(rate=[1.0, NAN], times=TWO), ValueError, "rate must be finite"),
    (poisson(rate=[1.0, 2.0], times=[1e-3, 0.0]), ValueError,
     r"times must rise by dt = 0.0001 s or more, got 0.001 s and then 0 s"),
    (poisson(rate=[1.0, 2.0], times=[1e-3, 1e-3]), ValueError, "times must rise by dt"),
    (poisson(rate=[1.0, 2.0], times=[1e-3, 1.02e-3]), ValueError, "times must rise by dt"),
    (poisson(rate=[1.0, 2.0], times=[-1e-3, 1e-3]), ValueError, "times must be at least 0 s"),
    (poisson(rate=[1.0, 2.0], times=[0.0, NAN]), ValueError, "times must be finite"),
    (poisson(rate=[1.0, 2.0], times=[0.0, INF]), ValueError, "times must be finite"),
    (poisson(rate=[1.0, 2.0], times=[0.0, 1e12]), ValueError, "times must be below 2..48 steps"),
    (poisson(rate=[[1.0, 2.0]], times=[TWO]), ValueError, r"times must have shape \(2,\)"),
    (poisson(rate=[1.0, 2.0], times="ab"), TypeError, "times must hold real numbers"),
    (poisson(rate=[], times=[]), ValueError, "times must hold one time or more, got none"),
    (current([], []), ValueError, "times must hold one time or more, got none"),
    (noise(0.0, 1.0, 1e300), ValueError, r"every must be below 2\^48 steps, got 1e.300 s"),
    (spikes([0.0, 1.0], [[0], [1, 2]]), ValueError, "ids must be an array of whole numbers, got"),
    (spikes([0.0], None), TypeError, "ids must be whole numbers, got dtype object"),
    (spikes([1j], [0]), TypeError, "times must hold real numbers, got dtype complex"),
    (source(2**31, [], []), ValueError, "size must be at most 2147483647"),
    (source(3, [1e300], [0]), ValueError, "times must be below 2..48 steps"),
    (poisson(weight=NAN), ValueError, "weight must be finite"),
    (poisson(weight=1e39), ValueError, "weight must be finite"),
    (poisson(weight=[1.0, 2.0]), ValueError, r"weight must have shape \(\) or \(4,\)"),
    (poisson(weight="1"), TypeError, "weight must hold real numbers"),
    (poisson(channel="exc"), ValueError, "channel must be None: cells has one input"),
    (lambda net, q: net.poisson("cells", rate=1.0, weight=1.0), TypeError,
     "post must be a population or a part of one, got str"),
    (current(NAN), ValueError, "value must be finite"),
    (current(1e39), ValueError, "value must be finite"),
    (current([1.0, 2.0]), ValueError, r"value must have shape \(\) or \(4,\), got \(2,\)"),
    (current("1"), TypeError, "value must hold real numbers"),
    (current([1.0, 2.0, 3.0], TWO), ValueError, r"value must have shape \(2,\) or \(2, 4\)"),
    (current([1.0, 2.0], [2e-3, 1e-3]), ValueError, "times must rise by dt"),
    (current([1.0, 2.0], [-1.0, 1e-3]), ValueError, "times must be at least 0 s, got -1 s"),
    (current(1.0, channel="inh"), ValueError, "channel must be None"),
    (noise(NAN), ValueError, "mean must be finite"),
    (noise([1.0, 2.0]), ValueError, r"mean must have shape \(\) or \(4,\)"),
    (noise(0.0, -1.0), ValueError, "std must be at least 0, got -1"),
    (noise(0.0, [1.0, 1.0, -2.0, 0.0]), ValueError, "std must be at least 0, got -2"),
    (noise(0.0, INF), ValueError, "std must be finite"),
    (noise(0.0, np.ones(5)), ValueError, r"std must have shape \(\) or \(4,\)"),
    (noise(0.0, 1.0, 0.0), ValueError, "every must be at least dt = 0.0001 s, got 0 s"),
    (noise(0.0, 1.0, -1e-3), ValueError, "every must be at least dt"),
    (noise(0.0, 1.0, NAN), ValueError, "every must be finite"),
    (noise(0.0, 1.0, "1"), TypeError, "every must be a number"),
    (noise(channel="exc"), ValueError, "channel must be None"),
    (spikes([0.0, 1.0], [1]), ValueError, r"ids must have shape \(2,\) to match times, got"),
    (spikes([0.0], [4]), ValueError, r"ids must lie in 0 ... 3, got 4"),
    (spikes([0.0], [-1]), ValueError, r"ids must lie in 0 ... 3, got -1"),
    (spikes([0.0], [1.0]), TypeError, "ids must be whole numbers, got dtype float64"),
    (spikes([NAN], [1]), ValueError, "times must be finite"),
    (spikes([-DT], [1]), ValueError, "times must be at least 0 s"),
    (spikes([[0.0]], [[1]]), ValueError, r"times must have shape \(1,\)"),
    (spikes([1e12], [1]), ValueError, "times must be below .* did you pass milliseconds"),
    (spikes([0.0], [1], weight=NAN), ValueError, "weight must be finite"),
    (spikes([0.0], [1], weight=[1.0, 2.0]), ValueError, r"weight must have shape \(\) or \(4,\)"),
    (source(3), TypeError, "source must be given times and ids, or a recording, got neither"),
    (source(3, [0.0]), TypeError, "source must be given times and ids, or a recording"),
    (source(3, [0.0], [0], recording="x"), TypeError, "source must be given times and ids, or"),
    (source(None, [0.0], [0]), TypeError, "size must be a whole number, got None"),
    (source(0, [], []), ValueError, "size must be at least 1"),
    (source(3, [0.0], [3]), ValueError, r"ids must lie in 0 ... 2, got 3"),
    (source(3, [0.0], [0], population="a"), ValueError, "population must be None without a rec"),
    (source(3, recording=5), TypeError, "recording must be a Recording, or the path of one"),
    (source(3, recording="no such file.h5"), OSError, "no such file.h5"),
    (lambda net, q: net.source("cells", 3, [], []), ValueError, "name must be new"),
    (lambda net, q: net.source("a/b", 3, [], []), ValueError, "name must not be empty"),
    (lambda net, q: q[::2], TypeError, r"be a slice like \[:100\], got slice.*; of other neurons"),
    (drawn(LIFParameters(tau_mem_inv=Normal(100.0, 100.0))), ValueError,
     "tau_mem_inv must be positive"),
    (drawn(LIFParameters(v_th=LogNormal(200.0, 1.0))), ValueError, "v_th must be finite"),
    (lambda net, q: Normal(1.0, -1.0), ValueError, "std must be at least 0, got -1"),
    (lambda net, q: Normal(NAN, 1.0), ValueError, "mean must be finite, got nan"),
    (lambda net, q: Normal("1", 1.0), TypeError, "mean must be a number, got '1'"),
    (lambda net, q: LogNormal(0.0, -1.0), ValueError, "sigma must be at least 0, got -1"),
    (lambda net, q: Uniform(2.0, 1.0), ValueError, "high must be at least low = 2, got 1"),
    (lambda net, q: Uniform(0.0, INF), ValueError, "high must be finite"),
    (lambda net, q: ClippedNormal(0.0, 1.0, 1.0, 0.0), ValueError, "high must be above low = 1"),
    (lambda net, q: ClippedNormal(0.0, 0.0, 1.0, 2.0), ValueError, "std must be above 0, got 0"),
    (drawn(initial={"u": Uniform(0.0, 1.0)}), ValueError, "initial must be one of i, v, got 'u'"),
    (drawn(refractory=Normal(1e-3, 1e-3)), ValueError, "refractory must be at least 0"),
    (drawn(refractory=np.full(49, 1e-3)), ValueError, r"refractory must have shape"),
    (drawn(refractory=np.full(50, NAN)), ValueError, "refractory must be finite"),
    (drawn(LIParameters(), refractory=Uniform(0.0, 1.0)), TypeError, "must have a refractory form"),
]


@pytest.mark.parametrize(("action", "error", "message"), BAD)
def test_network__refuses(action, error, message):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(error, match=message) as caught:
        action(net, cells)

    assert "\n" not in str(caught.value)
    assert list(net.populations) == ["cells"] and not net.sources and not net._drives


@pytest.mark.parametrize("action", [
    current(1.0), noise(), spikes([0.0], [1]), poisson()])
def test_drives__name_the_channels(action):
    net = Network(DT)
    cells = net.population("cells", 4, LIFExcInhParameters())

    with pytest.raises(ValueError, match="channel must be one of exc, inh, got None"):
        action(net, cells)


def test_drives__more_than_can_be_told_apart_are_refused(monkeypatch):
    monkeypatch.setattr(driven, "MOST_DRIVES", 2)
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    net.poisson(cells, rate=1.0, weight=1.0)
    net.noise(cells)

    with pytest.raises(ValueError, match="a network must have at most 2 random drives, got 3"):
        net.noise(cells)


@pytest.mark.parametrize("action", [
    current(1.0), noise(), spikes([0.0], [1]), source(3, [0.0], [1])])
def test_network__refuses_additions_after_the_run(action):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    net.run(0.0)

    with pytest.raises(RuntimeError, match="complete before it is built or run"):
        action(net, cells)


def test_drives__of_no_neurons_are_none():
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    for action in (current(1.0), noise(), spikes([], []), poisson()):
        action(net, cells[2:2])

    net.run(DT)

    assert not any(values.any() for values in net.state(cells))


@pytest.mark.parametrize(("populations", "dt", "message"), [
    ({"cells": 4}, 2 * DT, "dt of the recorder must be that of the network, 0.0001 s, got 0.0002"),
    ({"cells": 5}, DT, "populations of the recorder must hold 'cells' of 4 neurons, got 5"),
    ({"others": 4}, DT, "populations of the recorder must hold 'cells' of 4 neurons, got none"),
])
def test_run__refuses_a_recorder_that_does_not_fit(tmp_path, populations, dt, message):
    net = Network(DT)
    net.population("cells", 4, LIFParameters())

    with pytest.raises(ValueError, match=message), \
            Recorder(tmp_path / "run.h5", populations, dt) as recorder:
        net.run(1.0, recorder=recorder)

    assert net.step == 0


def test_source__refuses_what_a_recording_does_not_hold(tmp_path):
    with Recorder(tmp_path / "run.h5", {"a": 5, "b": 3}, DT) as recorder:
        recorder.append("a", [1, 2], [0, 4])
    net = Network(DT)
    for options, message in [
            ({}, "population must be one of a, b, got None"),
            ({"population": "aa"}, "population must be one of a, b, got 'aa'; did you mean 'a'"),
            ({"population": "a", "size": 4}, "size must be at least 5, got 4")]:
        for recording in (tmp_path / "run.h5", Recording(tmp_path / "run.h5")):
            with pytest.raises(ValueError, match=message):
                net.source("given", recording=recording, **options)
    assert len(net.source("given", recording=tmp_path / "run.h5", population="b")) == 3
