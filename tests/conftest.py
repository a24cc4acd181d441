"""Options of the test suite, and fixtures that several files use."""

import os
import pathlib
import signal

import numpy as np
import pytest

from eventsnn import train
from eventsnn.connect import blocks
from eventsnn.interop import write_sonata_network
from eventsnn.record import Recorder
from eventsnn.simulate import Network
from tests import sonata_networks
from tests.naive.relaxed import plain_engine
from tests.naive_network import BLOCK
from tests.recordings import record, spikes

collect_ignore = ["analysis_peers.py"]  # needs elephant and PySpike, and is no test

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A job in the background ignores Ctrl-C, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest.register_assert_rewrite(
    "tests.command_line", "tests.networks_under_test", "tests.neuron_contract")


def pytest_addoption(parser):
    parser.addoption("--golden", type=pathlib.Path,
                     default=pathlib.Path(__file__).parent / "data" / "golden",
                     help="folder of reference data that tests/test_golden.py runs over")


def pytest_generate_tests(metafunc):
    wanted = {"golden_case", "golden_spiking_case"} & set(metafunc.fixturenames)
    if not wanted:
        return
    import h5py

    from tests.golden.neurons import spikes_decided

    folder, cases, fixture = metafunc.config.getoption("golden"), [], wanted.pop()
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            family = file.attrs.get("family", path.stem)
            cases += [(path, name) for name, group in file.items()
                      if fixture == "golden_case" or spikes_decided(family, group.attrs)]
    if not cases and fixture == "golden_case":  # a wrong folder must not pass for a suite
        raise ValueError(f"--golden must be a folder with .h5 files of cases, got {folder}")
    metafunc.parametrize(fixture, cases, ids=[f"{p.stem}/{name}" for p, name in cases])


@pytest.fixture(autouse=True)
def small_target_blocks(monkeypatch):
    """Blocks of targets so small that the networks of the tests have several."""
    monkeypatch.setattr(blocks, "size", lambda n: BLOCK)


@pytest.fixture
def plain(monkeypatch):
    """The engine in plain Python, not compiled."""
    plain_engine(monkeypatch)


@pytest.fixture
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

    monkeypatch.setattr(Network, "_built", worked)
    monkeypatch.setattr(train, "fit", worked)


@pytest.fixture
def no_fsync(monkeypatch):
    """Nothing is forced to the disk: as good while no machine stops, and far faster."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def small_parts(monkeypatch, no_fsync):
    """Parts of 64 spikes, so that a few thousand fill many."""
    monkeypatch.setitem(Recorder.__init__.__kwdefaults__, "part_spikes", 64)


@pytest.fixture
def good(tmp_path):
    """A recording of 3000 spikes."""
    record(tmp_path / "good.h5", *spikes(np.random.default_rng(0), 3000, 80))
    return tmp_path / "good.h5"


@pytest.fixture
def written(tmp_path):
    """A network, and the folder with it as SONATA."""
    net = sonata_networks.network()
    return net, write_sonata_network(tmp_path / "net", net,
                                     positions={"exc": sonata_networks.POSITIONS})
