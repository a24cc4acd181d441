"""Spikes by time from files in any order."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.errors import FormatError
from eventsnn.record import Recording, ordered


def foreign(path, times_ms, ids, sorting):
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/cells")
        group["timestamps"], group["node_ids"] = times_ms, ids.astype(np.uint64)
        if sorting is not None:
            group.attrs["sorting"] = sorting
    return path


@pytest.fixture
def by_id(tmp_path):
    rng = np.random.default_rng(0)
    times, ids = np.round(rng.uniform(0, 1000, 5000)), rng.integers(0, 40, 5000)
    order = np.lexsort([times, ids])
    times, ids = times[order], ids[order]
    return foreign(tmp_path / "by_id.h5", times, ids, "by_id"), times / 1e3, ids


def joined(chunks):
    chunks = list(chunks)
    return [np.concatenate(part) for part in zip(*chunks, strict=True)], [c[0].size for c in chunks]


@pytest.mark.parametrize("most", [10, 300, 4999, 5000])
@pytest.mark.parametrize("window", [(None, None), (0.2, None), (0.2, 0.7)])
def test_by_time__sorts_whatever_the_memory(by_id, monkeypatch, most, window):
    path, times, ids = by_id
    monkeypatch.setattr(ordered, "SORTED_SPIKES", most)

    with Recording(path) as recording:
        (got, neurons), sizes = joined(ordered.by_time(recording, "cells", 200, *window))

    mine = (times >= (window[0] or 0)) & (times < (window[1] or np.inf))
    order = np.argsort(times[mine], kind="stable")
    assert_array_equal(got, times[mine][order])
    assert_array_equal(neurons, ids[mine][order])
    assert max(sizes) <= 200


def test_by_time__keeps_no_more_than_its_share(by_id, monkeypatch):
    path, times, _ = by_id
    monkeypatch.setattr(ordered, "SORTED_SPIKES", 500)

    with Recording(path) as recording:
        cuts = ordered._cuts(recording, "cells", 1000, (None, None, None))

    counts, _ = np.histogram(times, [-1.0, *cuts[1:-1], 2.0])
    assert len(counts) >= 10 and counts.max() <= 500 + 20  # of one instant there are some


def test_sorted_chunks__of_some_neurons(by_id):
    path, times, ids = by_id

    with Recording(path) as recording:
        (got, neurons), _ = joined(recording.sorted_chunks("cells", 200, 0.1, None, [3, 17, 99]))

    mine = (times >= 0.1) & np.isin(ids, [3, 17])
    order = np.argsort(times[mine], kind="stable")
    assert_array_equal(got, times[mine][order])
    assert_array_equal(neurons, ids[mine][order])


def test_by_time__of_no_spikes_is_nothing(tmp_path):
    path = foreign(tmp_path / "none.h5", np.empty(0), np.empty(0, int), None)

    with Recording(path) as recording:
        assert list(ordered.by_time(recording, "cells")) == []


def test_by_time__trusts_no_claim(tmp_path):
    path = foreign(tmp_path / "lies.h5", np.array([1.0, 3.0, 2.0]), np.zeros(3, int), "by_time")

    with Recording(path) as recording, pytest.raises(FormatError, match="sorted by time"):
        list(ordered.by_time(recording, "cells", 2))


def test_by_id__trusts_no_claim(tmp_path):
    path = foreign(tmp_path / "lies.h5", np.array([1.0, 3.0, 2.0]), np.array([4, 0, 7]), "by_id")

    with Recording(path) as recording, pytest.raises(FormatError, match="sorted by neuron"):
        recording.spikes("cells")
