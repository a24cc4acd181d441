"""Store-recall, evidence accumulation, delayed XOR: the label follows from what is shown."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import train
from eventsnn.datasets import delayed_xor, evidence_accumulation, store_recall
from eventsnn.layers import Linear, SequentialState

SEVERAL = {"store_recall": (store_recall, {"symbol": 0.01}),
           "evidence_accumulation": (evidence_accumulation, {"delay": 0.1}),
           "delayed_xor": (delayed_xor, {})}
every_task = pytest.mark.parametrize("name", SEVERAL)
SURE = {"rate": 1000.0, "dt": 1e-3}  # a neuron that speaks spikes in each step


def said(inputs, n_groups, start, stop):
    """Whether each group speaks in these steps, (n, n_groups); all its neurons do or none."""
    n, _, n_neurons = inputs.shape
    spoken = inputs[:, start:stop].reshape(n, stop - start, n_groups, n_neurons // n_groups)
    flat = spoken.any((1, 3))
    assert_array_equal(flat, spoken.all((1, 3)))
    return flat


def test_store_recall__answer_is_the_stored_bit_read_off_the_spikes():
    data = store_recall(200, 4, n_symbols=9, p_command=0.3, symbol=0.005, size=3, **SURE)

    assert (data.inputs.shape, data.inputs.dtype) == ((200, 45, 12), bool)
    kept, waits = np.full(200, -9), np.full(200, 2)
    for k in range(9):
        groups = said(data.inputs, 4, 5 * k, 5 * k + 5)
        for i, (zero, one, store, recall) in enumerate(groups):
            assert not (store and recall)
            assert zero + one == (not recall)  # a bit, but for a recall
            if store or recall:
                assert waits[i] == (2 if store else 3)  # they take turns
                waits[i] = 3 if store else 2
            if store:
                kept[i] = one
            assert data.targets[i, k] == (kept[i] if recall else -1)
    assert groups[:, 3].all()  # the last symbol is a recall
    assert_array_equal(data.labels, kept)


@pytest.mark.parametrize("p_command", [1e-9, 1 / 6, 1.0])
def test_store_recall__each_item_ends_with_a_recall(p_command):
    data = store_recall(50, 1, n_symbols=5, p_command=p_command, symbol=0.002, **SURE)

    assert set(data.labels) == {0, 1}
    assert_array_equal(data.targets[:, -1], data.labels)
    recalls = (data.targets >= 0).sum(1)
    if p_command == 1.0:  # as many pairs as there is room for
        assert_array_equal(recalls, 2)
    if p_command == 1e-9:  # one pair, as far apart as can be
        assert_array_equal(recalls, 1)
        assert said(data.inputs, 4, 0, 2)[:, 2].all()


def test_store_recall__delays_are_geometric():
    data = store_recall(3000, 2, n_symbols=30, p_command=0.25, symbol=1e-3, size=1, **SURE)
    store, recall = data.inputs[:, :, 2], data.inputs[:, :, 3]
    last_store = 29 - store[:, ::-1].argmax(1)

    delay = 29 - last_store

    assert recall[:, -1].all()
    assert abs(delay.mean() - 4) < 5 * math.sqrt(0.75) / 0.25 / math.sqrt(3000)


def test_evidence_accumulation__label_is_the_side_with_more_cues_read_off_the_spikes():
    data = evidence_accumulation(300, 6, n_cues=5, cue=0.01, gap=0.004, delay=0.02, answer=0.006,
                                 size=2, noise=0.0, **SURE)

    assert data.inputs.shape == (300, 5 * 14 + 20 + 6, 8)
    right = np.zeros(300, int)
    for k in range(5):
        assert not said(data.inputs, 4, 14 * k, 14 * k + 4).any()
        groups = said(data.inputs, 4, 14 * k + 4, 14 * k + 14)
        assert_array_equal(groups[:, 0], ~groups[:, 1])
        assert not groups[:, 2:].any()
        assert_array_equal(groups[:, 1], data.sides[:, k])
        right += groups[:, 1]
    assert not said(data.inputs, 4, 70, 90).any()
    assert_array_equal(said(data.inputs, 4, 90, 96), [[False, False, True, False]] * 300)
    assert_array_equal(data.labels, right > 2)
    assert 0 < np.mean(data.labels != data.sides[:, 0]) < 0.5  # the first cue is not the answer


def test_evidence_accumulation__cues_are_on_the_side_of_the_item_with_their_probability():
    data = evidence_accumulation(2000, 1, n_cues=7, p_side=0.7, cue=1e-3, gap=0.0, delay=0.0,
                                 answer=1e-3, size=1)
    same = np.mean(data.sides[:, 0] == data.sides[:, 1])

    assert abs(same - (0.7**2 + 0.3**2)) < 5 * math.sqrt(0.58 * 0.42 / 2000)
    all_same = evidence_accumulation(50, 1, p_side=1.0, delay=0.0, size=1).sides
    assert_array_equal(all_same, np.repeat(all_same[:, :1], 7, 1))


def test_delayed_xor__label_is_the_exclusive_or_read_off_the_spikes():
    data = delayed_xor(41, 3, pulse=0.01, delay=0.02, answer=0.005, size=4, **SURE)

    assert data.inputs.shape == (41, 65, 12)
    first, second = said(data.inputs, 3, 0, 10), said(data.inputs, 3, 30, 40)
    for groups in (first, second):
        assert_array_equal(groups[:, 0], ~groups[:, 1])
        assert not groups[:, 2].any()
    assert not said(data.inputs, 3, 10, 30).any() and not said(data.inputs, 3, 40, 60).any()
    assert_array_equal(said(data.inputs, 3, 60, 65), [[False, False, True]] * 41)
    assert_array_equal(data.labels, first[:, 1] != second[:, 1])
    assert_array_equal(data.bits, np.stack([first[:, 1], second[:, 1]], 1))
    pairs = np.bincount(2 * data.bits[:, 0] + data.bits[:, 1])
    assert pairs.max() - pairs.min() <= 1


@every_task
def test_task__classes_are_equally_likely(name):
    make, options = SEVERAL[name]

    labels = make(400, 8, **{**options, "size": 1}).labels

    assert labels.dtype == np.int64
    assert abs(labels.sum() - 200) < 5 * math.sqrt(400 / 4)


@every_task
def test_task__is_a_function_of_the_seed(name):
    make, options = SEVERAL[name]
    first, second, other = (make(5, seed, **options) for seed in (1, 1, 2))

    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()
    assert first.inputs.tobytes() != other.inputs.tobytes()


def test_task__rates_are_those_asked_for():
    data = evidence_accumulation(100, 3, rate=80.0, noise=20.0)
    xor = delayed_xor(100, 3, rate=100.0, noise=10.0)

    for spikes, rate in ((data.inputs[:, :, 30:], 20.0), (data.inputs[:, -150:, 20:30], 80.0),
                         (xor.inputs[:, 60:140], 10.0), (xor.inputs[:, -50:, 20:], 100.0)):
        expected = rate * 1e-3
        error = math.sqrt(expected * (1 - expected) / spikes.size)
        assert abs(spikes.mean() - expected) < 5 * error
    assert not data.inputs[:, 1050:2100, :30].any()  # silence in the delay


@every_task
def test_task__is_what_fit_takes(name):
    make, options = SEVERAL[name]
    data = make(6, 1, **{**options, "size": 1})
    model = SequentialState(Linear(data.inputs.shape[2], 2))

    history = train.fit(model, data.inputs, data.labels, epochs=1, batch_size=3, readout="last",
                        progress=False)

    assert math.isfinite(history[0].loss)


@every_task
@pytest.mark.parametrize("options, error, words", [
    ({"n": 0}, ValueError, "n must be at least 1"),
    ({"n": 10**12}, ValueError, "n must be at most .* items"),
    ({"seed": -1}, ValueError, "seed must be at least 0"),
    ({"seed": 0.5}, TypeError, "seed must be a whole number"),
    ({"dt": 0}, ValueError, "dt must be above 0"),
    ({"dt": 7e-4}, ValueError, "must be a multiple of dt = 0.0007 s"),
    ({"rate": 1001.0}, ValueError, "rate must be at most 1000"),
    ({"rate": -1.0}, ValueError, "rate must be at least 0"),
    ({"size": 0}, ValueError, "size must be at least 1"),
])
def test_task__refuses(name, options, error, words):
    make, fixed = SEVERAL[name]
    with pytest.raises(error, match=words):
        make(**{"n": 2, "seed": 0, **fixed, **options})


@pytest.mark.parametrize("make, options, error, words", [
    (store_recall, {"n_symbols": 1}, ValueError, "n_symbols must be at least 2"),
    (store_recall, {"p_command": 0.0}, ValueError, "p_command must be above 0"),
    (store_recall, {"p_command": 1.1}, ValueError, "p_command must be at most 1"),
    (store_recall, {"symbol": 0.0}, ValueError, "symbol must be a multiple .* at least 1 of it"),
    (store_recall, {"symbol": -1.0}, ValueError, "symbol must be at least 0"),
    (evidence_accumulation, {"n_cues": 4}, ValueError, "n_cues must be odd, got 4"),
    (evidence_accumulation, {"n_cues": 0}, ValueError, "n_cues must be at least 1"),
    (evidence_accumulation, {"p_side": 1.5}, ValueError, "p_side must be at most 1"),
    (evidence_accumulation, {"cue": 0.0}, ValueError, "cue must be a multiple"),
    (evidence_accumulation, {"gap": -0.1}, ValueError, "gap must be at least 0"),
    (evidence_accumulation, {"delay": 1e-4}, ValueError, "delay must be a multiple"),
    (evidence_accumulation, {"answer": 0.0}, ValueError, "answer must be a multiple"),
    (evidence_accumulation, {"noise": 2000.0}, ValueError, "noise must be at most 1000"),
    (delayed_xor, {"pulse": 0.0}, ValueError, "pulse must be a multiple"),
    (delayed_xor, {"delay": np.nan}, ValueError, "delay must be finite"),
    (delayed_xor, {"answer": 0.0}, ValueError, "answer must be a multiple"),
    (delayed_xor, {"noise": -1.0}, ValueError, "noise must be at least 0"),
])
def test_task__refuses_its_own(make, options, error, words):
    with pytest.raises(error, match=words):
        make(2, 0, **options)
