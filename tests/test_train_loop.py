"""The training loop: equal to its naive twin, deterministic, resumable, refusing."""

import copy
import math

import numpy as np
import pytest

from eventsnn.errors import NumericalError
from eventsnn.layers import LIF, Linear, SequentialState
from eventsnn.layers.base import Gradients, Layer
from eventsnn.train import checkpoint
from eventsnn.train.losses import cross_entropy, mse
from eventsnn.train.evaluate import accuracy
from eventsnn.train.loop import fit
from eventsnn.train import SGD, Adam, SpikeCount

T, N, D, C = 4, 37, 6, 3


class Affine(Layer):
    """Scores of each step: w x + b. The least that `fit` asks of a model."""

    stateful = True

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.w, self.b = rng.normal(size=(C, D)), np.zeros(C)

    @property
    def weights(self):
        return {"w": self.w, "b": self.b}

    def __call__(self, x, state=None, *, tape=None):
        if tape is not None:
            tape.push(self, x)
        return x @ self.w.T + self.b, None

    def backward(self, out_bar, tape, state_bar=None):
        x = tape.pop(self)
        return Gradients(out_bar @ self.w, None,
                         {"w": np.einsum("tbc,tbd->cd", out_bar, x), "b": out_bar.sum((0, 1))})


def repeat(x):
    return np.repeat(x[None], T, 0)


def data(seed=0, n=N):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, D))
    return x, np.argmax(x[:, :C], 1)


def train(model, **options):
    settings = {"epochs": 3, "batch_size": 8, "optimiser": Adam(0.05), "encode": repeat,
                "readout": "mean", "progress": False} | options
    return fit(model, *data(), **settings)


def assert_equal_weights(a, b):
    for name, w in a.weights.items():
        np.testing.assert_array_equal(w, b.weights[name])


def test_fit__with_one_batch_equals_gradient_descent_by_hand():
    model, twin = Affine(), Affine()
    x, labels = data()

    train(model, epochs=5, batch_size=N, optimiser=SGD(0.3))

    for _ in range(5):
        scores = x @ twin.w.T + twin.b
        softmax = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        error = (softmax - np.eye(C)[labels]) / N
        twin.w -= 0.3 * error.T @ x
        twin.b -= 0.3 * error.sum(0)
    np.testing.assert_allclose(model.w, twin.w, rtol=1e-12)
    np.testing.assert_allclose(model.b, twin.b, atol=1e-13)


def test_fit__learns():
    model = Affine()

    history = train(model, epochs=60, validation=data(seed=9, n=200))

    assert history[-1].loss < 0.2 * history[0].loss
    assert history[-1].accuracy == 1
    assert history[-1].validation > 0.85
    assert accuracy(model, *data(), encode=repeat, readout="mean") == 1


def test_fit__shows_each_item_once_an_epoch_in_an_order_of_seed_and_epoch_alone():
    def orders(**options):
        seen = []

        def encode(x):
            seen.extend(x[:, 0].tolist())
            return repeat(x)

        train(Affine(), encode=encode, **options)
        return [seen[k:k + N] for k in range(0, len(seen), N)]

    first, second, third = orders()

    assert sorted(first) == sorted(second) == sorted(third) == sorted(data()[0][:, 0].tolist())
    assert first != second != third != first
    assert orders(batch_size=5) == [first, second, third]
    assert orders(first_epoch=1, epochs=2) == [second, third]
    assert orders(seed=1)[0] != first


def test_fit__twice_is_bit_identical():
    models = Affine(), Affine()

    histories = [train(model, augment=lambda x, rng: x + rng.normal(size=x.shape))
                 for model in models]

    assert_equal_weights(*models)
    assert [h[:2] for h in histories[0]] == [h[:2] for h in histories[1]]


@pytest.mark.parametrize("optimiser", [SGD(0.1, momentum=0.9), Adam(0.05)], ids=str)
def test_fit__resumed_from_a_checkpoint_is_bit_identical(optimiser, tmp_path):
    def noise(x, rng):
        return x + rng.normal(size=x.shape)

    whole, resumed = Affine(), Affine(seed=5)  # other weights: they must come from the file
    train(whole, epochs=5, optimiser=optimiser, augment=noise)
    broken = Affine()
    state = optimiser.init(broken.weights)
    train(broken, epochs=2, optimiser=optimiser, optimiser_state=state, augment=noise)
    checkpoint.save(tmp_path / "run.h5", broken.weights, optimiser_state=state)

    saved = checkpoint.load(tmp_path / "run.h5")
    checkpoint.restore(resumed, saved.weights)
    train(resumed, epochs=3, first_epoch=2, optimiser=optimiser, augment=noise,
          optimiser_state=saved.optimiser_state)

    assert_equal_weights(resumed, whole)


def test_fit__augments_each_batch_with_draws_of_its_own():
    draws = []

    train(Affine(), augment=lambda x, rng: draws.append(rng.random()) or x)

    assert len(draws) == len(set(draws)) == 3 * math.ceil(N / 8)


def test_fit__history_is_the_mean_over_items_not_over_batches():
    model = Affine()
    x, labels = data()
    loss, _ = cross_entropy(model(repeat(x))[0], labels, readout="mean")
    right = accuracy(model, x, labels, encode=repeat, readout="mean")

    epoch, = train(model, epochs=1, optimiser=SGD(0.0))  # the last batch has 5 items

    assert epoch.loss == pytest.approx(loss, rel=1e-12)
    assert epoch.accuracy == pytest.approx(right)
    assert epoch.seconds > 0 and epoch.validation is None


def test_fit__takes_other_losses_and_targets():
    x, target = data()[0], np.random.default_rng(4).normal(size=(N, C))

    history = fit(Affine(), x, target, epochs=20, batch_size=10, optimiser=Adam(0.05), loss=mse,
                  readout="last", encode=repeat, progress=False)

    assert history[-1].loss < history[0].loss
    assert math.isnan(history[0].accuracy)


def test_fit__without_encode_takes_inputs_with_time_second():
    x, labels = data()
    plain, encoded = Affine(), Affine()

    fit(plain, repeat(x).swapaxes(0, 1), labels, epochs=1, batch_size=8, progress=False)
    fit(encoded, x, labels, epochs=1, batch_size=8, encode=repeat, progress=False)

    np.testing.assert_allclose(plain.w, encoded.w, rtol=1e-12)


def test_fit__of_no_epochs_does_nothing():
    model = Affine()

    assert train(model, epochs=0) == []
    assert_equal_weights(model, Affine())


def test_accuracy__counts_by_hand():
    model = Affine()
    model.w, model.b = np.eye(C, D), np.zeros(C)
    x = np.eye(C, D)[[0, 1, 2, 2]]

    assert accuracy(model, x, [0, 1, 2, 0], batch_size=3, encode=repeat) == 0.75


def test_fit__names_epoch_and_step_of_a_loss_that_is_not_finite():
    model, before = Affine(), None
    calls = []

    def encode(x):
        calls.append(len(x))
        nonlocal before
        before = copy.deepcopy(model.weights)
        return repeat(x if len(calls) < 7 else x * np.nan)

    with pytest.raises(NumericalError, match="epoch 2, step 2: out must be finite, got nan.*rate"):
        train(model, encode=encode)

    for name, w in model.weights.items():
        np.testing.assert_array_equal(w, before[name])


def test_fit__refuses_a_loss_and_a_gradient_that_are_not_finite():
    def infinite_loss(out, labels, readout):
        return math.inf, np.zeros_like(out)

    def infinite_gradient(out, labels, readout):
        return 1.0, np.full_like(out, np.inf)

    with pytest.raises(NumericalError, match="epoch 1, step 1: loss must be finite, got inf"):
        train(Affine(), loss=infinite_loss)
    with np.errstate(invalid="ignore"), \
            pytest.raises(NumericalError, match="the gradient of w must be finite"):
        train(Affine(), loss=infinite_gradient)


X, Y = data()


@pytest.mark.parametrize("inputs, labels, options, error, words", [
    (X[:0], Y[:0], {}, ValueError, "inputs must hold at least one item"),
    (X, Y[:-1], {}, ValueError, "labels must have one label for each of the 37 inputs, got 36"),
    (X, Y, {"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
    (X, Y, {"batch_size": 2.0}, TypeError, "batch_size must be a whole number"),
    (X, Y, {"epochs": -1}, ValueError, "epochs must be at least 0"),
    (X, Y, {"first_epoch": -1}, ValueError, "first_epoch must be at least 0"),
    (X, Y, {"seed": -1}, ValueError, "seed must be at least 0"),
    (X, Y, {"readout": "mena"}, ValueError, "did you mean 'mean'"),
    (X, Y, {"validation": (X, Y[:3])}, ValueError, "validation must have one label for each"),
    (X[:, 0], Y, {"encode": None}, ValueError, r"inputs must have shape \(n, T, ...\)"),
    (X, Y + 1, {}, ValueError, "labels must be from 0 to 2, got 3"),
    (5, Y, {}, TypeError, "inputs must have a row for each item, got 5"),
    (X, None, {}, TypeError, "labels must have a row for each item, got None"),
    (X, Y, {"validation": X}, TypeError, "validation must be a pair of inputs and labels, got nd"),
    (X, Y, {"validation": (X, Y, Y)}, TypeError, "validation must be a pair of inputs and labels"),
    (X, Y, {"validation": (X[:0], Y[:0])}, ValueError, "validation must hold at least one item"),
    (X, Y, {"encode": lambda x: repeat(x)[:0]}, ValueError, "out must have at least one step"),
    (X, Y, {"encode": lambda x: repeat(x)[:, :5]}, ValueError, r"labels must have shape \(5,\)"),
])
def test_fit__refuses(inputs, labels, options, error, words):
    model = Affine()
    settings = {"epochs": 1, "batch_size": N, "encode": repeat, "progress": False} | options

    with pytest.raises(error, match=words):
        fit(model, inputs, labels, **settings)

    assert_equal_weights(model, Affine())


LATE = np.where(np.arange(N) == N - 1, C, Y)  # a wrong one; where, the order of the items decides


@pytest.mark.parametrize("loss", [cross_entropy, SpikeCount()], ids=["cross_entropy", "SpikeCount"])
@pytest.mark.parametrize("labels, validation, words", [
    (LATE, None, "^labels must be from 0 to 2, got 3"),
    (-LATE, None, "^labels must be from 0 to 2, got -[123]"),
    (Y.astype(float), None, "^labels must be integers, got dtype float64"),
    (Y, (X, LATE), "^the labels of validation must be from 0 to 2, got 3"),
    (Y, (X, Y.astype(float)), "^the labels of validation must be integers"),
])
def test_fit__refuses_classes_that_are_not_there_before_the_first_step(loss, labels, validation,
                                                                       words):
    for seed in range(5):
        model = Affine()

        with pytest.raises((ValueError, TypeError), match=words):
            fit(model, X, labels, epochs=1, batch_size=4, encode=repeat, seed=seed, loss=loss,
                validation=validation, progress=False)

        assert_equal_weights(model, Affine())


def test_fit__leaves_labels_to_losses_that_take_no_classes():
    def of_counts(out, labels, readout):
        return mse(out, np.broadcast_to(labels[None, :, None], out.shape))

    history = fit(Affine(), X, LATE * 100, epochs=1, batch_size=4, encode=repeat, loss=of_counts,
                  readout="mean", progress=False)

    assert np.isfinite(history[0].loss)


def chain():
    """Layers whose outputs may become infinite one after the other."""
    return SequentialState(Linear(D, 4, seed=1), LIF(), Linear(4, C, seed=2))


@pytest.mark.parametrize("spoil, words", [
    (lambda net: net[0].weight.fill(np.inf), "step 1: layer 1, LIF: [vi] must stay finite, got"),
    (lambda net: net[2].bias.fill(np.inf),
     "step 1: out must be finite, got inf in .* places; layer 2, Linear, is the first that is not"),
])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_fit__names_the_layer_of_a_loss_that_is_not_finite(spoil, words, threads):
    net = chain()
    spoil(net)
    before = copy.deepcopy(net.weights)

    with pytest.raises(NumericalError, match=f"^epoch 1, {words}.*; lower the learning rate"):
        fit(net, 0.5 + abs(X).repeat(4, 0), Y.repeat(4), epochs=1, batch_size=4 * N, encode=repeat,
            threads=threads, progress=False)

    for name, w in net.weights.items():
        np.testing.assert_array_equal(w, before[name])


def test_fit__names_an_input_that_is_not_finite():
    with pytest.raises(NumericalError, match="out must be finite, .*; the input is not finite"):
        fit(Affine(), np.where(np.arange(N) == 3, np.nan, 1.0)[:, None] * X, Y, epochs=1,
            batch_size=N, encode=repeat, progress=False)


def test_accuracy__refuses_what_fit_refuses():
    for inputs, labels, options, words in [
            (X[:0], Y[:0], {}, "at least one item"), (X, Y[:-1], {}, "one label for each"),
            (X, Y, {"batch_size": 0}, "batch_size"), (X, Y + 1, {}, "from 0 to 2")]:
        with pytest.raises(ValueError, match=words):
            accuracy(Affine(), inputs, labels, encode=repeat, **options)


class Weightless(Affine):
    weights: dict = {}

    def __init__(self):
        pass


def test_fit__refuses_a_model_without_weights():
    with pytest.raises(ValueError, match="model must have weights to train"):
        train(Weightless())


@pytest.mark.parametrize("progress, shown", [(True, True), (False, False), (None, False)])
def test_fit__shows_its_progress_on_standard_error_if_asked(progress, shown, capfd):
    train(Affine(), progress=progress)  # standard error is no terminal here

    out, err = capfd.readouterr()
    assert out == ""
    assert ("epoch 3/3" in err and "accuracy=" in err) == shown
    assert shown or err == ""
