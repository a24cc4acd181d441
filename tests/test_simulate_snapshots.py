"""Networks that are kept and go on: bit for bit as if they had never stopped."""

import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from eventsnn.core import lines, seal
from eventsnn.errors import FormatError, VersionError
from eventsnn.neurons import IzhikevichParameters, LIFParameters, LIFRefracParameters
from eventsnn.record import Recorder, Recording, Report, Sampling
from eventsnn.simulate import AllToAll, FixedInDegree, Network, Normal, Uniform
from eventsnn.surrogates import Logistic
from tests.recordings import unseal

SIZES = {"a": 300, "b": 50, "c": 20}


def network(threads=1):
    """Populations of several models, synapses of every kind, and drives of every kind."""
    net = Network(seed=2**63 + 5, threads=threads)
    a = net.population("a", 300, LIFParameters(tau_mem_inv=Normal(100.0, 5.0)), refractory=2e-3,
                       initial={"v": Uniform(0.0, 1.0)})
    b = net.population("b", 50, LIFParameters())
    c = net.population("c", 20, LIFParameters(), threshold=Logistic())
    s = net.source("s", 3, [0.001, 0.02, 0.15], [0, 1, 2])
    net.connect(a, a, FixedInDegree(30), weight=Normal(0.1, 0.02), delay=Uniform(1e-3, 5e-3))
    net.connect(a[:100], b, probability=0.2, weight=0.2, delay=1.5e-3)
    net.connect(s, b, AllToAll(), weight=3.0, delay=1e-3)
    net.connect(b, a, matrix=scipy.sparse.random(50, 300, 0.1, random_state=1), delay=2e-3)
    net.connect(b, c, probability=0.5, weight=0.4, delay=2.5e-3)
    net.poisson(a, rate=3000.0, weight=0.3)
    net.poisson(b[:20], rate=np.linspace(100, 5000, 20), weight=0.5)
    net.constant(b, 0.01)
    return net


def kept(net):
    """All of the network's state, as bytes."""
    return [np.asarray(x).tobytes() for q in net.populations.values() for x in net.state(q)]


@pytest.fixture(scope="module")
def expected():
    """What 0.2 s at once come to: the state, and the spikes of the second half."""
    net = network()
    net.run(0.1, progress=False)
    spikes = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    net.run(0.1, progress=False)
    assert all(len(s) > 10 for s in spikes.values())
    return kept(net), {name: (s.times, s.ids) for name, s in spikes.items()}


def check(net, expected):
    """Run the second half, and compare."""
    spikes = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    net.run(0.1, progress=False)
    for name, (times, ids) in expected[1].items():
        assert_array_equal(spikes[name].times, times)
        assert_array_equal(spikes[name].ids, ids)
    assert kept(net) == expected[0]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_load__goes_on_bit_for_bit(tmp_path, expected, threads):
    net = network(threads=3 - min(threads, 2))
    net.run(0.1, progress=False)

    net.save(tmp_path / "snap.h5")
    again = Network.load(tmp_path / "snap.h5", threads=threads)

    assert (again.time, again.step, again.threads) == (net.time, net.step, threads)
    assert json.dumps(again.describe()) == json.dumps(net.describe())
    check(again, expected)


def test_load__in_another_process(tmp_path, expected):
    net = network()
    net.run(0.1, progress=False)
    net.save(tmp_path / "snap.h5")
    script = ("import sys\nfrom eventsnn.simulate import Network\n"
              "net = Network.load(sys.argv[1])\nnet.run(0.1, progress=False)\n"
              "net.save(sys.argv[2])\n")

    subprocess.run([sys.executable, "-c", script, tmp_path / "snap.h5", tmp_path / "later.h5"],
                   check=True)

    assert kept(Network.load(tmp_path / "later.h5")) == expected[0]


def test_save__before_the_run_and_twice_the_same_bytes(tmp_path):
    net = network()
    net.save(tmp_path / "a.h5")
    net.save(tmp_path / "b.h5")
    Network.load(tmp_path / "a.h5").save(tmp_path / "c.h5")

    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "c.h5").read_bytes()
    with pytest.raises(FileExistsError, match="overwrite"):
        net.save(tmp_path / "a.h5")


def test_restore__any_number_of_trials(expected):
    net = network()
    net.run(0.1, progress=False)
    spikes = net.record(net.populations["a"], "spikes")
    v = net.record(net.populations["b"], "v", every=1e-3)
    stored = net.store()
    trials = []
    for _ in range(3):
        net.run(0.1, progress=False)
        trials.append((spikes.times, spikes.ids, v.values, kept(net)))
        net.restore(stored)
        assert (len(spikes), len(v.times), net.time) == (0, 0, pytest.approx(0.1))

    for times, ids, values, state in trials:
        assert state == expected[0]
        assert_array_equal(times, expected[1]["a"][0])
        assert_array_equal(ids, expected[1]["a"][1])
        assert_array_equal(values, trials[0][2])


def test_restore__refuses_what_does_not_fit():
    net, other = network(), Network()
    other.population("a", 3, LIFRefracParameters())
    with pytest.raises(ValueError, match="snapshot must be of this network"):
        net.restore(other.store())
    with pytest.raises(TypeError, match="must be what store"):
        net.restore(3)


def test_snapshot__with_the_recording_goes_on_as_if_nothing_had_happened(tmp_path):
    def recorder(name, **options):
        return Recorder(tmp_path / name, SIZES, 1e-4, part_spikes=500,
                        samplings=[Sampling("v", "b", 1e-3)], **options)

    net = network()
    with recorder("whole.h5") as whole:
        net.run(0.2, recorder=whole, progress=False)
        whole.duration = net.time
    net = network()
    broken = recorder("run.h5")
    net.run(0.1, recorder=broken, progress=False)
    broken.duration = net.time
    net.save(tmp_path / "snap.h5", recorder=broken)
    net.run(0.03, recorder=broken, progress=False)
    broken.flush()
    broken._folder.release()  # as the end of the process does

    again = Network.load(tmp_path / "snap.h5", threads=2)
    with recorder("run.h5", resume=again.recording) as resumed:
        again.run(0.1, recorder=resumed, progress=False)
        resumed.duration = again.time

    assert (tmp_path / "run.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert (tmp_path / "run.v.h5").read_bytes() == (tmp_path / "whole.v.h5").read_bytes()
    with Recording(tmp_path / "run.h5") as recording, Report(tmp_path / "run.v.h5") as report:
        assert recording.count("a") > 1000 and report.count("b") == 200


def test_save__of_a_source_that_is_a_recording(tmp_path):
    with Recorder(tmp_path / "in.h5", {"s": 4}, 1e-4) as recorder:
        recorder.append("s", np.arange(0, 2000, 10), np.arange(200) % 4)
    net = Network(seed=1)
    source = net.source("s", recording=tmp_path / "in.h5")
    cells = net.population("cells", 5, IzhikevichParameters())
    net.connect(source, cells, AllToAll(), weight=2.0, delay=1e-3)
    net.run(0.05, progress=False)
    net.save(tmp_path / "snap.h5")

    again = Network.load(tmp_path / "snap.h5")
    for one in (net, again):
        one.run(0.1, progress=False)

    assert kept(net) == kept(again)


def test_load__refuses_every_damaged_byte(tmp_path):
    net = Network()
    net.population("a", 3, LIFParameters())
    path = net.save(tmp_path / "snap.h5")
    whole, rng = path.read_bytes(), np.random.default_rng(0)

    for place in [*range(0, len(whole), 37), len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="must be") as caught:
            Network.load(path)
        assert "\n" not in str(caught.value)
    unseal_to = tmp_path / "bare.h5"
    unseal_to.write_bytes(whole)
    unseal(unseal_to)
    with pytest.raises(FormatError, match="a network that eventsnn saved, got another file"):
        Network.load(unseal_to)


@pytest.mark.parametrize("change, words", [
    (lambda made: made["populations"][0]["p"].update({"class": "os.system"}), "os.system"),
    (lambda made: made["populations"][0]["p"].update({"class": "builtins.eval"}), "eval"),
    (lambda made: made["populations"][0].update(size=-1), "size"),
    (lambda made: made["populations"][0].update(size=7), "snapshot must be of this network"),
    (lambda made: made.update(step=-1), "step"), (lambda made: made.pop("drives"), "drives"),
    (lambda made: made["populations"][0]["p"]["fields"].update(v_th={"array": 99}), "together"),
    (lambda made: made["populations"][0]["p"]["fields"].update(extra=1), "hold together"),
], ids=range(8))
def test_load__refuses_what_does_not_hold_together(tmp_path, monkeypatch, change, words):
    from eventsnn.simulate import snapshot

    write = snapshot.write

    def changed(path, made, *rest):
        change(made)
        return write(path, made, *rest)

    monkeypatch.setattr(snapshot, "write", changed)
    net = Network()
    net.population("a", 3, LIFParameters())
    net.save(tmp_path / "snap.h5")

    with pytest.raises(FormatError, match=words) as caught:
        Network.load(tmp_path / "snap.h5")

    assert "\n" not in str(caught.value)


def test_load__refuses_others_by_name(tmp_path, monkeypatch):
    from eventsnn.simulate import snapshot

    net = Network()
    net.population("a", 3, LIFParameters())
    monkeypatch.setattr(snapshot, "VERSION", 2)
    net.save(tmp_path / "newer.h5")
    monkeypatch.undo()
    with pytest.raises(VersionError, match="format version 2, .* update eventsnn"):
        Network.load(tmp_path / "newer.h5")
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("no network")
    with pytest.raises(FormatError, match="got another file"):
        Network.load(tmp_path / "text.h5")
    assert lines.read((tmp_path / "newer.h5").read_bytes()[:seal.HEAD].rstrip() + b"\n")
