"""The command line: what people type, and what they get."""

import json
import os
import signal
import subprocess
import sys
import warnings

import h5py
import libsonata
import matplotlib.image
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import eventsnn
from eventsnn import cli, train
from eventsnn.examples import digits
from eventsnn.networks import cuba
from eventsnn.record import Recording
from eventsnn.simulate import Network, group

KEYS = {"build_s", "compile_s", "sim_s", "real_time_factor", "spikes", "rate_hz", "cv_isi",
        "synapses", "synaptic_events_per_s", "bytes_per_synapse", "peak_rss_mb"}
SIMULATE = ["simulate", "cuba", "--neurons", "500", "--seconds", "0.2"]


@pytest.fixture(autouse=True)
def handlers():
    """`main` takes over SIGTERM; pytest wants it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def no_work(monkeypatch):
    """To simulate or to train is a failure."""
    def worked(*_, **__):
        raise AssertionError("work was done before the arguments were checked")

    monkeypatch.setattr(Network, "build", worked)
    monkeypatch.setattr(train, "fit", worked)


def run(*arguments):
    """Exit code of a command, its parser's exits included."""
    try:
        return cli.main([str(a) for a in arguments])
    except SystemExit as exit_:
        return exit_.code


def refused(capsys, *arguments):
    """The one line that a refused command leaves on standard error."""
    code = run(*arguments)

    out, err = capsys.readouterr()
    assert code != 0
    assert out == ""
    assert err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err and err.startswith("eventsnn")
    return err


def python(*arguments, **options):
    return subprocess.run([sys.executable, "-W", "error", *map(str, arguments)],
                          capture_output=True, text=True, timeout=120, **options)


def datasets(path):
    """Timestamps and node ids of each population, as they lie in the file."""
    with h5py.File(path) as file:
        return {name: (g["timestamps"][:], g["node_ids"][:]) for name, g in file["spikes"].items()}


def assert_same_spikes(path, other):
    first, second = datasets(path), datasets(other)
    assert first.keys() == second.keys() == {"exc", "inh"}
    for name in first:
        assert len(first[name][0]) > 20
        for a, b in zip(first[name], second[name], strict=True):
            assert_array_equal(a, b)


# simulate

def test_simulate__json_is_one_line(capsys):
    assert run(*SIMULATE, "--json") == 0

    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and err.count("\n") <= 1
    summary = json.loads(out)
    assert summary.keys() >= KEYS
    assert summary["neurons"] == 500 and summary["seconds"] == pytest.approx(0.2)
    assert summary["rate_hz"] == pytest.approx(summary["spikes"] / 500 / 0.2)
    assert summary["bytes_per_synapse"] < 3
    assert all(summary[key] > 0 for key in KEYS if not key.endswith("_s"))


def test_simulate__numbers_are_those_of_the_network(capsys):
    run(*SIMULATE, "--json", "--seed", "4")

    summary = json.loads(capsys.readouterr().out)
    net = cuba(500, seed=4)
    net.run(0.2)
    assert summary["spikes"] == net.cost.spikes
    assert summary["synapses"] == net.n_synapses


def test_simulate__table_has_a_row_for_each_number(capsys):
    assert run(*SIMULATE) == 0

    out, _ = capsys.readouterr()
    rows = [line.split("  ", 1) for line in out.splitlines()]
    assert all(len(row) == 2 for row in rows)
    assert {"neurons", "synapses", "mean rate", "run", "peak memory"} <= {row[0] for row in rows}
    assert len({len(line) - len(line.split("  ", 1)[1].lstrip()) for line in out.splitlines()}) == 1


def test_simulate__record_opens_with_libsonata(capsys, tmp_path):
    path = tmp_path / "run.h5"
    assert run(*SIMULATE, "--record", path, "--json") == 0

    summary = json.loads(capsys.readouterr().out)
    reader, total = libsonata.SpikeReader(str(path)), 0
    assert set(reader.get_population_names()) == {"exc", "inh"}
    for name, (times, ids) in datasets(path).items():
        pairs = reader[name].get()
        assert_array_equal([pair[0] for pair in pairs], ids)
        assert_array_equal([pair[1] for pair in pairs], times)
        total += len(ids)
    assert total == summary["spikes"]
    with Recording(path) as recording:
        assert recording.duration == pytest.approx(0.2)
        assert (recording.size("exc"), recording.size("inh")) == (400, 100)
        assert recording.provenance["seed"] == 0 and recording.provenance["network"] == "cuba"
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


def test_simulate__same_seed_same_spikes(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)
    cases = {"a": [], "b": [], "threads": ["--threads", 2], "seed": ["--seed", 1]}
    for name, options in cases.items():
        assert run(*SIMULATE, "--neurons", 5000, "--record", tmp_path / f"{name}.h5", *options) == 0

    assert_same_spikes(tmp_path / "a.h5", tmp_path / "b.h5")
    assert_same_spikes(tmp_path / "a.h5", tmp_path / "threads.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with pytest.raises(AssertionError):
        assert_same_spikes(tmp_path / "a.h5", tmp_path / "seed.h5")


def test_simulate__in_another_process_same_spikes(tmp_path):
    arguments = [*SIMULATE, "--record"]
    done = python("-m", "eventsnn", *arguments, tmp_path / "a.h5", "--threads", 2, "--json")

    run(*arguments, tmp_path / "b.h5")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).keys() >= KEYS
    assert_same_spikes(tmp_path / "a.h5", tmp_path / "b.h5")


@pytest.mark.parametrize("with_record", [False, True])
def test_simulate__plot(tmp_path, with_record):
    options = ["--record", tmp_path / "run.h5"] if with_record else []

    assert run(*SIMULATE, "--plot", tmp_path / "run.png", *options) == 0

    assert matplotlib.image.imread(tmp_path / "run.png").shape[0] > 500
    expected = {"run.png", "run.h5"} if with_record else {"run.png"}
    assert {p.name for p in tmp_path.iterdir()} == expected


def test_simulate__progress_only_on_terminals(capsys):
    run(*SIMULATE, "--json")
    before = capsys.readouterr().err  # at most that the loop is being compiled

    run(*SIMULATE, "--json", "--quiet")

    assert "model time" not in before
    assert capsys.readouterr().err == ""


def test_simulate__few_spikes_have_no_cv(capsys):
    assert run("simulate", "cuba", "--neurons", 100, "--seconds", 0.001, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cv_isi"] is None

    assert run("simulate", "cuba", "--neurons", 100, "--seconds", 0.001) == 0
    assert "undefined" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--record", "--plot"])
def test_simulate__leaves_existing_files(tmp_path, capsys, no_work, option):
    path = tmp_path / "old.png"
    path.write_bytes(b"old")

    message = refused(capsys, *SIMULATE, option, path)

    assert path.read_bytes() == b"old"
    assert "--overwrite" in message and str(path) in message
    assert list(tmp_path.iterdir()) == [path]


def test_simulate__overwrites_when_told(tmp_path):
    for name in ("run.h5", "run.png"):
        (tmp_path / name).write_bytes(b"old")

    assert run(*SIMULATE, "--record", tmp_path / "run.h5", "--plot", tmp_path / "run.png",
               "--overwrite") == 0

    assert len(datasets(tmp_path / "run.h5")) == 2
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("options", "message"), [
    (["--seconds", "-1"], "seconds must be at least 0.0001, got -1"),
    (["--seconds", "0"], "seconds must be at least 0.0001, got 0"),
    (["--seconds", "nan"], "seconds must be finite"),
    (["--seconds", "inf"], "seconds must be finite"),
    (["--seconds=-inf"], "seconds must be finite"),
    (["--seconds", "ten"], "argument --seconds: invalid float value: 'ten'"),
    (["--seconds"], "argument --seconds: expected one argument"),
    (["--threads", "0"], "threads must be at least 1"),
    (["--threads", "-2"], "threads must be at least 1"),
    (["--threads", "two"], "argument --threads: invalid int value"),
    (["--threads", "1.5"], "argument --threads: invalid int value"),
    (["--seed", "-1"], "seed must be at least 0"),
    (["--seed", str(2**64)], "seed must be at most"),
    (["--neurons", "0"], "neurons must be at least 100"),
    (["--neurons", "1e4"], "argument --neurons: invalid int value"),
    (["--dt", "0"], "dt must be above 0"),
    (["--dt", "nan"], "dt must be finite"),
    (["--dt", "0.1"], "dt must be at most 0.01 s"),
    (["--plot", "a.jpg"], "must end in .png, .svg, .pdf"),
    (["--plot", "a"], "must end in .png, .svg, .pdf"),
    (["--plot", "missing/a.png"], "lie in a folder that exists"),
    (["--record", "missing/a.h5"], "lie in a folder that exists"),
    (["--record", "."], "name of a file"),
    (["--record", "/dev/null"], "ordinary file"),
    (["--record", "a.png", "--plot", "a.png"], "must name two files"),
    (["--sec", "1"], "unrecognized arguments: --sec 1"),
    (["extra"], "unrecognized arguments: extra"),
])
def test_simulate__refuses_before_any_work(tmp_path, monkeypatch, capsys, no_work, options,
                                           message):
    monkeypatch.chdir(tmp_path)

    assert message in refused(capsys, *SIMULATE, *options)

    assert list(tmp_path.iterdir()) == []


def test_simulate__refuses_less_than_a_step(tmp_path, capsys):
    message = refused(capsys, *SIMULATE, "--seconds", "1e-5", "--record", tmp_path / "run.h5")

    assert "seconds" in message
    assert list(tmp_path.iterdir()) == []


def test_simulate__refuses_a_place_without_permission(tmp_path, monkeypatch, capsys, no_work):
    monkeypatch.setattr(os, "access", lambda *_: False)

    for option in ("--record", "--plot"):
        assert "may be written to" in refused(capsys, *SIMULATE, option, tmp_path / "a.png")


def test_simulate__a_file_for_a_folder_is_refused(tmp_path, capsys, no_work):
    (tmp_path / "file").write_bytes(b"")

    assert "lie in a folder" in refused(capsys, *SIMULATE, "--record", tmp_path / "file" / "a.h5")


def test_simulate__without_matplotlib_says_what_to_install(tmp_path, monkeypatch, capsys, no_work):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    assert "pip install" in refused(capsys, *SIMULATE, "--plot", tmp_path / "a.png")


def test_simulate__warnings_are_one_line(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as outside the tests, where they are no errors
        assert run(*SIMULATE, "--dt", "0.006", "--json") == 0

    lines = [x for x in capsys.readouterr().err.splitlines() if not x.startswith("compiling")]
    assert lines and all(line.startswith("warning: dt * tau_syn_exc_inv = 1.2") for line in lines)


@pytest.mark.parametrize("arguments", [
    [], ["simulate"], ["train"], ["evaluate"], ["simulate", "cubba"], ["train", "digit"],
    ["simulation"], ["--seconds", "1"], ["evaluate", "one.h5"]])
def test_command__unknown_is_one_line_with_a_way_on(capsys, arguments):
    message = refused(capsys, *arguments)

    assert "--help" in message
    assert run(*arguments) == 2


@pytest.mark.parametrize("arguments", [[], ["simulate"], ["simulate", "cuba"], ["train"],
                                       ["train", "digits"], ["evaluate"]])
def test_command__has_help(capsys, arguments):
    assert run(*arguments, "--help") == 0

    out, err = capsys.readouterr()
    assert out.startswith(" ".join(["usage: eventsnn", *arguments])) and err == ""


def test_command__version(capsys):
    assert run("--version") == 0

    assert capsys.readouterr().out == f"eventsnn {eventsnn.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["simulate", "cuba", "--help"]])
def test_command__help_reads_and_draws_nothing(arguments):
    script = """
import sys
from eventsnn import cli
try:
    cli.main(sys.argv[1:])
finally:
    assert not {"h5py", "matplotlib"} & sys.modules.keys()
"""
    assert python("-c", script, *arguments).returncode == 0


def test_command__defects_show_their_traceback(monkeypatch):
    def broken(*_):
        raise KeyError("a defect")

    monkeypatch.setattr(cli, "_check_run", broken)

    with pytest.raises(KeyError, match="a defect"):
        cli.main(SIMULATE)


# Signals

LONG_RUN = """
import os, sys
from eventsnn import cli
from eventsnn.record import Recorder

append = Recorder.append

def watched(self, population, steps, ids):
    append(self, population, steps, ids)
    if population == "exc" and self.counts["exc"] > 3000:
        watched.act()

def say():
    print("recording", flush=True)
    watched.act = lambda: None

watched.act = say if sys.argv[2] == "say" else lambda: os.kill(os.getpid(), int(sys.argv[2]))
Recorder.append = watched
sys.exit(cli.main(["simulate", "cuba", "--neurons", "500", "--seconds", "100000",
                   "--record", sys.argv[1], "--json"]))
"""


def spikes_of(path):
    with Recording(path) as recording:
        chunks = {name: next(recording.chunks(name)) for name in recording.populations}
        return chunks, recording.duration


def whole_run(seconds):
    net = cuba(500)
    spikes = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    net.run(seconds)
    return spikes


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal__at_any_moment_leaves_the_recording(tmp_path, number, code):
    path = tmp_path / "run.h5"
    with subprocess.Popen([sys.executable, "-c", LONG_RUN, str(path), "say"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == "recording\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert process.returncode == code
    assert out == "" and "Traceback" not in err
    chunks, duration = spikes_of(path)
    whole = whole_run(duration)
    for name, (times, ids) in chunks.items():
        mine = np.rint(times / 1e-4) <= np.rint(duration / 1e-4)
        assert_array_equal(np.rint(times[mine] / 1e-4), np.rint(whole[name].times / 1e-4))
        assert_array_equal(ids[mine], whole[name].ids)
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal__recording_ends_where_it_says(tmp_path, number):
    python("-c", LONG_RUN, tmp_path / "run.h5", int(number))

    chunks, duration = spikes_of(tmp_path / "run.h5")
    for times, _ in chunks.values():
        assert len(times) > 100
        assert np.rint(times.max() / 1e-4) <= np.rint(duration / 1e-4)


# train and evaluate

@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A file of 60 pictures of bars: six kinds of row."""
    path = tmp_path_factory.mktemp("images") / "bars.h5"
    labels = np.arange(60, dtype=np.uint8) % 6
    pictures = np.zeros((60, 28, 28), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[4 * label + 1:4 * label + 4] = 250
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = pictures, labels
    return path


@pytest.fixture(scope="module")
def model(images, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.h5"
    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path, "--quiet") == 0
    return path


def test_train__writes_a_model(images, tmp_path, capsys):
    path = tmp_path / "model.h5"

    assert run("train", "digits", "--data", images, "--epochs", 30, "--output", path, "--json") == 0

    out, _ = capsys.readouterr()
    summary = json.loads(out)
    assert out.count("\n") == 1
    assert summary["epochs"] == 30 and summary["model"] == str(path)
    assert summary["training_accuracy"] > 0.9
    assert list(tmp_path.iterdir()) == [path]
    assert run("evaluate", path, images, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == {"images": 60, "accuracy": pytest.approx(1.0, abs=0.1)}


def test_train__same_seed_same_model(images, model, tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        assert run("train", "digits", "--data", images, "--epochs", 1, "--seed", seed,
                   "--output", tmp_path / name) == 0

    assert (tmp_path / "a").read_bytes() == model.read_bytes()
    assert (tmp_path / "b").read_bytes() != model.read_bytes()


def test_train__table(images, tmp_path, capsys):
    path = tmp_path / "m.h5"
    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path) == 0

    assert "training accuracy" in capsys.readouterr().out


def test_train__tests_on_what_it_did_not_train_on(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(digits, "TRAINING", 40)

    run("train", "digits", "--data", images, "--epochs", 1, "--output", tmp_path / "m.h5", "--json")

    assert json.loads(capsys.readouterr().out)["images"] == 20


def test_train__leaves_existing_files(images, tmp_path, capsys, no_work):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")

    assert "--overwrite" in refused(capsys, "train", "digits", "--data", images, "--output", path)
    assert path.read_bytes() == b"old"


def test_train__overwrites_when_told(images, model, tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"old")

    assert run("train", "digits", "--data", images, "--epochs", 1, "--output", path,
               "--overwrite") == 0

    assert path.read_bytes() == model.read_bytes()


@pytest.mark.parametrize(("options", "message"), [
    (["--epochs", "0"], "epochs must be at least 1"),
    (["--epochs", "-3"], "epochs must be at least 1"),
    (["--epochs", "many"], "invalid int value"),
    (["--seed", "-1"], "seed must be at least 0"),
    (["--data", "missing.h5"], "missing.h5"),
    (["--output", "missing/model.h5"], "folder that exists"),
    (["--output", "."], "name of a file"),
    (["--epoch", "1"], "unrecognized arguments"),
])
def test_train__refuses_before_any_work(images, tmp_path, monkeypatch, capsys, no_work, options,
                                        message):
    monkeypatch.chdir(tmp_path)

    assert message in refused(capsys, "train", "digits", "--data", images, *options)

    assert list(tmp_path.iterdir()) == []


PICTURES, LABELS = np.zeros((5, 28, 28), np.uint8), np.arange(5, dtype=np.uint8)
BAD_DATA = {
    "empty": None, "text": b"hello", "truncated": "truncated",
    "no labels": {"images": PICTURES}, "no images": {"labels": LABELS}, "nothing": {},
    "floats": {"images": PICTURES / 2, "labels": LABELS},
    "wide labels": {"images": PICTURES, "labels": LABELS.astype(np.int64)},
    "flat": {"images": PICTURES.reshape(5, -1), "labels": LABELS},
    "small": {"images": PICTURES[:, :14, :14], "labels": LABELS},
    "few labels": {"images": PICTURES, "labels": LABELS[:3]},
    "labels of 10": {"images": PICTURES, "labels": LABELS + np.uint8(6)},
}


def write(path, contents, images):
    if contents == "truncated":
        contents = images.read_bytes()[:20_000]
    if contents is None or isinstance(contents, bytes):
        path.write_bytes(contents or b"")
        return path
    with h5py.File(path, "w") as file:
        for name, value in contents.items():
            file[name] = value
    return path


@pytest.mark.parametrize("kind", BAD_DATA)
def test_data__that_is_none_is_refused(images, model, tmp_path, capsys, no_work, kind):
    path = write(tmp_path / "bad.h5", BAD_DATA[kind], images)

    trained = refused(capsys, "train", "digits", "--data", path, "--output", tmp_path / "model.h5")
    evaluated = refused(capsys, "evaluate", model, path)

    assert "bad.h5" in trained and "bad.h5" in evaluated
    assert list(tmp_path.iterdir()) == [path]


def test_evaluate__table(images, model, capsys):
    assert run("evaluate", model, images) == 0

    assert capsys.readouterr().out.startswith("images    60\naccuracy  ")


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated", "data", "folder",
                                  "other kind", "no kind", "other weights"])
def test_evaluate__refuses_what_is_no_model(images, model, tmp_path, capsys, kind):
    path = tmp_path / "bad.h5"
    weights = train.load(model).weights
    if kind == "folder":
        path.mkdir()
    elif kind in ("empty", "text", "truncated", "data"):
        truncated = model.read_bytes()[:50_000]
        path.write_bytes({"empty": b"", "text": b"hello", "truncated": truncated,
                          "data": images.read_bytes()}[kind])
    elif kind != "missing":
        kinds = {"other kind": {"kind": "letters"}, "no kind": {}}
        attributes = kinds.get(kind, {"kind": "digits"})
        some = dict(list(weights.items())[1:]) if kind == "other weights" else weights
        train.save(path, some, attributes=attributes)

    message = refused(capsys, "evaluate", path, images)

    assert ("weights must" if kind == "other weights" else "bad.h5") in message


def test_data__without_a_picture_is_refused(model, tmp_path, capsys):
    path = write(tmp_path / "bad.h5", {"images": PICTURES[:0], "labels": LABELS[:0]}, None)

    training = ["train", "digits", "--output", tmp_path / "m.h5", "--data"]
    for command in (training, ["evaluate", model]):
        refused(capsys, *command, path)

    assert list(tmp_path.iterdir()) == [path]


def test_evaluate__a_cut_anywhere_is_told_in_one_line(images, model, tmp_path, capsys):
    whole, path = model.read_bytes(), tmp_path / "bad.h5"
    for length in range(0, len(whole), len(whole) // 25):
        path.write_bytes(whole[:length])
        refused(capsys, "evaluate", path, images)


def test_module__tells_errors_in_one_line(tmp_path):
    (tmp_path / "old.h5").write_bytes(b"old")

    done = python("-m", "eventsnn", "simulate", "cuba", "--record", tmp_path / "old.h5")

    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("eventsnn: error: ") and done.stderr.count("\n") == 1
    assert (tmp_path / "old.h5").read_bytes() == b"old"
