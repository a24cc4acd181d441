"""What networks tell of themselves: descriptions, for JSON, and the progress of a run."""

import json

import numpy as np
import pytest

from eventsnn.neurons import LIFParameters
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import Network, Normal
from eventsnn.simulate.progress import progress_bar
from tests.networks_under_test import DT, mixed


def test_describe__covers_all_drives():
    net = Network(DT, 3)
    cells = net.population("cells", 4, LIFParameters(v_th=Normal(1.0, 0.1)))
    net.poisson(cells[1:], rate=100.0, weight=0.5)
    net.poisson(cells, rate=np.arange(4.0), weight=[1.0, 2.0, 3.0, 4.0])
    net.poisson(cells, rate=[1000.0, 0.0], times=[0.1, 0.2], weight=0.5)
    net.current(cells, 0.25)
    net.current(cells, np.ones(500), np.arange(500) * 1e-3)
    net.noise(cells, 0.0, 2.0, 1e-3)
    net.spikes(cells, [0.1, 0.2], [0, 3], weight=2.0)
    net.constant(cells, 0.125)
    net.source("given", 7, [], [])

    told = json.loads(json.dumps(net.describe()))

    everyone = ["cells", 0, 4]
    assert told["poisson"][0] == {"post": ["cells", 1, 4], "channel": 0, "weight": 0.5,
                                  "events_per_step": pytest.approx(0.01)}
    assert told["poisson"][1]["weight"] == {"shape": [4], "min": 1.0, "mean": 2.5, "max": 4.0}
    assert told["poisson"][2]["times"] == pytest.approx([0.0, 0.1, 0.2])
    assert told["poisson"][2]["events_per_step"] == pytest.approx([0.0, 0.1, 0.0])
    assert told["currents"][0] == {"post": everyone, "channel": 0, "value": 0.25}
    assert told["currents"][1]["value"]["shape"] == [500, 1]
    assert told["noises"] == [{"post": everyone, "channel": 0, "mean": 0.0, "std": 2.0,
                               "every": pytest.approx(1e-3)}]
    assert told["spikes"] == [{"post": everyone, "channel": 0, "spikes": 2, "weight": 2.0}]
    assert told["constant"] == [{"post": everyone, "channel": 0, "value": 0.125}]
    assert told["sources"] == {"given": {"size": 7}}


def test_describe__is_kept_beside_the_recording(tmp_path):
    net = mixed(n=90)
    sizes = {name: len(q) for name, q in net.populations.items()}
    with Recorder(tmp_path / "run.h5", sizes, DT, attributes={"network": net.describe()}) as r:
        net.run(0.01, recorder=r)

    with Recording(tmp_path / "run.h5") as recording:
        kept = recording.provenance["network"]
    assert kept == json.loads(json.dumps(net.describe()))


def test_progress__shows_model_time_real_time_factor_and_time_left(capsys):
    bar = progress_bar(10.0, True)
    bar.start_t -= 5.0  # as if it had run for 5 s
    bar.n = 2.5
    bar.refresh()
    bar.close()

    shown = capsys.readouterr().err.split("\r")[2]
    assert shown.startswith("model time: 2.50/10.00 s |")
    assert "real-time factor 2, 00:05<00:15" in shown


def test_progress__begins_without_a_factor(capsys):
    progress_bar(10.0, True).close()

    assert "real-time factor ?" in capsys.readouterr().err


@pytest.mark.parametrize("progress", [None, False])
def test_progress__is_off_where_standard_error_is_no_terminal(capsys, progress):
    progress_bar(10.0, progress).close()

    assert capsys.readouterr().err == ""
