"""Numbers that outgrow 32 bits: of steps, of synapses, and of entries of a matrix."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.connect.listed import listed
from eventsnn.connect.rows import Site
from eventsnn.core import random
from eventsnn.errors import FormatError
from eventsnn.neurons import LIFParameters
from eventsnn.plasticity import PairSTDP
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import (
    AllToAll, FixedOutDegree, FixedTotalNumber, Network, Normal, snapshot, synapse_values,
)
from tests.networks_under_test import DT

N_STEPS = 300
NEAR = [2**31 - 20, 2**32 - 20, 2**33 + 7, random.STEP_LIMIT - N_STEPS - 1]


def network(step=0):
    """A network that learns, and draws nothing as it runs, after so many steps without a spike."""
    net = Network(DT)
    cells = net.population("cells", 20, LIFParameters(), refractory=1e-3,
                           initial={"v": np.linspace(0, 0.9, 20)})
    for delay, weight in ((1, 0.1), (7, -0.05), (40, 0.2)):
        net.connect(cells, cells, AllToAll(autapses=False), weight=weight, delay=delay * DT)
    net.connect(cells, cells, AllToAll(), weight=0.05, delay=3 * DT, plasticity=PairSTDP())
    net.constant(cells, 0.03)
    stored = net.store()
    net.restore(stored._replace(step=step))
    return net


def run(net, n_steps=N_STEPS, **options):
    cells = net.populations["cells"]
    spikes, v = net.record(cells, "spikes"), net.record(cells, "v")
    net.run(n_steps * DT, **options)
    steps = np.concatenate([chunk[0] for chunk in spikes._chunks])
    return steps, spikes, v, [*net.state(cells), net.connections[-1].to_scipy().toarray()]


@pytest.mark.parametrize("step", NEAR)
def test_run__is_the_same_after_very_many_steps(step):
    steps, spikes, v, state = run(network())
    later, spikes_later, v_later, state_later = run(network(step))

    assert len(steps) > 100
    assert_array_equal(later - step, steps)
    assert_array_equal(spikes_later.ids, spikes.ids)
    assert_array_equal(spikes_later.times, later * DT)
    assert_array_equal(v_later.times, (step + np.arange(1, N_STEPS + 1)) * DT)
    assert_array_equal(v_later.values, v.values)
    for later, now in zip(state_later, state, strict=True):
        assert_array_equal(later, now)
    assert np.unique(state[-1]).size > 3  # it has learned


@pytest.mark.parametrize("step", NEAR)
def test_recording__holds_steps_of_any_number(step, tmp_path, no_fsync):
    net = network(step)
    with Recorder(tmp_path / "run.h5", {"cells": 20}, DT) as recorder:
        steps, spikes, _, _ = run(net, recorder=recorder)
        recorder.duration = net.time

    with Recording(tmp_path / "run.h5") as recording:
        times, ids = recording.spikes("cells")
    assert_array_equal(np.rint(times / DT).astype(np.int64), steps)
    assert_array_equal(ids, spikes.ids)


@pytest.mark.parametrize("step", NEAR)
def test_snapshot__goes_on_after_very_many_steps(step, tmp_path, no_fsync):
    whole = run(network(step))
    net = network(step)
    net.run(123 * DT)
    net.save(tmp_path / "snap.h5")

    again = Network.load(tmp_path / "snap.h5")
    rest = run(again, N_STEPS - 123)

    assert again.step == step + N_STEPS
    assert_array_equal(rest[0], whole[0][whole[0] > step + 123])
    for later, now in zip(rest[3], whole[3], strict=True):
        assert_array_equal(later, now)


@pytest.mark.parametrize("step", [random.STEP_LIMIT - 5, 2**48, 2**53 - 2])
def test_run__ends_before_numbers_of_steps_do(step):
    net = network(step)

    with pytest.raises(ValueError, match=r"seconds must end before step 2\^48, 2.81475e\+10 s"):
        net.run(10 * DT)

    assert net.step == step


@pytest.mark.parametrize("step", [2**48 + 1, 2**53, 2**63, 2**70, -1, 1.5, "3", None, True])
def test_load__refuses_a_step_that_cannot_be(step, tmp_path, monkeypatch):
    write = snapshot.write
    monkeypatch.setattr(snapshot, "write", lambda path, made, *rest: write(
        path, made | {"step": step}, *rest))
    network().save(tmp_path / "snap.h5")

    with pytest.raises(FormatError, match=r"does not hold together \(step must be "):
        Network.load(tmp_path / "snap.h5")


@pytest.mark.parametrize(("rule", "n_pre", "n_post", "expected"), [
    (AllToAll(), 70_000, 40_000, 70_000 * 40_000), (AllToAll(), 70_000, 70_000, 70_000**2),
    (FixedOutDegree(60_000), 40_000, 70_000, 40_000 * 60_000),
    (FixedOutDegree(60_000, multapses=False), 80_000, 70_000, 80_000 * 60_000),
    (FixedTotalNumber(2**31 + 1), 20_000, 50_000, 2**31 + 1),
    (FixedTotalNumber(2**33 + 5), 20_000, 50_000, 2**33 + 5)],
    ids=lambda value: repr(value))
@pytest.mark.parametrize("weight", [0.1, Normal(0.0, 1.0)], ids=["one", "own"])
def test_rules__ask_for_room_for_more_than_2_to_31(rule, n_pre, n_post, expected, weight,
                                                   monkeypatch):
    asked = []

    def refused(n, dtype):
        asked.append(n)
        raise MemoryError

    monkeypatch.setattr(synapse_values, "allocate", refused)
    net = Network(DT)
    pre = net.population("pre", n_pre, LIFParameters())
    post = net.population("post", n_post, LIFParameters(v_th=2.0))
    made = net.connect(pre, post, rule, weight=weight, delay=DT)
    net.connect(pre[:1], post[:3], AllToAll(), delay=DT)

    with pytest.raises(MemoryError):
        net.build()

    assert asked == [expected + 3] and repr(made)


def test_matrix__entries_beyond_2_to_32_are_found():
    indices = np.lib.stride_tricks.as_strided(np.full(1, 3), (2**32 + 10,), (0,))
    indptr = np.array([2**32, 2**32 + 2, 2**32 + 2, 2**32 + 7])  # those before are of other rows
    site = Site(np.uint64(0), 0, 0, 3, 0, 8, False, 8)
    rows = np.zeros((1, 4), np.uint32)

    listed(site, indptr, indices, np.zeros(1, np.int64), rows, None)
    targets = np.zeros(7, np.uint16)
    starts = np.array([[0, 2, 2, 7]], np.uint32)
    listed(site, indptr, indices, np.zeros(1, np.int64), starts, targets)

    assert rows.tolist() == [[2, 0, 5, 0]] and targets.tolist() == [3] * 7
