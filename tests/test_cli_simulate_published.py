"""The command line offers each published network, with its own parameters."""

import inspect
import json

import pytest

from eventsnn import networks
from eventsnn.cli.entry import parser
from eventsnn.cli.networks import NETWORKS
from eventsnn.record import Recording
from tests.command_line import refused, run

pytestmark = pytest.mark.usefixtures("handlers")
SMALL = {"cuba": ["--neurons", 400], "coba": ["--neurons", 400], "brunel": ["--neurons", 500],
         "microcircuit": ["--scale", 0.01]}
COMMON = {"--seconds", "--dt", "--seed", "--threads", "--device", "--record", "--trace",
          "--trace-every", "--trace-neurons", "--plot", "--json", "--quiet", "--overwrite"}
each_network = pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.name)


def test_networks__are_all_there():
    assert {n.name for n in NETWORKS} == set(networks.__all__) == set(SMALL)


@each_network
def test_options__are_the_arguments_of_the_function(network):
    arguments = inspect.signature(getattr(networks, network.name)).parameters
    own = {name: a.default for name, a in arguments.items()
           if name not in ("dt", "seed", "threads", "device")}

    options = parser().parse_args(["simulate", network.name])
    assert network.own(options) == own
    assert (options.dt, options.seed, options.threads, options.device) == tuple(
        arguments[name].default for name in ("dt", "seed", "threads", "device"))


@each_network
def test_help__lists_every_option_with_its_default(network, capsys):
    assert run("simulate", network.name, "--help") == 0

    text = " ".join(capsys.readouterr().out.split())
    for name in COMMON | {"--" + o.name.replace("_", "-") for o in network.options}:
        assert f"{name} " in text
    for option in network.options:
        assert "(" in option.text or f"{option.text} ({option.default})" in text


def test_json__has_the_same_keys_for_all(capsys):
    keys = {}
    for name, options in SMALL.items():
        assert run("simulate", name, *options, "--seconds", 0.02, "--json", "--quiet") == 0
        summary = json.loads(capsys.readouterr().out)
        keys[name] = list(summary)
        assert summary["network"] == name
        assert summary["neurons"] == {"brunel": 500, "microcircuit": 771}.get(name, 400)
        assert set(summary["rates_hz"]) == set(summary["cvs_isi"])

    assert len(set(map(tuple, keys.values()))) == 1


def test_brunel__without_options_is_the_published_one():
    options = parser().parse_args(["simulate", "brunel"])

    net = next(n for n in NETWORKS if n.name == "brunel").make(options)
    about = net.describe()
    assert [q["size"] for q in about["populations"].values()] == [10_000, 2500]
    rules = [p["rule"] for p in about["projections"]]
    assert len(rules) == 4 and "FixedInDegree" in str(rules)
    weights = [p["weight"] for p in about["projections"]]
    assert weights[1] / weights[0] == pytest.approx(-5)


def test_brunel__regime_and_size_are_set(capsys):
    assert run("simulate", "brunel", "--neurons", 500, "--regime", "SR", "--eta", 3, "--seconds",
               0.02, "--json") == 0

    summary = json.loads(capsys.readouterr().out)
    assert summary["parameters"] == {"neurons": 500, "regime": "SR", "g": None, "eta": 3.0,
                                     "in_degree": None, "weight": None, "delay": 1.5e-3,
                                     "spread": 0.0, "connections": "in-degree"}
    assert summary["synapses"] == 500 * 50


@each_network
def test_record_and_plot(network, tmp_path):
    path = tmp_path / "run.h5"
    assert run("simulate", network.name, *SMALL[network.name], "--seconds", 0.05, "--record", path,
               "--trace", "v", "--plot", tmp_path / "run.png", "--quiet") == 0

    with Recording(path) as recording:
        assert recording.provenance["network"] == network.name
        assert set(recording.provenance["parameters"]) == {o.name for o in network.options}
    assert {p.name for p in tmp_path.iterdir()} == {"run.h5", "run.v.h5", "run.png"}


@pytest.mark.parametrize(("command", "message"), [
    (["brunel", "--regime", "XX"], "argument --regime: invalid choice: 'XX'"),
    (["brunel", "--g", "-1"], "g must be at least 0, got -1"),
    (["brunel", "--in-degree", "1e3"], "argument --in-degree: invalid int value: '1e3'"),
    (["brunel", "--delay", "0"], "delay must be at least two steps, 0.0002 s, got 0 s"),
    (["microcircuit", "--scale", "0"], "scale must be at least 0.01, got 0"),
    (["microcircuit", "--input", "none"], "argument --input: invalid choice: 'none'"),
    (["coba", "--neurons", "50"], "neurons must be at least 100, got 50"),
    (["izhikevich"], "invalid choice: 'izhikevich'"),
])
def test_simulate__refuses(command, message, capsys, no_work):
    assert message in refused(capsys, "simulate", *command)
