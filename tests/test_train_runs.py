"""Runs of training: kept and gone on with, their best, their log, their threads."""

import csv

import numpy as np
import pytest

from eventsnn.core import blas
from eventsnn.encode import PoissonEncoder
from eventsnn.errors import FormatError, NumericalError
from eventsnn.layers import LI, LIF, Dropout, LIFRecurrent, Linear, SequentialState
from eventsnn.plot import training
from eventsnn.surrogates import Logistic
from eventsnn.train import (
    SGD, Adam, AdamW, Clipped, Cosine, Rate, RMSprop, Weight, checkpoint, evaluate, fit, mse,
)
from eventsnn.core.positions import positions, set_positions

N, D = 50, 8
RNG = np.random.default_rng(0)
X, Y = RNG.random((N, D)), RNG.integers(0, 3, N)
HELD_OUT = RNG.random((30, D)), RNG.integers(0, 3, 30)
OPTIMISERS = [SGD(0.1), SGD(0.1, momentum=0.9), Adam(0.01), AdamW(0.01), RMSprop(0.01),
              RMSprop(0.01, momentum=0.5), Clipped(Adam(0.01), norm=0.1)]


def network(threshold=None, dropout=False):
    layers = [Linear(D, 12, seed=1), LIF(threshold=threshold) if threshold else LIF(),
              *([Dropout(0.3, seed=4)] if dropout else []), Linear(12, 3, seed=2), LI()]
    return SequentialState(*layers)


class Stopped(Exception):
    """What a user's Ctrl-C would be."""


def stopping(encoder, call):
    """The encoder, but for a stop in one of its calls."""
    class Stopping:
        counter, calls = encoder.counter, 0

        def __call__(self, x):
            Stopping.calls += 1
            if Stopping.calls == call:
                raise Stopped
            return encoder(x)

        def __getattr__(self, name):
            return getattr(encoder, name)

        def __setattr__(self, name, value):
            setattr(encoder, name, value)

    return Stopping()


def run(net, folder, *, encode=None, **options):
    settings = {"epochs": 6, "batch_size": 16, "optimiser": Adam(0.01), "progress": False,
                "validation": HELD_OUT, "encode": encode or PoissonEncoder(15, f_max=400)}
    return fit(net, X, Y, **settings | {"checkpoint": folder / "run.h5"} | options)


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_fit__that_was_stopped_goes_on_to_the_same_weights(optimiser, tmp_path, no_fsync):
    whole, begun, again = (network(dropout=True) for _ in range(3))
    options = {"optimiser": optimiser, "schedule": Cosine(0.02, 20), "keep_best": True,
               "patience": 5}
    (tmp_path / "a").mkdir()
    history = run(whole, tmp_path / "a", **options)
    with pytest.raises(Stopped):  # in the validation of the third epoch
        run(begun, tmp_path, encode=stopping(PoissonEncoder(15, f_max=400), 3 * 5), **options)

    resumed = run(again, tmp_path, resume=True, **options)

    assert len(resumed) == 6
    for name, w in whole.weights.items():
        np.testing.assert_array_equal(again.weights[name], w)
    for a, b in zip(history, resumed, strict=True):
        assert a._replace(seconds=0) == b._replace(seconds=0)


def test_fit__of_a_threshold_that_draws_goes_on_to_the_same_weights(tmp_path, no_fsync):
    whole, begun, again = (network(Logistic(10.0, seed=3)) for _ in range(3))
    (tmp_path / "a").mkdir()
    run(whole, tmp_path / "a")
    run(begun, tmp_path, epochs=2)

    run(again, tmp_path, resume=True)

    for name, w in whole.weights.items():
        np.testing.assert_array_equal(again.weights[name], w)


def test_fit__with_resume_begins_where_there_is_no_file_and_ends_where_all_is_done(
        tmp_path, no_fsync):
    first, second = network(), network()

    run(first, tmp_path, resume=True)
    history = run(second, tmp_path, resume=True)

    assert len(history) == 6
    for name, w in first.weights.items():
        np.testing.assert_array_equal(second.weights[name], w)


def test_fit__checkpoint_loses_nothing_when_the_disk_is_full(tmp_path, monkeypatch, no_fsync):
    from eventsnn.core import files

    run(network(), tmp_path, epochs=2)
    before = (tmp_path / "run.h5").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(OSError, match="No space"):
        run(network(), tmp_path, resume=True)

    assert (tmp_path / "run.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("options, words", [
    ({"seed": 1}, "seed must be as in the run of .*run.h5, 0, got 1; give another checkpoint"),
    ({"batch_size": 8}, "batch_size must be as in the run of .*, 16, got 8"),
    ({"optimiser": SGD(0.1)}, "optimiser must be as in the run"),
    ({"loss": mse}, "loss must be as in the run of .*, <function cross_entropy>, got .*mse"),
    ({"readout": "sum"}, "readout must be as in the run of .*, 'max', got 'sum'"),
    ({"penalties": (Weight(),)}, r"penalties must be as in the run of .*, \(\), got \(Weight"),
])
def test_fit__refuses_to_go_on_with_another_run(options, words, tmp_path, no_fsync):
    run(network(), tmp_path, epochs=1)
    net = network()

    with pytest.raises(ValueError, match=words):
        run(net, tmp_path, resume=True, **options)

    for name, w in network().weights.items():
        np.testing.assert_array_equal(net.weights[name], w)


def test_fit__refuses_to_go_on_with_what_is_no_run(tmp_path, no_fsync):
    checkpoint.save(tmp_path / "run.h5", network().weights)
    with pytest.raises(ValueError, match="must hold a run of training, got a model"):
        run(network(), tmp_path, resume=True)

    (tmp_path / "run.h5").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="run.h5 must be a whole HDF5 checkpoint"):
        run(network(), tmp_path, resume=True)


def test_fit__truncated_checkpoints_are_refused(tmp_path, no_fsync):
    run(network(), tmp_path, epochs=1)
    whole = (tmp_path / "run.h5").read_bytes()

    for length in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "run.h5").write_bytes(whole[:length])
        net = network()
        with pytest.raises(FormatError):
            run(net, tmp_path, resume=True)
        for name, w in network().weights.items():
            np.testing.assert_array_equal(net.weights[name], w)


def test_fit__keeps_the_best(tmp_path):
    net, seen = network(), []
    encode = PoissonEncoder(15, f_max=400)

    def noting(x):
        seen.append({name: w.copy() for name, w in net.weights.items()})
        return encode(x)

    history = fit(net, X, Y, epochs=8, batch_size=N, optimiser=Adam(0.05), encode=noting,
                  validation=HELD_OUT, keep_best=True, progress=False)

    best = max(range(8), key=lambda k: (history[k].validation, -history[k].validation_loss))
    after = seen[2 * best + 1]  # when it was validated
    assert any((after[name] != seen[-1][name]).any() for name in after) or best == 7
    for name, w in net.weights.items():
        np.testing.assert_array_equal(w, after[name])


def test_fit__that_explodes_leaves_the_best():
    net, encode, calls = network(), PoissonEncoder(15, f_max=400), []

    def breaking(x):
        calls.append(len(x))
        return encode(x) * (np.nan if len(calls) == 2 * 4 + 1 else 1)

    with pytest.raises(NumericalError, match=r"epoch 5, step 1: .*must .*finite.*; lower the"):
        fit(net, X, Y, epochs=8, batch_size=N, optimiser=Adam(0.05), encode=breaking,
            validation=HELD_OUT, keep_best=True, progress=False)

    again = network()
    history = fit(again, X, Y, epochs=4, batch_size=N, optimiser=Adam(0.05), progress=False,
                  encode=PoissonEncoder(15, f_max=400), validation=HELD_OUT, keep_best=True)
    assert len(history) == 4
    for name, w in again.weights.items():
        np.testing.assert_array_equal(net.weights[name], w)


def test_fit__stops_when_nothing_gets_better():
    history = fit(network(), X, Y, epochs=30, batch_size=N, optimiser=SGD(0.0), patience=3,
                  encode=lambda x: np.repeat(x[None], 5, 0), validation=HELD_OUT, progress=False)

    assert len(history) == 1 + 3  # the first is the best


def test_fit__log_has_a_line_an_epoch_and_can_be_plotted(tmp_path):
    history = fit(network(), X, Y, epochs=3, batch_size=N, encode=PoissonEncoder(15),
                  validation=HELD_OUT, progress=False, log=tmp_path / "log.csv",
                  schedule=lambda step: 0.1 / (1 + step))

    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.1, 0.05, 0.1 / 3])
    for row, epoch in zip(rows, history, strict=True):
        for name in ("loss", "accuracy", "validation", "validation_loss"):
            assert float(row[name]) == getattr(epoch, name)
    training(history, tmp_path / "log.png")


@pytest.mark.parametrize("n", [65, 130, 200])
def test_fit__gives_the_same_weights_for_any_number_of_threads(n):
    rng = np.random.default_rng(1)
    x, y = (rng.random((n, 12, D)) < 0.3).astype(np.float32), rng.integers(0, 3, n)

    def trained(threads):
        net = SequentialState(LIFRecurrent(D, 16, seed=3), Linear(16, 3, seed=2), LI())
        fit(net, x, y, epochs=2, batch_size=n, threads=threads, progress=False,
            penalties=[Rate(0, 1.0, most=0.02)])
        return net.weights

    one = trained(1)
    for threads in (2, 4):
        for name, w in trained(threads).items():
            np.testing.assert_array_equal(w, one[name])


def test_fit__in_shards_equals_the_whole_batch_to_rounding(monkeypatch):
    from eventsnn.train import step

    rng = np.random.default_rng(1)
    x, y = (rng.random((100, 12, D)) < 0.3).astype(float), rng.integers(0, 3, 100)

    def trained():
        net = SequentialState(Linear(D, 16, seed=3, dtype=np.float64), LIF(),
                              Linear(16, 3, seed=2, dtype=np.float64), LI())
        history = fit(net, x, y, epochs=1, batch_size=100, optimiser=SGD(0.1), progress=False)
        return net.weights, history[0]

    (shards, a), _ = trained(), monkeypatch.setattr(step, "SHARD", 1000)
    whole, b = trained()
    assert (a.loss, a.accuracy) == pytest.approx((b.loss, b.accuracy), rel=1e-12)
    for name, w in whole.items():
        np.testing.assert_allclose(shards[name], w, rtol=1e-10, atol=1e-13)


def test_one_thread__is_set_and_taken_back():
    calls = blas._calls()
    if calls is None:  # NumPy of another make: nothing to hold
        with blas.one_thread():
            return
    get, put = calls
    put(2)
    with blas.one_thread():
        assert get() == 1
    assert get() == 2


def test_positions__of_all_that_draws_and_back():
    net, encoder = network(Logistic(10.0, seed=3), dropout=True), PoissonEncoder(15)
    fit(net, X, Y, epochs=1, batch_size=25, encode=encoder, progress=False)

    found = positions(net, encoder)
    set_positions([0, 0, 0], net, encoder)

    assert found == [30, 2, 30] and positions(net, encoder) == [0, 0, 0]
    with pytest.raises(ValueError, match="positions must be 3, one for each that draws, got 1"):
        set_positions([1], net, encoder)


def test_evaluate__equals_the_validation_of_a_run():
    net, encode = network(), lambda x: np.repeat(x[None], 5, 0)

    history = fit(net, X, Y, epochs=1, batch_size=7, encode=encode, validation=HELD_OUT,
                  progress=False)

    loss, right = evaluate(net, *HELD_OUT, encode=encode, batch_size=7)
    assert (loss, right) == (history[0].validation_loss, history[0].validation)


@pytest.mark.parametrize("options, error, words", [
    ({"keep_best": True, "validation": None}, TypeError, "validation must be given for keep_best"),
    ({"patience": 2, "validation": None}, TypeError, "validation must be given for keep_best and"),
    ({"patience": 0}, ValueError, "patience must be at least 1, got 0"),
    ({"resume": True, "checkpoint": None}, ValueError, "resume must go with a checkpoint"),
    ({"resume": True, "first_epoch": 2}, ValueError, "resume must go with a checkpoint"),
    ({"resume": 2}, TypeError, "resume must be True or False, got 2"),
    ({"threads": 0}, ValueError, "threads must be at least 1"),
    ({"checkpoint": "no folder/run.h5"}, FileNotFoundError, "must lie in a folder that exists"),
    ({"log": "no folder/log.csv"}, FileNotFoundError, "must lie in a folder that exists"),
])
def test_fit__refuses_before_any_work(options, error, words, tmp_path):
    net = network()

    with pytest.raises(error, match=words):
        run(net, tmp_path, **options)

    assert list(tmp_path.iterdir()) == []
    for name, w in network().weights.items():
        np.testing.assert_array_equal(net.weights[name], w)


def test_fit__refuses_threads_for_what_draws_and_files_that_exist(tmp_path, no_fsync):
    with pytest.raises(ValueError, match="threads must be 1 for a model that draws at random, got "
                                         "2; Dropout does"):
        run(network(dropout=True), tmp_path, threads=2)
    run(network(), tmp_path, epochs=1)
    with pytest.raises(FileExistsError, match="run.h5 must not exist yet"):
        run(network(), tmp_path)
    run(network(), tmp_path, epochs=1, overwrite=True)
