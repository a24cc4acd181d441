"""Networks give the same, however they are run: threads, pieces, recorders, progress."""

import os
import subprocess
import sys

import pytest
from numpy.testing import assert_array_equal

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import Network, group
from tests.networks_under_test import CASES, DT, fingerprint, mixed, steps_of, twin_of


@pytest.fixture
def forced(monkeypatch):
    """However small the network, threads share it."""
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)


def test_network__same_seed_same_run():
    first, again, other = (fingerprint(mixed(seed=seed), 0.1) for seed in (3, 3, 4))

    assert first == again
    assert first != other


def test_network__any_number_of_threads_same_run(forced):
    assert fingerprint(mixed(1), 0.1) == fingerprint(mixed(2), 0.1) == fingerprint(mixed(4), 0.1)


def test_network__four_threads_that_exist_same_run():
    script = """
from eventsnn.simulate import group
from tests.networks_under_test import fingerprint, mixed
from eventsnn.connect import blocks
group.PARALLEL_WORK, blocks.size = 0, lambda n: 4096
runs = {fingerprint(mixed(threads), 0.1) for threads in (1, 2, 3, 4)}
import numba
assert numba.get_num_threads() == 4
assert len(runs) == 1, len(runs)
"""
    subprocess.run([sys.executable, "-c", script], check=True,
                   env=os.environ | {"NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"})


def test_network__shared_by_threads_equals_naive(forced):
    twin = twin_of("of_several_blocks", threads=2)
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(150 * DT)

    spikes, _ = twin.naive(150)
    for name, r in recorded.items():
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])


@pytest.mark.parametrize("case", CASES)
def test_network__in_pieces_equals_at_once(case):
    n_steps = CASES[case][1]
    pieces = [1, 2, 0, 3, 5, 7, 64, n_steps // 3]

    at_once = fingerprint(twin_of(case).net, n_steps * DT)

    assert fingerprint(twin_of(case).net, *(n * DT for n in pieces),
                       (n_steps - sum(pieces)) * DT) == at_once


def test_network__in_pieces_equals_at_once_with_weights_of_any_value():
    net = mixed(n=900)

    assert fingerprint(net, DT, 2 * DT, 4 * DT, 0.1 - 7 * DT) == fingerprint(mixed(n=900), 0.1)


def test_network__recording_does_not_change_the_run():
    net = mixed(n=900)
    net.record(net.populations["a"][:1], "v")

    assert fingerprint(net, 0.1) == fingerprint(mixed(n=900), 0.1)


def test_network__little_room_for_spikes_same_run(monkeypatch):
    expected = fingerprint(mixed(n=900), 0.1)
    monkeypatch.setattr(group, "SPIKES", 1)

    assert fingerprint(mixed(n=900), 0.1) == expected


def test_run__rounds_to_whole_steps():
    net = Network(1e-3)
    net.population("cells", 1, LIFParameters())

    net.run(0.0104)
    net.run(0.0)

    assert (net.step, net.time) == (10, 0.01)


@pytest.mark.parametrize("progress", [None, False, True])
def test_run__progress_goes_to_standard_error_and_changes_nothing(capsys, progress):
    net = mixed(n=90)
    recorded = net.record(net.populations["a"], "spikes")

    net.run(0.25, progress=progress)

    reference = mixed(n=90)
    expected = reference.record(reference.populations["a"], "spikes")
    reference.run(0.25)
    assert_array_equal(recorded.times, expected.times)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("0.25/0.25 s" in err) if progress else err == ""
