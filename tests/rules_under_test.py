"""Rules, and networks that they connect, for the tests of what they make."""

import numpy as np

from eventsnn.neurons import LIFParameters
from eventsnn.simulate import (
    AllToAll, DistanceProbability, FixedInDegree, FixedOutDegree, FixedProbability,
    FixedTotalNumber, Network, OneToOne,
)
from tests import naive_network as naive
from tests.naive_network import BLOCK
from tests.networks_under_test import DT

# What is connected: name of the population and part of it. `cells` lies in two blocks; the two
# `parts` overlap, one of them in both blocks.
SIZES = {"before": BLOCK - 20, "cells": 60, "others": 25}
VIEWS = {
    "all": (("cells", 0, 60), ("cells", 0, 60)),
    "parts": (("cells", 5, 35), ("cells", 10, 40)),
    "two": (("cells", 0, 60), ("others", 0, 25)),
    "part to whole": (("others", 3, 20), ("cells", 0, 60)),
}


def network(seed=1, threads=1):
    net = Network(DT, seed, threads)
    for name, size in SIZES.items():
        net.population(name, size, LIFParameters())
    return net


def views(net, which):
    return tuple(net.populations[name][start:stop] for name, start, stop in VIEWS[which])


def positions(n, axes=2, seed=0):
    return np.random.default_rng(seed).random((n, axes))


def rules(pre, post):
    """One of each, with and without autapses and multapses."""
    made = [OneToOne()] if len(pre) == len(post) else []
    for autapses in (True, False):
        made += [AllToAll(autapses), FixedProbability(0.3, autapses),
                 DistanceProbability(positions(len(pre)), positions(len(post), seed=1), 0.8,
                                     sigma=0.3, box=(1.0, 1.0), autapses=autapses)]
        for multapses in (True, False):
            made += [FixedInDegree(7, autapses, multapses), FixedOutDegree(7, autapses, multapses),
                     FixedTotalNumber(200, autapses, multapses)]
    return made


def counts(net, pre, post):
    """Number of synapses of each pair of two views, out of the arrays of the built network."""
    net.build()
    found = np.zeros((len(pre), len(post)), int)
    for e in naive.unpack(net):
        assert (e.pre, e.post) == (pre.population.name, post.population.name)
        np.add.at(found, (e.sources - pre.start, e.targets - post.start), 1)
    return found


def itself(pre, post):
    """Which pairs are one neuron."""
    if pre.population is not post.population:
        return np.zeros((len(pre), len(post)), bool)
    return np.arange(pre.start, pre.stop)[:, None] == np.arange(post.start, post.stop)
