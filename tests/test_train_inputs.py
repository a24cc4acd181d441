"""Values at the edge of what training takes: each refused by name before a weight is changed."""

import numpy as np
import pytest

from eventsnn.train import (
    SGD, Adam, AdamW, Clipped, Cosine, Exponential, FirstSpike, FirstTime, Rate, RMSprop,
    SpikeCount, StepDecay, VanRossum, Voltage, Warmup, Weight, fit,
)
from tests.test_train_loop import Affine, X, Y, assert_equal_weights, repeat

NAN, INF, HUGE = float("nan"), float("inf"), 10**400
SETTINGS = {"epochs": 1, "batch_size": 8, "encode": repeat, "progress": False}
RUNS = [  # what is other than in a good run, error, start of the message
    ({"epochs": 1.5}, TypeError, "epochs must be a whole number, got 1.5"),
    ({"epochs": True}, TypeError, "epochs must be a whole number, got True"),
    ({"batch_size": None}, TypeError, "batch_size must be a whole number, got None"),
    ({"seed": None}, TypeError, "seed must be a whole number, got None"),
    ({"seed": 1.0}, TypeError, "seed must be a whole number, got 1.0"),
    ({"seed": 2**64}, ValueError, "seed must be at most 18446744073709551615, got 18446744"),
    ({"model": 3}, ValueError, "model must have weights to train, got none"),
    ({"optimiser": "adam"}, TypeError, "optimiser must be an optimiser, such as Adam(1e-3), got '"),
    ({"optimiser": Adam}, TypeError, "optimiser must be an optimiser, such as Adam(1e-3), got <cl"),
    ({"optimiser_state": 3}, TypeError, "optimiser_state must be what the optimiser's init return"),
    ({"optimiser_state": {}}, ValueError, "state must hold mean, mean_square, step, got []"),
    ({"loss": "cross_entropy"}, TypeError, "loss must be a function, got 'cross_entropy'"),
    ({"loss": None}, TypeError, "loss must be a function, got None"),
    ({"readout": None}, ValueError, "readout must be one of last, max, mean, sum, got None"),
    ({"penalties": 3}, TypeError, "penalties must be a list, got 3"),
    ({"penalties": [3]}, TypeError, "penalties must be Rate, Voltage or Weight, got 3"),
    ({"penalties": [Rate(0)]}, TypeError, "model must be a SequentialState for penalties of a la"),
    ({"schedule": 0.1}, TypeError, "schedule must be a function, got 0.1"),
    ({"schedule": lambda step: NAN}, ValueError, "learning_rate must be finite, got nan"),
    ({"schedule": lambda step: -1.0}, ValueError, "learning_rate must be at least 0, got -1"),
    ({"schedule": lambda step: "1"}, TypeError, "learning_rate must be a number, got '1'"),
    ({"encode": "poisson"}, TypeError, "encode must be a function, got 'poisson'"),
    ({"augment": 3}, TypeError, "augment must be a function, got 3"),
    ({"augment": lambda x, rng: x[:2]}, ValueError, "labels must have shape (2,) to match out, go"),
    ({"validation": 3}, TypeError, "validation must be a pair of inputs and labels, got int"),
    ({"keep_best": "yes"}, TypeError, "keep_best must be True or False, got 'yes'"),
    ({"patience": 1.5, "validation": (X, Y)}, TypeError, "patience must be a whole number, got 1."),
    ({"log": 3}, TypeError, "path must be the name of a file, got 3"),
    ({"checkpoint": "a\0b"}, ValueError, "path must be the name of a file, got 'a\\x00b'"),
    ({"threads": 2.0}, TypeError, "threads must be a whole number, got 2.0"),
    ({"progress": "bar"}, TypeError, "progress must be True or False, got 'bar'"),
    ({"labels": Y[:, None]}, ValueError, "labels must have shape (8,) to match out, got (8, 1)"),
    ({"labels": Y * 1j}, TypeError, "labels must be integers, got dtype complex128"),
    ({"labels": Y.astype(str)}, TypeError, "labels must be integers, got dtype <U"),
    ({"labels": Y > 0}, TypeError, "labels must be integers, got dtype bool"),
    ({"labels": [None] * len(Y)}, TypeError, "labels must be integers, got dtype object"),
    ({"inputs": X * 1j}, TypeError, "out must hold real numbers, got dtype complex128"),
]


@pytest.mark.parametrize("options, error, words", RUNS)
def test_fit__refuses(options, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = SETTINGS | {"inputs": X, "labels": Y, "model": Affine()} | options
    model = settings.pop("model")

    with pytest.raises(error) as caught:
        fit(model, settings.pop("inputs"), settings.pop("labels"), **settings)

    assert str(caught.value).startswith(words), caught.value
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []
    if isinstance(model, Affine):
        assert_equal_weights(model, Affine())


GOOD = {  # what is made, with good arguments
    SGD: {"learning_rate": 0.1, "momentum": 0.5}, Adam: {"learning_rate": 0.1, "eps": 1e-8},
    AdamW: {"learning_rate": 0.1, "weight_decay": 0.1},
    RMSprop: {"learning_rate": 0.1, "decay": 0.9, "eps": 1e-8, "momentum": 0.5},
    Clipped: {"optimiser": SGD(0.1), "norm": 1.0}, Cosine: {"rate": 0.1, "steps": 5, "least": 0.0},
    Exponential: {"rate": 0.1, "factor": 0.5}, StepDecay: {"rate": 0.1, "every": 3, "factor": 0.5},
    Warmup: {"steps": 3, "then": Cosine(0.1, 5)},
    Rate: {"layer": 1, "strength": 1.0, "least": 0.0, "most": 1.0},
    Voltage: {"layer": 1, "strength": 1.0, "least": -1.0, "most": 1.0},
    Weight: {"strength": 0.1, "power": 2}, SpikeCount: {"right": 0.8, "wrong": 0.1},
    VanRossum: {"tau": 5.0}, FirstSpike: {"tau": 5.0}, FirstTime: {"tau": 5.0, "late": 1.0},
}
BAD = {"nan": NAN, "inf": INF, "-inf": -INF, "huge": HUGE, "-1.5": -1.5, "text": "1", "flag": True,
       "complex": 1j, "list": [1.0], "array": np.ones(2)}
# What of these is good: whole numbers of any size, and potentials below 0.
TAKEN = {(Cosine, "steps"): "huge", (StepDecay, "every"): "huge", (Warmup, "steps"): "huge",
         (Rate, "layer"): "huge", (Voltage, "layer"): "huge", (Voltage, "least"): "-1.5"}
ROWS = [(cls, argument) for cls, arguments in GOOD.items() for argument in arguments]


@pytest.mark.parametrize("cls, argument", ROWS, ids=[f"{c.__name__}-{a}" for c, a in ROWS])
def test_settings__refuse_what_is_no_number(cls, argument):
    cls(**GOOD[cls])
    for name, bad in BAD.items():
        if TAKEN.get((cls, argument)) == name:
            cls(**GOOD[cls] | {argument: bad})
            continue
        with pytest.raises((ValueError, TypeError)) as caught:
            cls(**GOOD[cls] | {argument: bad})
        message = str(caught.value)
        assert message.startswith(f"{argument} must ") and "\n" not in message, message
