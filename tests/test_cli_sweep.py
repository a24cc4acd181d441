"""Every option of every command with values that cannot be: one line each, and no traceback.

The commands and options are read from the parser, so that a new one is swept as well.
"""

import argparse
import contextlib
import os
import pathlib

import h5py
import numpy as np
import pytest
from scipy import sparse

from eventsnn import cli, train
from eventsnn.cli import parser
from eventsnn.examples import digits
from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Sampling
from eventsnn.simulate import Network
from tests.command_line import refused, run

pytestmark = pytest.mark.usefixtures("handlers", "no_fsync")

BEYOND = "9" * 30  # more than any counter holds
NUMBERS = ("ten", "", "nan", "inf", "-inf", "-1", "0", "1e400", BEYOND)
TIMES = "0", "-1"  # before all spikes: from there on is from the first on
# What of these a command takes, since it means something: by name of the option, perhaps with the
# command's before it.
TAKEN = {
    "seed": ("0",), "threads": (BEYOND,), "trace_neurons": (BEYOND,), "checkpoint_every": (BEYOND,),
    "trace_every": (BEYOND,), "epochs": (BEYOND,), "t_start": TIMES,
    "analyse bin": (BEYOND,), "analyse window": (BEYOND,),
    "simulate brunel g": ("0", BEYOND), "simulate brunel eta": ("0",),
    "simulate brunel weight": (BEYOND,), "simulate brunel spread": ("0",),
    "plot psth before": ("0",), "plot psth after": ("0",),
    "plot traces t_stop": (BEYOND,), "plot traces neurons": ("0",),
    "convert dt": (BEYOND,),  # with a warning of how far times were moved
}
# Options that go with others, where a command has those.
RECORD, TRACE = ("--record", "{new}.h5"), ("--trace", "v")
WITH = {"trace": (RECORD,), "trace_every": (RECORD, TRACE), "trace_neurons": (RECORD, TRACE),
        "checkpoint_every": (RECORD,)}
# What is good for the arguments that a command needs, by their names, too.
GOOD = {"file": "run.h5", "out": "new.png", "model": "model.h5", "data": "images.h5",
        "resume file": "snapshot.h5", "plot traces file": "run.v.h5",
        "plot weights file": "weights.npz", "plot training file": "log.csv",
        "convert out": "new.h5", "events": "0.5"}


def commands(top, name=()):
    """Name and parser of each command that has no commands of its own."""
    below = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        return [(" ".join(name), top)]
    return [found for action in below for word, inner in action.choices.items()
            for found in commands(inner, (*name, word))]


BYSTANDERS = "notes.txt", "old.h5", "old.png"  # are there before, and nothing that one can read
PARSER = parser()
COMMANDS = dict(commands(PARSER))
ARGUMENTS = [(command, action) for command, its in COMMANDS.items() for action in its._actions
             if action.nargs != 0]  # neither flags nor the help
each_argument = pytest.mark.parametrize(("command", "action"), ARGUMENTS, ids=[
    f"{command} {action.dest}" for command, action in ARGUMENTS])


def bad_values(action):
    if action.choices is not None:
        return "nonsense", "", "-1"
    if action.type in (int, float):
        return NUMBERS + (("1.5",) if action.type is int else ())
    if action.type is pathlib.Path:
        return ("", "{folder}", "{folder}/none/new.h5", "{text}", "{text}/new.h5", "/dev/null",
                "a\0b", "x" * 300, "{locked}/new.h5", "{old}.h5", "{old}.png")
    return "nonsense", "", "no/such", "x" * 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One good file for each command, and some that are good for none."""
    folder = tmp_path_factory.mktemp("sweep")
    rng = np.random.default_rng(0)
    with Recorder(folder / "run.h5", {"exc": 8}, 1e-3, samplings=[Sampling("v", "exc", 2e-3)]) as r:
        r.append("exc", np.sort(rng.integers(1, 1000, 300)), rng.integers(0, 8, 300))
        for step in range(2, 20, 2):
            r.sample("exc", "v", step, np.zeros(8, np.float32))
        r.duration = 1.0
    sparse.save_npz(folder / "weights.npz", sparse.csr_array(np.eye(3)))
    (folder / "log.csv").write_text("epoch,loss,accuracy\n1,2.0,0.5\n")
    for name in BYSTANDERS:
        (folder / name).write_text("no data\n")
    with h5py.File(folder / "images.h5", "w") as file:
        file["images"], file["labels"] = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    digits.save(folder / "model.h5", digits.build(), seed=0)
    net = Network(1e-3)
    net.population("exc", 8, LIFParameters())
    net.attributes = {"simulate": {
        "network": "cuba", "neurons": 8, "seed": 0, "parameters": {}, "trace": [],
        "trace_every": 1e-3, "trace_neurons": 1, "seconds": 1.0, "checkpoint_every": None,
        "record": None}}
    net.save(folder / "snapshot.h5")
    return folder


def filled(text, folder, tmp_path):
    """`text` with the names of files in the places of their keys."""
    places = {"folder": tmp_path, "text": folder / "notes.txt", "old": folder / "old",
              "locked": tmp_path / "locked", "new": tmp_path / "new"}
    for name, path in places.items():
        text = text.replace(f"{{{name}}}", str(path))
    return text


def arguments(command, action, value, folder, tmp_path):
    """A command line that is good but for one value."""
    words, options = [], []
    for one in COMMANDS[command]._actions:
        if one is action or one.required:
            word = value if one is action else good(command, one, folder, tmp_path)
            if one.option_strings:
                options.append(f"{one.option_strings[-1]}={word}")
            else:
                words.append(word)
    known = COMMANDS[command]._option_string_actions
    for option, word in WITH.get(action.dest, ()):
        if option in known:
            options += [option, filled(word, folder, tmp_path)]
    return [*command.split(), *options, *words]


def good(command, action, folder, tmp_path):
    """What does for an argument that the command needs."""
    value = GOOD.get(f"{command} {action.dest}", GOOD.get(action.dest))
    assert value is not None, f"name what is good for {command} {action.dest} in GOOD"
    if action.type is not pathlib.Path:
        return value
    return str((tmp_path if value.startswith("new") else folder) / value)


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder that may not be written to."""
    locked, access = tmp_path / "locked", os.access
    locked.mkdir()
    monkeypatch.setattr(os, "access", lambda path, *mode: pathlib.Path(path) != locked
                        and access(path, *mode))
    return locked


class Work(Exception):
    """A command went to work."""


@pytest.fixture
def sweep(folder, tmp_path, locked, capsys, monkeypatch):
    """Does something with each command line of an argument's values, of which none is to work."""
    built = Network._built

    def never(*_, **__):
        raise Work

    for name in ("compile", "run"):
        monkeypatch.setattr(Network, name, never)
    monkeypatch.setattr(train, "fit", never)
    monkeypatch.setattr(cli.entry, "parser", lambda: PARSER)  # to make it takes the most time

    def each(command, action, values, act):
        monkeypatch.setattr(Network, "_built", built if command == "resume" else never)
        for value in values:
            act(capsys, *arguments(command, action, filled(value, folder, tmp_path), folder,
                                   tmp_path))

    return each


def taken(command, action):
    return TAKEN.get(f"{command} {action.dest}", TAKEN.get(action.dest, ()))


@each_argument
def test_command__refuses_what_cannot_be(command, action, sweep, folder, locked, tmp_path):
    bad = [value for value in bad_values(action) if value not in taken(command, action)]

    sweep(command, action, bad, refused)

    assert [path for path in tmp_path.rglob("*") if path != locked] == []
    assert {(folder / name).read_text() for name in BYSTANDERS} == {"no data\n"}


@each_argument
def test_command__takes_what_means_something(command, action, sweep, tmp_path):
    def act(capsys, *line):
        with contextlib.suppress(Work):
            assert run(*line) == 0
        for written in tmp_path.glob("new*"):
            written.unlink()

    sweep(command, action, taken(command, action), act)
