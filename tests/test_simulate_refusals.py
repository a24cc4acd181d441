"""What networks refuse, in one clear message that leaves them as they were."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn.errors import StabilityWarning
from eventsnn.neurons import (
    IAFParameters, LIFExcInhParameters, LIFParameters, LIParameters,
)
from eventsnn.record import Sampling
from eventsnn.simulate import Network
from tests.networks_under_test import DT


def add(size=5, p=LIFParameters(), **options):
    return lambda net, q: net.population("new", size, p, **options)


def link(**options):
    return lambda net, q: net.connect(q, q, **{"delay": DT, "probability": 0.1} | options)


def by_matrix(matrix, **options):
    return link(matrix=matrix, probability=None, **options)


class Anything:
    """A recorder, but for what a test sets."""

    def append(self, *spikes):
        pass


def into(**attributes):
    """Run with a recorder of such attributes."""
    def action(net, q):
        recorder = Anything()
        vars(recorder).update(attributes)
        net.run(DT, recorder=recorder)
    return action


MS = 1e-3
BAD = [  # what is done with a network and its population of 4 neurons, error, message
    (lambda net, q: Network(dt=0.0), ValueError, "dt must be above 0, got 0"),
    (lambda net, q: Network(dt=-1.0), ValueError, "dt must be above 0"),
    (lambda net, q: Network(dt=np.nan), ValueError, "dt must be finite, got nan"),
    (lambda net, q: Network(dt="1e-4"), TypeError, "dt must be a number"),
    (lambda net, q: Network(threads=0), ValueError, "threads must be at least 1, got 0"),
    (lambda net, q: Network(threads=2.0), TypeError, "threads must be a whole number"),
    (lambda net, q: Network(seed=-1), ValueError, "seed must be at least 0"),
    (lambda net, q: Network(seed=2**64), ValueError, "seed must be at most"),
    (lambda net, q: Network(seed=1.5), TypeError, "seed must be a whole number"),
    (lambda net, q: Network().run(1.0), ValueError, "network must have a population"),
    (add(0), ValueError, "size must be at least 1, got 0"),
    (add(-3), ValueError, "size must be at least 1"),
    (add(2.5), TypeError, "size must be a whole number, got 2.5"),
    (add(True), TypeError, "size must be a whole number, got True"),
    (add("5"), TypeError, "size must be a whole number, got '5'"),
    (add(2**31), ValueError, "size must be at most 2147483647, got 2147483648"),
    (add(2**63), ValueError, "size must be at most 2147483647"),
    (lambda net, q: Network(1e-300).population("a", 1, LIFParameters()), ValueError,
     "dt must be at least 1.17549e-38, got 1e-300"),
    (lambda net, q: Network(1e39).population("a", 1, IAFParameters()), ValueError,
     "dt must be at most 3.40282e.38"),
    (lambda net, q: Network(0.1).population("a", 1, LIFParameters()), ValueError,
     "dt must be at most 0.01 s for tau_syn_inv = 200 / s .*; time is in seconds; did you pass"),
    (add(p=LIFParameters(v_th=None)), TypeError, "v_th must hold real numbers, got dtype object"),
    (add(p=LIFParameters(v_th=1j)), TypeError, "v_th must hold real numbers, got dtype complex"),
    (add(p=LIFParameters(v_th=[])), ValueError, r"v_th must have shape .*, got \(0,\)"),
    (add(p=LIFParameters(v_th=np.ones((5, 1)))), ValueError, r"v_th must have .*got \(5, 1\)"),
    (add(p=LIFParameters(v_th=[[1], [1, 2]])), ValueError, "v_th must be an array of real numbers"),
    (add(p=LIFParameters(tau_mem_inv=np.nan)), ValueError, "tau_mem_inv must be finite, got nan"),
    (add(p=LIFParameters(tau_mem_inv=[1, 1, 1, 1, -3.0])), ValueError, "tau_mem_inv must be posit"),
    (add(p={"tau_mem_inv": 100.0}), TypeError,
     "p must be the parameters of a neuron model, got dict"),
    (add(p=LIFParameters), TypeError, "p must be the parameters of a neuron model"),
    (add(p=LIFParameters(tau_mem_inv=0.0)), ValueError, "tau_mem_inv must be positive"),
    (add(p=LIFParameters(tau_syn_inv=-5.0)), ValueError, "tau_syn_inv must be positive"),
    (add(p=LIFParameters(v_th=np.nan)), ValueError, "v_th must be finite, got nan"),
    (add(p=LIFParameters(v_th=np.full(5, np.inf))), ValueError, "v_th must be finite"),
    (add(p=LIFParameters(v_th=np.zeros(4))),
     ValueError, r"v_th must have shape \(\) or \(5,\), got"),
    (add(p=LIFParameters(v_th="1")), TypeError, "v_th must hold real numbers"),
    (add(p=LIFParameters(tau_mem_inv=1e5)),
     ValueError, "dt must be at most 2e-05 s for tau_mem_inv"),
    (add(refractory=-1 * MS), ValueError, "refractory must be at least 0"),
    (add(refractory=np.inf), ValueError, "refractory must be finite"),
    (add(refractory="1"), TypeError, "refractory must be a number, got '1'"),
    (add(refractory=1e40), ValueError,
     "refractory must be a number of steps that float32 can hold, got 1e.40 s"),
    (add(refractory=[MS, MS]), ValueError, r"refractory must have shape .*, got \(2,\)"),
    (add(initial=[1.0]), TypeError, "initial must be a dict of state variables by name, got list"),
    (add(initial="v"), TypeError, "initial must be a dict of state variables by name, got str"),
    (add(initial={"v": "x"}), TypeError, r"initial\['v'\] must hold real numbers"),
    (add(p=LIParameters(), refractory=MS), TypeError,
     "p must have a refractory form, got LIParameters"),
    (add(initial={"u": 1.0}), ValueError, "initial must be one of i, v, got 'u'"),
    (add(initial={"v": np.nan}), ValueError, r"initial\['v'\] must be finite"),
    (add(initial={"v": np.zeros(4)}), ValueError, r"initial\['v'\] must have shape \(\) or \(5,\)"),
    (add(threshold="super"), TypeError, "threshold"),
    (lambda net, q: net.population("cells", 1, LIFParameters()), ValueError, "name must be new"),
    (lambda net, q: net.population("a\0b", 1, LIFParameters()), ValueError,
     r"name must hold printable characters alone, got 'a.x00b'"),
    (lambda net, q: net.population("a\ud800", 1, LIFParameters()), ValueError, "name must hold pr"),
    (lambda net, q: net.population("a\nb", 1, LIFParameters()), ValueError, "name must hold prin"),
    (lambda net, q: net.population("", 1, LIFParameters()), ValueError, "name must not be empty"),
    (lambda net, q: net.population("a/b", 1, LIFParameters()), ValueError, "nor hold a slash"),
    (lambda net, q: net.population(3, 1, LIFParameters()), TypeError, "name must be a string"),
    (link(delay=0.0), ValueError, "delay must be at least dt = 0.0001 s, got 0 s"),
    (link(delay=0.4 * DT), ValueError, "delay must be at least dt"),
    (link(delay=-DT), ValueError, "delay must be at least dt"),
    (link(delay=np.nan), ValueError, "delay must be finite"),
    (link(delay=None), TypeError, "delay must be a number or a distribution, got None"),
    (link(weight=np.inf), ValueError, "weight must be finite"),
    (link(weight=np.ones(4)), TypeError,
     r"weight must be a number or a distribution, got ndarray of shape \(4,\); weights one by"),
    (link(probability=-0.1), ValueError, "probability must be at least 0"),
    (link(probability=1.5), ValueError, "probability must be at most 1, got 1.5"),
    (link(probability=np.nan), ValueError, "probability must be finite"),
    (link(probability=None),
     TypeError, "connect must be given a rule, a probability or a matrix, got none of them"),
    (link(matrix=sparse.eye_array(4)), TypeError, "got a probability and a matrix"),
    (link(channel="exc"), ValueError, "channel must be None: cells has one input, got 'exc'"),
    (by_matrix(np.eye(4)), TypeError, "matrix must be a scipy sparse matrix, got ndarray"),
    (by_matrix(sparse.eye_array(5)),
     ValueError, r"matrix must have shape \(4, 4\) .*, got \(5, 5\)"),
    (by_matrix(sparse.csr_array((3, 4))), ValueError, r"matrix must have shape \(4, 4\)"),
    (by_matrix(sparse.csr_array(np.full((4, 4), np.nan))),
     ValueError, "matrix must be finite, got nan"),
    (by_matrix(sparse.csr_array(np.eye(4) * 1j)), TypeError, "matrix must hold real numbers"),
    (lambda net, q: net.connect("cells", q, probability=0.1, delay=DT), TypeError,
     "pre must be a population or a part of one, got str"),
    (lambda net, q: net.connect(q, Network(DT).population("cells", 4, LIFParameters()),
                                probability=0.1, delay=DT),
     ValueError, "post must belong to this network"),
    (lambda net, q: q[3], TypeError, r"must be a slice like \[:100\], got 3"),
    (lambda net, q: q[::2], TypeError, "must be a slice"),
    (lambda net, q: q[0.5:2], TypeError, r"must be a slice like .*, got slice\(0.5, 2, None\)"),
    (lambda net, q: q["a":], TypeError, "must be a slice like"),
    (lambda net, q: q[...], TypeError, "must be a slice like"),
    (lambda net, q: q[[0, 1]], TypeError, "must be a slice"),
    (lambda net, q: net.poisson(q, rate=-1.0, weight=1.0), ValueError, "rate must be at least 0"),
    (lambda net, q: net.poisson(q, rate=np.nan, weight=1.0), ValueError, "rate must be finite"),
    (lambda net, q: net.poisson(q, rate=1.1e10, weight=1.0),
     ValueError, "rate must be at most 1.04858e.10 / s at this dt, got 1.1e.10; use noise"),
    (lambda net, q: net.poisson(q, rate=1.0, weight=np.nan), ValueError, "weight must be finite"),
    (lambda net, q: net.poisson(q, rate=1.0, weight=1.0, channel="exc"),
     ValueError, "channel must be None"),
    (lambda net, q: net.constant(q, np.nan), ValueError, "value must be finite"),
    (lambda net, q: net.constant(q, np.ones(3)),
     ValueError, r"value must have shape \(\) or \(4,\)"),
    (lambda net, q: net.constant(q, "a"), TypeError, "value must hold real numbers"),
    (lambda net, q: net.record(q, "u"),
     ValueError, "variable must be one of i, spikes, v, got 'u'"),
    (lambda net, q: net.record(q, "spike"), ValueError, "did you mean 'spikes'"),
    (lambda net, q: net.record(q, "spikes", every=MS), ValueError, "every must be None for spikes"),
    (lambda net, q: net.record(q, "v", every=0.0), ValueError, "every must be at least dt"),
    (lambda net, q: net.record(q, "v", every=np.nan), ValueError, "every must be finite"),
    (lambda net, q: net.run(-1.0), ValueError, "seconds must be at least 0"),
    (lambda net, q: net.run(1e300), ValueError, "seconds must end before step 2"),
    (lambda net, q: net.run(np.inf), ValueError, "seconds must be finite"),
    (lambda net, q: net.run("1"), TypeError, "seconds must be a number"),
    (lambda net, q: net.run(DT, recorder="run.h5"), TypeError,
     r"recorder must have append\(population, steps, ids\), as Recorder has, got str"),
    (into(dt=2 * DT), ValueError, "dt of the recorder must be that of the network, 0.0001 s, got"),
    (into(dt=np.nan), ValueError, "dt of the recorder must be finite, got nan"),
    (into(populations={"cells": 5}), ValueError, "populations of the recorder must hold 'cells'"),
    (into(samplings=[Sampling("v", "x", DT)]), ValueError, "population must be one of cells"),
    (into(samplings=[Sampling("u", "cells", DT)]), ValueError, "variable must be one of i, v"),
    (into(samplings=[Sampling("v", "cells", DT, [9])]), ValueError,
     r"ids must ascend within 0 ... 3, each once, got \[9\]"),
    (into(samplings=[Sampling("v", "cells", DT, [-1])]), ValueError, "ids must ascend within"),
    (into(samplings=[Sampling("v", "cells", DT, [2, 1])]), ValueError, "ids must ascend within"),
    (into(samplings=[Sampling("v", "cells", DT, [0.5])]), TypeError, "ids must be whole numbers"),
    (into(samplings=[Sampling("v", "cells", np.nan)]), ValueError, "every must be finite"),
    (lambda net, q: Network.load("no such file", threads=0), ValueError, "threads must be at leas"),
    (lambda net, q: Network.load("no such file"), OSError, "no such file"),
    (lambda net, q: Network.load(None), TypeError, "path must be the name of a file, got None"),
    (lambda net, q: net.save(None), TypeError, "path must be the name of a file, got None"),
    (lambda net, q: net.save("n.h5", recorder="r"), TypeError,
     "recorder must tell its position to be kept in a snapshot, as Recorder does, got str"),
    (lambda net, q: net.save("n.h5", overwrite="yes"), TypeError,
     "overwrite must be True or False, got 'yes'"),
    (lambda net, q: net.run(DT, checkpoint=3.0), TypeError,
     "checkpoint must be the name of a file, got 3.0"),
    (lambda net, q: net.run(DT, progress="x"), TypeError, "progress must be True or False, got"),
    (lambda net, q: net.state("cells"), TypeError, "view must be a population"),
]
LARGE = [
    (link(weight=1e39), "weight"), (by_matrix(sparse.csr_array(np.eye(4) * 1e39)), "matrix"),
    (lambda net, q: net.poisson(q, rate=1.0, weight=1e39), "weight"),
    (lambda net, q: net.constant(q, 1e39), "value"), (add(initial={"v": 1e39}), "initial"),
    (add(p=LIFParameters(v_th=1e39)), "v_th"),
]


@pytest.mark.parametrize(("action", "error", "message"), BAD)
def test_network__refuses(action, error, message):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(error, match=message) as caught:
        action(net, cells)

    assert "\n" not in str(caught.value)
    assert list(net.populations) == ["cells"] and net.step == 0
    net.run(DT)  # it is as it was before


@pytest.mark.parametrize(("action", "name"), LARGE)
def test_network__refuses_what_float32_cannot_hold(action, name):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())

    with pytest.raises(ValueError, match=name):
        action(net, cells)
        net.run(DT)


@pytest.mark.parametrize(("channel", "message"), [
    (None, "channel must be one of exc, inh, got None"),
    ("ex", "channel must be one of exc, inh, got 'ex'; did you mean 'exc'?"),
])
def test_network__names_the_channels(channel, message):
    net = Network(DT)
    cells = net.population("cells", 4, LIFExcInhParameters())

    for action in (lambda: net.connect(cells, cells, probability=1.0, delay=DT, channel=channel),
                   lambda: net.poisson(cells, rate=1.0, weight=1.0, channel=channel),
                   lambda: net.constant(cells, 1.0, channel=channel)):
        with pytest.raises(ValueError) as caught:
            action()
        assert str(caught.value) == message


def test_network__warns_of_long_steps():
    with pytest.warns(StabilityWarning, match=r"dt \* tau_mem_inv = 1.5"):
        Network(DT).population("cells", 1, LIFParameters(tau_mem_inv=15_000.0))
