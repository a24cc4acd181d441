"""What the epochs of a run came to: a history, the best weights so far, and a log on disk."""

import math
import os
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import files
from eventsnn.core.device import beside


class Epoch(NamedTuple):
    """What one epoch of training came to."""

    loss: float  # mean over the items, each before its batch's update
    accuracy: float  # the same; nan if the labels are no classes
    seconds: float  # with validation
    validation: float | None = None  # accuracy on the validation data after the epoch, if given
    validation_loss: float | None = None  # mean over them
    learning_rate: float | None = None  # of the last step, if the optimiser has one


class Best:
    """The weights of the epoch that did best on the validation data.

    Accuracy decides, and between equals, or where labels are no classes, the loss.
    """

    def __init__(self) -> None:
        self.epoch: int | None = None
        self.score: tuple[float, float] = (-math.inf, -math.inf)
        self.weights: dict[str, np.ndarray] = {}

    def look(self, number: int, epoch: Epoch, weights: dict[str, np.ndarray]) -> None:
        """Keep the weights if this epoch is the best so far."""
        assert epoch.validation is not None and epoch.validation_loss is not None
        right = -math.inf if math.isnan(epoch.validation) else epoch.validation
        score = (right, -epoch.validation_loss)
        if score > self.score:
            self.epoch, self.score = number, score
            self.weights = {name: w.copy() for name, w in weights.items()}

    def put_into(self, weights: dict[str, np.ndarray]) -> None:
        """Give a model the best weights, if there are any."""
        for name, kept in self.weights.items():
            weights[name][...] = beside(kept, weights[name])


def write_log(path: str | os.PathLike, history: list[Epoch]) -> None:
    """The history as a CSV file, one line an epoch, as ``eventsnn plot training`` reads it."""
    lines = [",".join(("epoch", *Epoch._fields))]
    for number, epoch in enumerate(history, 1):
        lines.append(",".join((str(number), *map(_text, epoch))))
    with files.Replacement(path, overwrite=True) as new:
        new.write(0, ("\n".join(lines) + "\n").encode("ascii"))


def _text(value: Any) -> str:
    return "" if value is None else repr(float(value))
