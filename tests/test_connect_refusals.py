"""What rules, weights and delays are refused, in one clear message that leaves networks alone."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn.neurons import LIFParameters
from eventsnn.plasticity import PairSTDP, TsodyksMakramParameters
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


def learns(weight=0.5, **p):
    return link(AllToAll(), weight=weight, plasticity=PairSTDP(**p))


def tires(**p):
    return link(AllToAll(), short_term=TsodyksMakramParameters(**p))


def broken(kind=sparse.csr_array, **parts):
    """Connect by a matrix with parts that do not fit."""
    matrix = kind(np.eye(4))
    for name, value in parts.items():
        setattr(matrix, name, np.asarray(value))
    return listed(matrix=matrix)


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
    (link(AllToAll(), delay=1e300), ValueError,
     r"delay must be below 2\^31 steps, got 1e.300 s; time is in seconds; did you pass millisec"),
    (link(AllToAll(), delay=2**31 * DT), ValueError, r"delay must be below 2\^31 steps"),
    (listed(delay=np.full(16, 1e300)), ValueError, r"delay must be below 2\^31 steps, got 1e.300"),
    (link(AllToAll(), delay="1ms"), TypeError, "delay must be a number, got '1ms'"),
    (link(AllToAll(), delay=True), TypeError, "delay must be a number, got True"),
    (link(AllToAll(), weight=1j), TypeError, "weight must be a number, got 1j"),
    (broken(indices=[0, 1, 2, 9]), ValueError, "matrix must have indices in 0 ... 3, got 9"),
    (broken(indices=[0, 1, 2, -1]), ValueError, "matrix must have indices in 0 ... 3, got -1"),
    (broken(indices=[0, 1]), ValueError,
     "matrix must have data and indices for all that indptr counts, 4, got 4 and 2"),
    (broken(indptr=[0, 3, 1, 3, 4]), ValueError,
     r"matrix must have an indptr of 5 numbers that rise from 0, got \[0, 3, 1, 3, 4\]"),
    (broken(indptr=[0, 1, 2]), ValueError, "matrix must have an indptr of 5 numbers"),
    (broken(indptr=[1, 1, 2, 3, 4]), ValueError, "matrix must have an indptr of 5 numbers"),
    (broken(indptr=[0, 1, 2, 3, 90]), ValueError, "for all that indptr counts, 90, got 4 and 4"),
    (broken(sparse.csc_array, indices=[0, 1, 2, 4]), ValueError, "matrix must have indices in 0"),
    (broken(sparse.coo_array, coords=[[0, 1, 2, 3], [0, 1, 2, 7]]), ValueError,
     "matrix must have columns in 0 ... 3, got 7"),
    (broken(sparse.coo_array, coords=[[0, 1, 2, -3], [0, 1, 2, 3]]), ValueError,
     "matrix must have rows in 0 ... 3, got -3"),
    (broken(sparse.coo_array, data=[1.0]), ValueError, "matrix must have a row and a column for"),
    (listed(matrix=sparse.csr_array((np.array([None] * 4), np.arange(4), np.arange(5)),
                                    shape=(4, 4))), TypeError, "matrix must hold real numbers"),
    (listed(weight=np.ones((4, 4))), ValueError, r"weight must have shape \(16,\)"),
    (link(AllToAll(), plasticity={}), TypeError, "plasticity must be a PairSTDP, got dict"),
    (link(AllToAll(), plasticity=PairSTDP), TypeError, "plasticity must be a PairSTDP, got type"),
    (learns(eta_plus=np.nan), ValueError, "eta_plus must be finite, got nan"),
    (learns(eta_minus="1"), TypeError, "eta_minus must be a number, got '1'"),
    (learns(eta_plus=1e39), ValueError, "eta_plus must be finite, got inf"),
    (learns(tau_plus_inv=0.0), ValueError, "tau_plus_inv must be above 0, got 0"),
    (learns(tau_minus_inv=-1.0), ValueError, "tau_minus_inv must be above 0, got -1"),
    (learns(tau_minus_inv=np.inf), ValueError, "tau_minus_inv must be finite, got inf"),
    (learns(tau_minus_inv=np.ones(4)), TypeError, "tau_minus_inv must be a number, got array"),
    (learns(w_min=1.0), ValueError, "w_min must be below w_max = 1, got 1"),
    (learns(w_max=1e39), ValueError, "w_max must be finite, got inf"),
    (learns(mu_plus=-1.0), ValueError, "mu_plus must be at least 0, got -1"),
    (learns(nearest=2), TypeError, "nearest must be True or False, got 2"),
    (learns(weight=2.0), ValueError, "weight must lie in 0 ... 1, the bounds of plasticity, got 2"),
    (learns(weight=Normal(0.5, 0.2)), ValueError, "weight must lie in .*; bound it with ClippedN"),
    (listed(matrix=ONES * 3, plasticity=PairSTDP()), ValueError, "weight must lie in 0 ... 1"),
    (link(FixedProbability(0.1), plasticity=PairSTDP(), procedural=True), ValueError,
     "procedural must be False where weights change, got True"),
    (link(AllToAll(), short_term={}), TypeError, "short_term must be TsodyksMakramParameters, got"),
    (tires(U=2.0), ValueError, "U must be a share, from 0 to 1, got 2.0"),
    (tires(U=np.nan), ValueError, "U must be finite, got nan"),
    (tires(U=np.full(4, 0.5)), TypeError, "U must be a number, got array"),
    (tires(tau_f_inv=0.0), ValueError, "tau_f_inv must be above 0, got 0"),
    (tires(tau_d_inv=-1.0), ValueError, "tau_d_inv must be above 0, got -1"),
    (tires(tau_d_inv=1e39), ValueError, "tau_d_inv must be finite, got inf"),
    (link(AllToAll(), name=3), TypeError, "name must be a string, got 3"),
    (link(AllToAll(), name=""), ValueError, "name must not be empty, nor hold a slash"),
    (link(AllToAll(), name="a/b"), ValueError, "name must not be empty, nor hold a slash"),
    (link(AllToAll(), name="a\0"), ValueError, "name must hold printable characters alone"),
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


def test_connect__refuses_a_name_that_is_taken():
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    net.connect(cells, cells, AllToAll(), delay=DT, name="loop")

    with pytest.raises(ValueError, match="name must be new in the network, got 'loop'"):
        net.connect(cells, cells, AllToAll(), delay=DT, name="loop")


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_connect__takes_matrices_of_any_kind_and_order(kind):
    wanted = np.array([[2.0, 0.0, 0.0, 1.0], [0.0, 4.0, 3.0, 0.0], [0.0] * 4, [0.0] * 4])
    unsorted = sparse.csr_array((np.array([1.0, 2.0, 3.0, 1.0, 3.0]), np.array([3, 0, 2, 1, 1]),
                                 np.array([0, 2, 5, 5, 5])), shape=(4, 4))  # and one entry twice
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    made = net.connect(cells, cells, matrix=unsorted.asformat(kind), delay=DT)

    assert made.to_scipy().toarray().tolist() == wanted.tolist()


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
