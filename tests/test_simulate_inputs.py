"""Values at the edge of what networks take: refused by name, or with the result that is documented.

A table of each; `tests/test_simulate_refusals.py` and its neighbours have the plain mistakes.
"""

import numpy as np
import pytest
from scipy import sparse

from eventsnn import networks
from eventsnn.neurons import LIFParameters, LIFState
from eventsnn.record import Recorder, Sampling
from eventsnn.simulate import (
    AllToAll, FixedInDegree, FixedOutDegree, FixedProbability, FixedTotalNumber, Network, Normal,
    OneToOne, Uniform,
)
from tests.networks_under_test import DT
from tests.neuron_contract import PARAMETERS

NAN, INF, HUGE = float("nan"), float("inf"), 10**400
ONES = sparse.csr_array(np.ones((4, 4)))


def new(**options):
    return lambda net, q: Network(**options)


def add(size=5, p=LIFParameters(), **options):
    return lambda net, q: net.population("new", size, p, **options)


def link(rule=AllToAll(), **options):
    return lambda net, q: net.connect(q, q, rule, **{"delay": DT} | options)


def by(matrix, **options):
    return link(None, matrix=matrix, **options)


def run(seconds, **options):
    return lambda net, q: net.run(seconds, **options)


def record(*arguments, **options):
    return lambda net, q: net.record(q, *arguments, **options)


def made(network, **options):
    return lambda net, q: getattr(networks, network)(**options)


def others(method, *arguments, **options):
    """A call that is given a population of another network."""
    def call(net, q):
        other = Network(DT).population("cells", 4, LIFParameters())
        getattr(net, method)(other, *arguments, **options)
    return call


def recorder(path="run.h5", populations={"a": 3}, dt=DT, **options):
    return lambda net, q: Recorder(path, populations, dt, **options)


MILLISECONDS = "did you pass milliseconds?"
REFUSED = [  # what is done with a network and its population of 4 neurons, error, message
    (new(dt=None), TypeError, "dt must be a number, got None"),
    (new(dt=True), TypeError, "dt must be a number, got True"),
    (new(dt="0.1 ms"), TypeError, "dt must be a number, got '0.1 ms'"),
    (new(dt=[DT]), TypeError, r"dt must be a number, got \[0.0001\]"),
    (new(dt=np.array([DT])), TypeError, "dt must be a number, got array"),
    (new(dt=1j), TypeError, "dt must be a number, got 1j"),
    (new(dt=-INF), ValueError, "dt must be finite, got -inf"),
    (new(dt=HUGE), ValueError, "dt must be finite, got inf"),
    (new(dt=-0.0), ValueError, "dt must be above 0, got -0"),
    (new(seed=None), TypeError, "seed must be a whole number, got None"),
    (new(seed="1"), TypeError, "seed must be a whole number, got '1'"),
    (new(seed=True), TypeError, "seed must be a whole number, got True"),
    (new(seed=np.int8(-1)), ValueError, "seed must be at least 0, got -1"),
    (new(seed=2**64 + 5), ValueError, "seed must be at most 18446744073709551615, got 18446744"),
    (new(seed=np.array(3)), TypeError, r"seed must be a whole number, got array\(3\)"),
    (new(threads=None), TypeError, "threads must be a whole number, got None"),
    (new(threads="2"), TypeError, "threads must be a whole number, got '2'"),
    (new(threads=True), TypeError, "threads must be a whole number, got True"),
    (new(threads=-1), ValueError, "threads must be at least 1, got -1"),
    (add(None), TypeError, "size must be a whole number, got None"),
    (add([3]), TypeError, r"size must be a whole number, got \[3\]"),
    (add(np.array(3)), TypeError, "size must be a whole number, got array"),
    (add(np.float64(3)), TypeError, r"size must be a whole number, got np.float64\(3.0\)"),
    (add(HUGE), ValueError, "size must be at most 2147483647"),
    (add(p=None), TypeError, "p must be the parameters of a neuron model, got NoneType"),
    (add(p="LIF"), TypeError, "p must be the parameters of a neuron model, got str"),
    (add(p=LIFState(0.0, 0.0)), TypeError, "p must be the parameters of a neuron model, got LIFSt"),
    (add(p=LIFParameters(v_th=HUGE)), TypeError, "v_th must hold real numbers, got dtype object"),
    (add(p=LIFParameters(v_th=Normal(0.0, 1e39))), ValueError, "v_th must be finite"),
    (add(threshold=None), TypeError, "threshold must be one of Heaviside, SuperSpike"),
    (add(refractory=True), TypeError, "refractory must be a number, got True"),
    (add(refractory=NAN), ValueError, "refractory must be finite, got nan"),
    (add(initial={"v": None}), TypeError, r"initial\['v'\] must hold real numbers"),
    (add(initial={1: 0.0}), ValueError, "initial must be one of i, v, got 1"),
    (lambda net, q: net.population(None, 1, LIFParameters()), TypeError, "name must be a string"),
    (lambda net, q: net.population(b"a", 1, LIFParameters()), TypeError, "name must be a string"),
    (lambda net, q: net.population(".", 1, LIFParameters()), ValueError, "name must not be empty"),
    (others("connect", None, AllToAll(), delay=DT), ValueError,
     "pre must belong to this network, got one of 'cells'"),
    (others("poisson", rate=1.0, weight=1.0), ValueError, "post must belong to this network"),
    (others("constant", 1.0), ValueError, "post must belong to this network"),
    (others("current", 1.0), ValueError, "post must belong to this network"),
    (others("noise"), ValueError, "post must belong to this network"),
    (others("spikes", [0.0], [0], weight=1.0), ValueError, "post must belong to this network"),
    (others("record", "spikes"), ValueError, "view must belong to this network"),
    (others("state"), ValueError, "view must belong to this network"),
    (lambda net, q: net.connect(q, net.source("s", 4, [], []), AllToAll(), delay=DT), ValueError,
     "post must be of neurons that take input, got .*; a source only sends"),
    (link(delay=0.49 * DT), ValueError, "delay must be at least dt = 0.0001 s, got 4.9e-05 s"),
    (link(delay=HUGE), ValueError, "delay must be finite, got inf"),
    (link(delay=1e6), ValueError, r"delay must be below 2\^31 steps, .*; time is in s.*" +
     MILLISECONDS),
    (link(delay=np.array([DT])), TypeError, r"delay must be a number or .* of shape \(1,\); delay"),
    (link(delay=np.True_), TypeError, "delay must be a number, got np.True_"),
    (link(weight=HUGE), ValueError, "weight must be finite, got inf"),
    (link(weight=True), TypeError, "weight must be a number, got True"),
    (link(weight=np.complex64(1)), TypeError, "weight must be a number, got np.complex64"),
    (by(ONES.astype(np.complex128)), TypeError, "matrix must hold real numbers"),
    (by(ONES, weight=NAN), ValueError, "weight must be finite, got nan"),
    (by(ONES, delay=np.linspace(DT, 8.0, 16)), ValueError, "delay must be at most 65535 steps"),
    (by(np.ones((4, 4))), TypeError, "matrix must be a scipy sparse matrix, got ndarray"),
    (run(None), TypeError, "seconds must be a number, got None"),
    (run(True), TypeError, "seconds must be a number, got True"),
    (run([1.0]), TypeError, r"seconds must be a number, got \[1.0\]"),
    (run(NAN), ValueError, "seconds must be finite, got nan"),
    (run(-INF), ValueError, "seconds must be finite, got -inf"),
    (run(HUGE), ValueError, "seconds must be finite, got inf"),
    (run(-DT), ValueError, "seconds must be at least 0, got -0.0001"),
    (run(DT / 4), ValueError, "seconds must be 0, or at least dt = 0.0001, got 2.5e-05"),
    (run(2.0**48 * DT), ValueError, r"seconds must end before step 2\^48"),
    (run(DT, checkpoint="a\0b"), ValueError, "checkpoint must be the name of a file, got 'a.x00b'"),
    (run(DT, checkpoint_every=DT), TypeError, "checkpoint must be the name of a file where"),
    (run(DT, checkpoint="no such/s.h5"), FileNotFoundError, "must lie in a folder that exists"),
    (record(None), ValueError, "variable must be one of i, spikes, v, got None"),
    (record("v", every="1"), TypeError, "every must be a number, got '1'"),
    (record("v", every=INF), ValueError, "every must be finite, got inf"),
    (record("v", every=-DT), ValueError, "every must be at least dt"),
    (recorder("no such/run.h5"), FileNotFoundError, "must lie in a folder that exists"),
    (recorder("."), IsADirectoryError, ". must be the name of a file, got a folder"),
    (recorder(None), TypeError, "path must be the name of a file, got None"),
    (recorder("a\0b"), ValueError, "path must be the name of a file, got 'a.x00b'"),
    (recorder(populations=["a"]), ValueError, r"populations must name at least .*, got \['a'\]"),
    (recorder(populations={"a": 0}), ValueError, "size of population 'a' must be at least 1"),
    (recorder(dt=0.0), ValueError, "dt must be above 0, got 0"),
    (recorder(samplings=[Sampling("v", "a", DT / 4)]), ValueError, "every must be at least dt"),
    (recorder(samplings=[Sampling("v", "b", DT)]), ValueError, "population must be one of a, got"),
    *[(made(name, **{argument: value}), error, message)
      for name in ("cuba", "coba", "brunel") for argument, value, error, message in [
          ("neurons", 99, ValueError, "neurons must be at least 100, got 99"),
          ("neurons", 1e4, TypeError, "neurons must be a whole number, got 10000.0"),
          ("neurons", 2**31, ValueError, "neurons must be at most 2147483647, got 2147483648"),
          ("dt", 0.1, ValueError, "dt must be at most .*, got 0.1 s; .*" + MILLISECONDS),
          ("seed", -1, ValueError, "seed must be at least 0, got -1")]],
    (made("brunel", g=NAN), ValueError, "g must be finite, got nan"),
    (made("brunel", in_degree=4), ValueError, "in_degree must be at least 5, got 4"),
    (made("brunel", weight=0.0), ValueError, "weight must be above 0, got 0"),
    (made("brunel", delay=DT), ValueError, "delay must be at least two steps, 0.0002 s, got"),
    (made("brunel", spread=1.5), ValueError, "spread must be at most 1, got 1.5"),
    (made("brunel", regime="SI-fas"), ValueError, "regime must be .* did you mean 'SI-fast'?"),
    (made("microcircuit", scale=1e9), ValueError, "scale must be at most"),
    (made("microcircuit", scale=NAN), ValueError, "scale must be finite, got nan"),
    (made("microcircuit", in_degree_scale=0), ValueError, "in_degree_scale must be above 0, got 0"),
    (made("microcircuit", input="DC"), ValueError, "input must be one of dc, poisson, got 'DC'"),
    (made("microcircuit", dt=0.1), ValueError, "dt must be at most .*" + MILLISECONDS),
]


@pytest.mark.parametrize(("action", "error", "message"), REFUSED)
def test_network__refuses(action, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(error, match=message) as caught:
        action(net, cells)

    assert "\n" not in str(caught.value) and len(str(caught.value)) < 700
    assert list(net.populations) == ["cells"] and net.step == 0 and not net.connections
    assert not net._drives and not net._records and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cls", PARAMETERS, ids=lambda cls: cls.__name__[:-10])
def test_population__of_a_step_in_milliseconds_says_so(cls):
    has_rates = any(f.startswith("tau_") and f != "tau_inv" for f in cls._fields)
    if has_rates and cls.__name__ not in ("CobaLIFParameters", "CobaLIFRefracParameters"):
        with pytest.raises(ValueError, match=f"dt must be at most .*, got 0.1 s; .*{MILLISECONDS}"):
            Network(0.1).population("cells", 1, cls())
    else:  # CobaLIF's own numbers are of a step of 1 ms, as norse has them, and IAF knows no time
        Network(0.1).population("cells", 1, cls())


def steps_of(delay):
    net = Network(DT)
    q = net.population("q", 2, LIFParameters())
    net.connect(q, q, AllToAll(), delay=delay)
    return net._projections[0].delay


def weights_of(matrix, **options):
    net = Network(DT)
    q = net.population("q", 2, LIFParameters())
    return net.connect(q, q, matrix=matrix, **{"delay": DT} | options).to_scipy().toarray().tolist()


def count_of(rule, size=1, part=slice(None)):
    net = Network(DT)
    q = net.population("q", size, LIFParameters())
    return len(net.connect(q[part], q, rule, delay=DT))


def csr(data, indices, indptr, kind=np.int32):
    return sparse.csr_array((data, np.array(indices, kind), np.array(indptr, kind)), shape=(2, 2))


UNSORTED = csr([1.0, 2.0, 3.0], [1, 0, 1], [0, 2, 3])
TWICE = csr([1.0, 2.0, 4.0], [1, 1, 0], [0, 2, 3])
TAKEN = [  # what is asked, and the documented answer
    (lambda: Network(np.float32(0.5)).dt, 0.5),
    (lambda: Network(np.array(DT)).dt, DT),
    (lambda: Network(1).dt, 1.0),
    (lambda: int(Network(seed=np.uint64(2**64 - 1)).seed), 2**64 - 1),
    (lambda: int(Network(seed=0).seed), 0),
    (lambda: Network(threads=10**9).threads, 10**9),  # most threads: there are fewer
    (lambda: len(Network().population("a", np.int64(1), LIFParameters())), 1),
    (lambda: len(Network().population("a", np.uint8(200), LIFParameters())), 200),
    (lambda: steps_of(0.51 * DT), 1), (lambda: steps_of(1.4 * DT), 1),
    (lambda: steps_of(2.5 * DT), 2), (lambda: steps_of(3.5 * DT), 4),  # to even, as round() does
    (lambda: steps_of(np.float32(3e-4)), 3), (lambda: steps_of(np.array(3e-4)), 3),
    (lambda: steps_of(np.int64(1)), 10_000), (lambda: steps_of((2**31 - 1) * DT), 2**31 - 1),
    (lambda: weights_of(UNSORTED), [[2.0, 1.0], [0.0, 3.0]]),
    (lambda: weights_of(TWICE), [[0.0, 3.0], [4.0, 0.0]]),
    (lambda: weights_of(csr([1.0, 2.0, 3.0], [1, 0, 1], [0, 2, 3], np.int64)),
     [[2.0, 1.0], [0.0, 3.0]]),
    (lambda: weights_of(csr([True, True, True], [0, 1, 1], [0, 2, 3])), [[1.0, 1.0], [0.0, 1.0]]),
    (lambda: weights_of(csr(np.array([127, -128, 1], np.int8), [0, 1, 1], [0, 2, 3]), weight=3),
     [[381.0, -384.0], [0.0, 3.0]]),
    (lambda: weights_of(ONES[:2, :2], weight=np.array(0.5)), [[0.5, 0.5], [0.5, 0.5]]),
    (lambda: weights_of(sparse.csr_array((2, 2))), [[0.0, 0.0], [0.0, 0.0]]),
    (lambda: weights_of(ONES[:2, :2] * 1e-50), [[0.0, 0.0], [0.0, 0.0]]),  # as float32 has it
    (lambda: count_of(AllToAll()), 1), (lambda: count_of(AllToAll(autapses=False)), 0),
    (lambda: count_of(OneToOne()), 1), (lambda: count_of(FixedProbability(1.0)), 1),
    (lambda: count_of(FixedProbability(0.0), 9), 0), (lambda: count_of(FixedInDegree(0), 9), 0),
    (lambda: count_of(FixedInDegree(5)), 5), (lambda: count_of(FixedOutDegree(5)), 5),
    (lambda: count_of(FixedTotalNumber(0), 9), 0), (lambda: count_of(FixedTotalNumber(7)), 7),
    (lambda: count_of(AllToAll(), 4, slice(2, 2)), 0),
    (lambda: count_of(FixedOutDegree(3), 4, slice(4, None)), 0),
    (lambda: Uniform(1.0, 1.0).bounds(), (1.0, 1.0)),
]


@pytest.mark.parametrize(("ask", "answer"), TAKEN)
def test_network__takes(ask, answer):
    assert ask() == answer


@pytest.mark.parametrize(("seconds", "n_steps"), [
    (0, 0), (0.0, 0), (DT, 1), (np.float32(DT), 1), (np.array(DT), 1), (1.4 * DT, 1),
    (2.6 * DT, 3)])
def test_run__rounds_to_whole_steps(seconds, n_steps):
    net = Network(DT)
    cells = net.population("cells", 1, LIFParameters())
    spikes, v = net.record(cells, "spikes"), net.record(cells, "v")

    net.run(seconds)

    assert net.step == n_steps
    assert spikes.times.shape == spikes.ids.shape == (0,) and v.values.shape == (n_steps, 1)


def test_record__twice_gives_the_same_twice():
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())
    net.constant(cells, 0.1)
    a, b, v, w = (net.record(cells, of) for of in ("spikes", "spikes", "v", "v"))

    net.run(0.05)

    assert len(a) == len(b) > 0 and (a.times == b.times).all() and (a.ids == b.ids).all()
    assert (v.values == w.values).all()
