"""What rules, weights and delays are refused, in one clear message that leaves networks alone."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import (
    AllToAll, ClippedNormal, DistanceProbability, FixedInDegree, FixedOutDegree, FixedProbability,
    FixedTotalNumber, LogNormal, Network, Normal, OneToOne, Uniform,
)
from tests.networks_under_test import DT

XY = np.random.default_rng(0).random((4, 2))
ONES = sparse.csr_array(np.ones((4, 4)))


def link(rule=None, part=slice(None), **options):
    """Connect 4 neurons to a part of them."""
    given = {"delay": DT} | ({} if rule is None else {"rule": rule}) | options
    return lambda q, net: net.connect(q, q[part], **given)


def new(rule, *args, **options):
    return lambda q, net: rule(*args, **options)


def listed(**options):
    return link(**{"matrix": ONES} | options)


def near(**options):
    return new(DistanceProbability, **{"pre_positions": XY, "post_positions": XY, "sigma": 1.0}
               | options)


BAD = [
    (new(FixedProbability, -0.1), ValueError, "p must be at least 0, got -0.1"),
    (new(FixedProbability, 1.1), ValueError, "p must be at most 1, got 1.1"),
    (new(FixedProbability, np.nan), ValueError, "p must be finite, got nan"),
    (new(FixedProbability, "0.1"), TypeError, "p must be a number, got '0.1'"),
    (new(FixedProbability, 0.1, autapses=2), TypeError, "autapses must be True or False, got 2"),
    (new(FixedInDegree, -1), ValueError, "n must be at least 0, got -1"),
    (new(FixedInDegree, 2.0), TypeError, "n must be a whole number, got 2.0"),
    (new(FixedInDegree, 2**31), ValueError, "n must be at most 2147483647"),
    (new(FixedInDegree, True), TypeError, "n must be a whole number, got True"),
    (new(FixedInDegree, 3, multapses="no"), TypeError, "multapses must be True or False"),
    (new(FixedOutDegree, -1), ValueError, "n must be at least 0, got -1"),
    (new(FixedOutDegree, 2**31), ValueError, "n must be at most 2147483647"),
    (new(FixedTotalNumber, -5), ValueError, "n must be at least 0, got -5"),
    (new(FixedTotalNumber, 1e3), TypeError, "n must be a whole number, got 1000.0"),
    (new(FixedTotalNumber, 2**60), ValueError, "n must be at most 9007199254740992"),
    (new(AllToAll, autapses=None), TypeError, "autapses must be True or False, got None"),
    (link(OneToOne(), slice(1, None)), ValueError,
     "post must have as many neurons as pre, 4, for OneToOne, got 3"),
    (link(FixedInDegree(5, multapses=False)), ValueError,
     "n must be at most 4, as many sources as a target can have, got 5; allow multapses"),
    (link(FixedInDegree(4, autapses=False, multapses=False)), ValueError, "n must be at most 3"),
    (link(FixedOutDegree(4, multapses=False), slice(3)), ValueError,
     "n must be at most 3, as many targets as a source can have, got 4; allow multapses"),
    (link(FixedOutDegree(1), slice(0)), ValueError, "n must be at most 0, as many targets"),
    (link(FixedOutDegree(1, autapses=False), slice(1)), ValueError, "n must be at most 0"),
    (link(FixedTotalNumber(17, multapses=False)), ValueError,
     "n must be at most 16, as many pairs as there are, got 17; allow multapses"),
    (link(FixedTotalNumber(13, False, False)), ValueError, "n must be at most 12"),
    (link(FixedTotalNumber(1), slice(0)), ValueError, "n must be at most 0, as many pairs"),
    (link(3), TypeError, "rule must be a rule of eventsnn.simulate, .*, got 3"),
    (link(FixedInDegree), TypeError, "rule must be a rule of eventsnn.simulate"),
    (link(AllToAll(), probability=0.1), TypeError, "got a rule and a probability"),
    (link(AllToAll(), matrix=ONES), TypeError, "got a rule and a matrix"),
    (link(AllToAll(), autapses=True), ValueError,
     r"autapses must be left to the rule .*; write AllToAll\(..., autapses=True\)"),
    (link(AllToAll(), autapses="yes"), TypeError, "autapses must be True or False, got 'yes'"),
    (link(AllToAll(), procedural="yes"), TypeError, "procedural must be True or False"),
    (listed(procedural=True), ValueError, "procedural must be False .* got True for matrix"),
    (lambda q, net: net.connect(q, Network(DT).population("cells", 4, LIFParameters()), AllToAll(),
                                delay=DT), ValueError, "post must belong to this network"),
    (lambda q, net: net.connect([0, 1], q, AllToAll(), delay=DT), TypeError,
     "pre must be a population or a part of one, got list"),
    (near(sigma=None), TypeError, "must be given sigma or length, got neither"),
    (near(length=1.0), TypeError, "must be given sigma or length, got both"),
    (near(sigma=0.0), ValueError, "sigma must be above 0, got 0"),
    (near(sigma=None, length=-1.0), ValueError, "length must be above 0, got -1"),
    (near(cutoff=np.nan), ValueError, "cutoff must be finite, got nan"),
    (near(p_0=1.5), ValueError, "p_0 must be at most 1, got 1.5"),
    (near(pre_positions=XY[:, 0]), ValueError, r"pre_positions must have shape \(neurons, axes\)"),
    (near(post_positions=XY[:, :1]), ValueError, r"post_positions must have shape \(2,\)"),
    (near(pre_positions=XY * np.nan), ValueError, "pre_positions must be finite, got nan"),
    (near(pre_positions=XY.astype(str)), TypeError, "pre_positions must hold real numbers"),
    (near(box=(1.0,)), ValueError, r"box must have shape \(2,\)"),
    (near(box=(1.0, -1.0)), ValueError, "box must hold periods of at least 0"),
    (near(box=(1.0, np.nan)), ValueError, "box must hold periods of at least 0"),
    (near(box=(0.1, 0.1)), ValueError, "pre_positions must lie in the box"),
    (link(DistanceProbability(XY[:3], XY, sigma=1.0)), ValueError,
     r"pre_positions must have shape \(4, 2\) .*, got \(3, 2\)"),
    (link(DistanceProbability(XY, XY[:2], sigma=1.0)), ValueError,
     r"post_positions must have shape \(4, 2\)"),
    (link(AllToAll(), weight=np.nan), ValueError, "weight must be finite, got nan"),
    (link(AllToAll(), weight=1e39), ValueError, "weight must be finite"),
    (link(AllToAll(), weight="1"), TypeError, "weight must be a number, got '1'"),
    (link(AllToAll(), weight=None), TypeError, "weight must be a number or a distribution"),
    (link(AllToAll(), weight=[1.0] * 16), TypeError, r"got list of shape \(16,\); weights one by"),
    (link(AllToAll(), weight=Normal(1e39, 1.0)), ValueError, "weight must be finite, got inf"),
    (link(AllToAll(), weight=LogNormal(200.0, 1.0)), ValueError, "weight must be finite, got inf"),
    (link(AllToAll(), delay=0.2 * DT), ValueError, "delay must be at least dt = 0.0001 s, got 2e-"),
    (link(AllToAll(), delay=np.inf), ValueError, "delay must be finite, got inf"),
    (link(AllToAll(), delay=np.full(16, DT)), TypeError, "delays one by one go with a matrix"),
    (link(AllToAll(), delay=ONES * DT), TypeError, "delay must be a number or a distribution"),
    (link(AllToAll(), delay=Uniform(0.0, 0.2 * DT)), ValueError, "delay must be at least dt"),
    (link(AllToAll(), delay=LogNormal(1.0, 1.0)), ValueError,
     "delay must be at most 65535 steps = 6.5535 s .*; bound it with ClippedNormal or Uniform"),
    (listed(delay=np.full(16, 0.4 * DT)), ValueError, "delay must be at least dt"),
    (listed(delay=np.full(15, DT)), ValueError, r"delay must have shape \(16,\) .*, got \(15,\)"),
    (listed(delay=np.full(16, np.nan)), ValueError, "delay must be finite, got nan"),
    (listed(delay=np.linspace(DT, 7.0, 16)), ValueError, "delay must be at most 65535 steps"),
    (listed(delay=np.full(16, "a")), TypeError, "delay must hold real numbers"),
    (listed(delay=sparse.eye_array(4) * DT), ValueError, "delay must have the entries that matrix"),
    (listed(delay=sparse.csr_array(np.full((4, 5), DT))), ValueError,
     r"delay must have shape \(4, 4\)"),
    (listed(delay=sparse.csr_array(np.full((4, 4), -DT))), ValueError, "delay must be at least dt"),
    (listed(weight=np.ones(3)), ValueError, r"weight must have shape \(16,\)"),
    (listed(weight=np.full(16, np.inf)), ValueError, "weight must be finite"),
    (listed(weight=np.full(16, 1e39)), ValueError, "matrix must be finite, got inf"),
    (listed(weight=Normal(1.0, 1.0)), TypeError, "weight must be a number or an array, a factor"),
    (listed(matrix=sparse.csr_array(np.full((4, 4), 1e39)), delay=np.full(16, DT)), ValueError,
     "matrix must be finite"),
    (listed(delay=ClippedNormal(1.0, 1.0, high=1e-5)), ValueError, "delay must be at least dt"),
]


@pytest.mark.parametrize(("action", "error", "message"), BAD)
def test_connect__refuses(action, error, message):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(error, match=message) as caught:
        action(cells, net)

    assert "\n" not in str(caught.value)
    assert net.connections == []
    net.run(DT)  # it is as it was before


def test_total__refuses_rows_that_are_too_long():
    net = Network(DT)
    cells = net.population("cells", 1, LIFParameters())
    net.connect(cells, cells, FixedTotalNumber(2**31), delay=DT)

    with pytest.raises(ValueError, match="n must give no source more than 2147483647 synapses"):
        net.build()


def test_describe__is_json(tmp_path):
    import json

    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    for rule in (OneToOne(), AllToAll(False), FixedInDegree(3), FixedOutDegree(3),
                 FixedTotalNumber(9), FixedProbability(0.5),
                 DistanceProbability(XY, XY, length=1.0)):
        net.connect(cells, cells, rule, weight=ClippedNormal(-1.0, 1.0, high=0.0),
                    delay=Uniform(DT, 9 * DT))
    net.connect(cells, cells, matrix=ONES, delay=np.arange(1, 17) * DT)

    described = json.loads(json.dumps(net.describe(), allow_nan=False))["projections"]

    assert [one["rule"] for one in described] == [
        "OneToOne", "AllToAll", "FixedInDegree", "FixedOutDegree", "FixedTotalNumber",
        "FixedProbability", "DistanceProbability", "matrix"]
    assert described[2]["n"] == 3 and described[2]["multapses"] is True
    assert described[0]["weight"] == {"distribution": "ClippedNormal", "mean": -1.0, "std": 1.0,
                                      "low": None, "high": 0.0}
    assert described[-1]["delay"]["max"] == 16 * DT
