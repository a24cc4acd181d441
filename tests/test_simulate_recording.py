"""What is recorded of a network, in memory and in a file, and its state between runs."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import Network
from tests.networks_under_test import DT, mixed, steps_of


def test_record__file_equals_memory(tmp_path):
    net = mixed(n=900)
    memory = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    sizes = {name: len(q) for name, q in net.populations.items()}
    with Recorder(tmp_path / "run.h5", sizes, DT) as recorder:
        net.run(0.05, recorder=recorder)
        net.run(0.05, recorder=recorder)
        recorder.duration = net.time

    with Recording(tmp_path / "run.h5") as recording:
        for name, r in memory.items():
            times, ids = next(recording.chunks(name))
            assert_array_equal(steps_of(times), steps_of(r.times))
            assert_array_equal(ids, r.ids)
        assert recording.duration == pytest.approx(0.1)


def test_record__spikes_are_sorted_by_time_and_neuron():
    net = mixed(n=9000)
    recorded = net.record(net.populations["a"], "spikes")

    net.run(0.03)

    order = np.lexsort([recorded.ids, recorded.times])
    assert_array_equal(order, np.arange(len(order)))
    assert len(order) > 1000 and recorded.ids.max() > 8200
    assert len(np.unique(np.stack([recorded.times, recorded.ids]), axis=1).T) == len(order)


def test_record__parts_number_their_neurons_from_0():
    net = mixed(n=900)
    a = net.populations["a"]
    whole, part, none = net.record(
        a, "spikes"), net.record(
        a[200: 300],
        "spikes"), net.record(
        a[5: 5],
        "spikes")
    v, v_part = net.record(a, "v", every=1e-3), net.record(a[200:300], "v", every=1e-3)

    net.run(0.05)

    mine = (whole.ids >= 200) & (whole.ids < 300)
    assert_array_equal(part.ids, whole.ids[mine] - 200)
    assert_array_equal(part.times, whole.times[mine])
    assert_array_equal(v_part.values, v.values[:, 200:300])
    assert len(part.ids) > 10 and len(none.ids) == 0


@pytest.mark.parametrize("every", [1, 2, 7, 1500])
def test_record__samples_at_multiples_of_the_interval(every):
    net = mixed(n=90)
    cells = net.populations["b"]
    each, some = net.record(cells, "v"), net.record(cells, "v", every=every * DT)

    net.run(0.1)
    net.run(0.2)

    assert_array_equal(steps_of(some.times), np.arange(every, 3001, every))
    assert_array_equal(some.values, each.values[every - 1::every])
    assert some.values.shape == (3000 // every, len(cells))


def test_record__may_begin_between_runs():
    net, reference = mixed(n=90), mixed(n=90)
    before = [reference.record(reference.populations["a"], v) for v in ("spikes", "v")]

    net.run(0.05)
    after = [net.record(net.populations["a"], v) for v in ("spikes", "v")]
    for n in (net, reference):
        n.run(0.05)
    reference.run(0.05)

    assert steps_of(after[1].times)[0] == 501
    assert len(after[1].times) == 500 and len(before[1].times) == 1000
    assert 0 < len(after[0].times) and after[0].times.min() > 0.05


def test_state__is_a_copy_of_the_last_sample():
    net = mixed(n=90)
    b = net.populations["b"]
    traces = {name: net.record(b[2:], name) for name in ("v", "i_exc", "rho")}

    net.run(0.05)
    state = net.state(b[2:])
    for name, trace in traces.items():
        assert_array_equal(getattr(state, name), trace.values[-1])
    state.v[:] = 100.0

    assert net.state(b).v.max() < 10


def test_state__before_the_run_is_the_initial_state():
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters(v_leak=0.5), initial={"i": [1.0, 2.0, 3.0]})

    state = net.state(cells)

    assert_array_equal(state.v, 0.5)
    assert_array_equal(state.i, [1.0, 2.0, 3.0])
