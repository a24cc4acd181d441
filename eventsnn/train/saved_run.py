"""A run of training on disk: all that the next epoch depends on, so that it goes on bit for bit."""

import os
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import to
from eventsnn.train import checkpoint
from eventsnn.train.epochs import Best, Epoch
from eventsnn.train.optimise import State
from eventsnn.core.positions import positions, set_positions

KIND = "training run"


class Run(NamedTuple):
    """What changes from epoch to epoch."""

    model: Any
    drawing: tuple  # the model, and the encoder if it is one of ours
    optimiser_state: State
    history: list[Epoch]
    best: Best
    settings: dict[str, Any]  # that must be the same to go on


def save(path: str | os.PathLike, run: Run, epochs_done: int) -> None:
    """Write a run after so many epochs, in place of the file there was."""
    best = run.best
    kept = {"optimiser": run.optimiser_state}
    if best.epoch is not None:
        kept["best"] = best.weights
    history = [[None if v is None or v != v else v for v in epoch] for epoch in run.history]
    checkpoint.save(path, run.model.weights, optimiser_state=kept, overwrite=True, attributes={
        "kind": KIND, "epochs": epochs_done, "history": history, "settings": run.settings,
        "positions": positions(*run.drawing), "best": best.epoch,
        "score": [None if not np.isfinite(s) else s for s in best.score]})


def resume(path: str | os.PathLike, run: Run) -> int:
    """Bring `run` to where the file is; returns the number of epochs done.

    Raises
    ------
    FormatError
        If the file is none, or damaged.
    ValueError
        If the run was made with other settings, or of another model.
    """
    saved = checkpoint.load(path)
    attributes, state = saved.attributes, saved.optimiser_state or {}
    if attributes.get("kind") != KIND or "optimiser" not in state:
        raise check.must(str(path), "hold a run of training", attributes.get("kind", "a model"))
    for name, value in run.settings.items():
        before = attributes["settings"].get(name, value)  # a file of before it was kept
        if before != value:
            raise check.must(name, f"be as in the run of {path}, {before}",
                             value, "give another checkpoint, or overwrite=True to begin anew")
    if (model := run.optimiser_state.keys()) != state["optimiser"].keys():
        raise check.must("optimiser", f"have the state of {path}, {sorted(state['optimiser'])}",
                         sorted(model))
    checkpoint.restore(run.model, saved.weights)
    run.optimiser_state.clear()
    run.optimiser_state.update(to(state["optimiser"], getattr(run.model, "device", "cpu")))
    set_positions(attributes["positions"], *run.drawing)
    run.history[:] = [Epoch(*(np.nan if k == 1 and v is None else v for k, v in enumerate(epoch)))
                      for epoch in attributes["history"]]
    run.best.epoch = attributes["best"]
    right, better = (-np.inf if s is None else s for s in attributes["score"])
    run.best.score = (right, better)
    run.best.weights = state.get("best", {})
    return int(attributes["epochs"])
