"""Networks: step by step as the naive simulator has them, however they are run."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from eventsnn.errors import NumericalError, StabilityWarning
from eventsnn.neurons import (
    IAFParameters, LIBoxParameters, LIFExcInhParameters, LIFParameters, LIParameters,
)
from eventsnn.record import Recorder, Recording
from eventsnn.simulate import Network, group
from eventsnn.surrogates import SuperSpike
from tests import naive_network as naive
from tests.tolerance import STANDARD_ERRORS

DT = 1e-4
PARAMETERS = {"LIF": LIFParameters, "LIFExcInh": LIFExcInhParameters}
CHANNELS = {None: 0, "exc": 0, "inh": 1}


class Twin:
    """The same network twice: the package's, and the naive one's description."""

    def __init__(self, seed=0, threads=1):
        self.net, self.seed = Network(DT, seed, threads), seed
        self.populations, self.edges, self.constants, self.drives = {}, [], [], []

    def population(self, name, model, size, refractory=0, initial=None, **p):
        made = PARAMETERS[model](**p)
        self.populations[name] = lambda: naive.Population(
            model, size, made._asdict(), refractory, initial)
        return self.net.population(name, size, made, initial=initial,
                                   refractory=refractory * DT if refractory else None)

    def matrix(self, pre, post, matrix, delay, channel=None, weight=1.0):
        self.net.connect(pre, post, matrix=matrix, delay=delay * DT, channel=channel, weight=weight)
        entries = sparse.coo_array(matrix)
        self.edges.append(naive.Edges(
            pre.population.name, post.population.name, CHANNELS[channel], delay,
            entries.row + pre.start, entries.col + post.start, entries.data * weight))

    def constant(self, view, value, channel=None):
        self.net.constant(view, value, channel=channel)
        self.constants.append((view.population.name, CHANNELS[channel], self._spread(view, value)))

    def poisson(self, view, rate, weight, channel=None, numbers_from=0):
        """`numbers_from`: the number in its group of the population's first neuron."""
        self.net.poisson(view, rate=rate, weight=weight, channel=channel)
        size = len(view.population)
        self.drives.append((view.population.name, CHANNELS[channel], self._spread(view, weight),
                            rate * DT, numbers_from + np.arange(size)))

    @staticmethod
    def _spread(view, value):
        values = np.zeros(len(view.population))
        values[view.start:view.stop] = value
        return values

    def naive(self, n_steps, edges=None):
        return naive.simulate({k: make() for k, make in self.populations.items()},
                              self.edges if edges is None else edges, n_steps, DT, self.constants,
                              self.drives, self.seed)


def integers(rng, shape, least, most, unit=1 / 64):
    """Whole multiples of `unit`: sums of them are exact."""
    return rng.integers(least, most, shape) * unit


def random_matrix(rng, shape, density, least=-20, most=40):
    chosen = rng.random(shape) < density
    return sparse.csr_array(np.where(chosen, integers(rng, shape, least, most), 0))


def one_population(twin, rng):
    cells = twin.population("cells", "LIF", 50, initial={"v": integers(rng, 50, 0, 64)})
    twin.matrix(cells, cells, random_matrix(rng, (50, 50), 0.2), 1)
    twin.constant(cells, integers(rng, 50, 1, 4))


def of_one_model(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=5)
    b = twin.population("b", "LIF", 30, refractory=20, v_th=0.75,
                        tau_mem_inv=np.linspace(50, 150, 30))
    c = twin.population("c", "LIF", 1, refractory=1, tau_syn_inv=1000.0, v_reset=-0.5, v_leak=0.25)
    for pre, post, delay in [(a, b, 1), (b, a, 2), (a, a, 7), (b, c, 7), (c, a, 1), (c, c, 2)]:
        twin.matrix(pre, post, random_matrix(rng, (len(pre), len(post)), 0.3), delay)
    for q in (a, b, c):
        twin.constant(q, 1 / 32)


def of_two_models(twin, rng):
    a = twin.population("a", "LIF", 30)
    b = twin.population("b", "LIFExcInh", 40, refractory=3)
    c = twin.population("c", "LIFExcInh", 20, refractory=10, v_leak=np.linspace(0, 1.5, 20))
    d = twin.population("d", "LIF", 10, refractory=4)
    for pre, post, delay, channel in [
            (a, b, 1, "exc"), (a, c, 2, "inh"), (b, a, 7, None), (b, c, 7, "exc"), (c, b, 2, "inh"),
            (c, a, 2, None), (d, a, 1, None), (b, d, 1, None), (a, d, 40, None)]:
        matrix = random_matrix(rng, (len(pre), len(post)), 0.3, 1, 40)
        twin.matrix(pre, post, matrix, delay, channel, weight=-0.5 if channel == "inh" else 0.5)
    twin.constant(a, 1 / 32)
    twin.constant(b, integers(rng, 40, 1, 5), channel="exc")
    twin.constant(b, -1 / 64, channel="inh")
    twin.constant(c, 1 / 16, channel="exc")


def of_slices(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=2)
    b = twin.population("b", "LIF", 30, refractory=2)
    twin.matrix(a[10:25], b[5:8], random_matrix(rng, (15, 3), 0.7), 1)
    twin.matrix(b[:10], a[-5:], random_matrix(rng, (10, 5), 0.7), 2)
    twin.matrix(a[20:][:10], a[20:][5:], random_matrix(rng, (10, 15), 0.5), 3)
    twin.matrix(a[39:], a, random_matrix(rng, (1, 40), 0.9), 7)
    twin.constant(a[5:35], 1 / 32)
    twin.constant(a[30:], integers(rng, 10, 1, 4))
    twin.constant(b[:1], 1 / 16)
    twin.constant(b, 1 / 64)


def driven(twin, rng):
    a = twin.population("a", "LIF", 40, refractory=2)
    b = twin.population("b", "LIF", 30, refractory=2)
    twin.matrix(a, b, random_matrix(rng, (40, 30), 0.3), 3)
    twin.matrix(b, a, random_matrix(rng, (30, 40), 0.3), 12)
    twin.poisson(a, 2000.0, 0.375)
    twin.poisson(b[10:20], 60_000.0, 1 / 64, numbers_from=40)
    twin.poisson(b, 500.0, 0.75, numbers_from=40)
    twin.poisson(a[:7], 0.0, 100.0)


def of_long_delays(twin, rng):
    a = twin.population("a", "LIF", 20, refractory=3)
    b = twin.population("b", "LIFExcInh", 20, refractory=3)
    twin.matrix(a, a, random_matrix(rng, (20, 20), 0.3), 100)
    twin.matrix(a, a, random_matrix(rng, (20, 20), 0.3), 65)
    twin.matrix(a, b, random_matrix(rng, (20, 20), 0.5), 1100, "exc")
    twin.matrix(b, a, random_matrix(rng, (20, 20), 0.5), 400)
    twin.constant(a, 1 / 32)
    twin.constant(b, 1 / 32, "exc")


def of_several_blocks(twin, rng):
    a = twin.population("a", "LIF", 5000, refractory=5, initial={"v": integers(rng, 5000, 0, 64)})
    b = twin.population("b", "LIF", 4500, refractory=5)

    def sparse_matrix(n_pre, n_post, n):
        return sparse.coo_array(
            (integers(rng, n, -10, 30),
             (rng.integers(0, n_pre, n),
              rng.integers(0, n_post, n))),
            (n_pre, n_post))

    twin.matrix(a, b, sparse_matrix(5000, 4500, 60_000), 2)
    twin.matrix(b[4000:], a[4000:4400], sparse_matrix(500, 400, 3000), 5)
    twin.matrix(a[4090:4100], a, sparse_matrix(10, 5000, 3000), 3)
    twin.matrix(b, b, sparse_matrix(4500, 4500, 20_000), 9)
    twin.constant(a, integers(rng, 5000, 0, 3))
    twin.poisson(b[100:4400], 500.0, 0.25, numbers_from=5000)


CASES = {case.__name__: (case, n_steps) for case, n_steps in [
    (one_population, 1200), (of_one_model, 1200), (of_two_models, 1200), (of_slices, 800),
    (driven, 1200), (of_long_delays, 2500), (of_several_blocks, 150)]}


def twin_of(case, **options):
    twin = Twin(seed=77, **options)
    CASES[case][0](twin, np.random.default_rng(5))
    return twin


def steps_of(times):
    steps = np.rint(times / DT)
    assert_allclose(times, steps * DT, rtol=1e-12)
    return steps.astype(np.int64)


@pytest.fixture
def forced(monkeypatch):
    """However small the network, threads share it."""
    monkeypatch.setattr(group, "PARALLEL_WORK", 0)


@pytest.mark.parametrize("case", CASES)
def test_network__spikes_equal_naive(case):
    twin, n_steps = twin_of(case), CASES[case][1]
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(n_steps * DT)

    spikes, traces = twin.naive(n_steps)
    assert sum(len(ids) for _, ids in spikes.values()) > 50
    for name, r in recorded.items():
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])
        for variable, values in twin.net.state(twin.net.populations[name])._asdict().items():
            if variable != "rho":
                assert_array_equal(values, traces[name][variable][-1])
    assert twin.net.cost.spikes == sum(len(ids) for _, ids in spikes.values())
    assert twin.net.cost.synaptic_events == sum(
        out_degrees(e, len(twin.net.populations[e.pre]))[spikes[e.pre][1]].sum()
        for e in twin.edges)


def out_degrees(edges, n_pre):
    """Synapses of each source; one where a matrix lists several entries of a pair."""
    sources, _ = np.unique(np.stack([edges.sources, edges.targets]), axis=1)
    return np.bincount(sources, minlength=n_pre)


@pytest.mark.parametrize("case", [c for c in CASES if c != "of_several_blocks"])
def test_network__traces_equal_naive(case):
    twin, n_steps = twin_of(case), 400
    recorded = {(name, v): twin.net.record(q, v) for name, q in twin.net.populations.items()
                for v in q.model.state._fields if v != "rho"}

    twin.net.run(n_steps * DT)

    _, traces = twin.naive(n_steps)
    for (name, variable), r in recorded.items():
        assert_array_equal(steps_of(r.times), np.arange(1, n_steps + 1))
        assert_array_equal(r.values, traces[name][variable])
        assert r.values.dtype == np.float32


@pytest.mark.parametrize("autapses", [False, True])
def test_network__with_fixed_probability_equals_naive(autapses):
    twin = Twin(seed=5)
    a = twin.population("a", "LIF", 4000, refractory=5)
    b = twin.population("b", "LIF", 1000, refractory=5)
    c = twin.population("c", "LIFExcInh", 50, refractory=5)
    for pre, post, weight, delay, channel in [
            (a, a, 1 / 32, 2, None), (a, b[::], 1 / 16, 1, None), (b, a[500:], -1 / 4, 3, None),
            (a, c, 1 / 4, 4, "exc"), (c, b, 0.125, 2, None)]:
        twin.net.connect(pre, post, probability=0.02, weight=weight, delay=delay * DT,
                         channel=channel, autapses=autapses)
    for q, numbers_from in ((a, 0), (b, 4000)):
        twin.poisson(q, 2000.0, 0.25, numbers_from=numbers_from)
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(300 * DT)

    spikes, _ = twin.naive(300, naive.unpack(twin.net))
    for name, r in recorded.items():
        assert len(r.ids) > 50
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_connect__takes_matrices_of_any_form(form, index):
    rng = np.random.default_rng(3)
    dense = random_matrix(rng, (20, 30), 0.3).toarray()
    matrix = sparse.coo_array(dense).asformat(form)
    for name in ("row", "col", "indices", "indptr", "offsets"):
        if form != "coo" and hasattr(matrix, name):
            setattr(matrix, name, getattr(matrix, name).astype(index))

    assert_array_equal(_built(matrix, dense.shape), dense)


@pytest.mark.parametrize("form", ["lil", "dok"])
def test_connect__takes_matrices_under_construction(form):
    dense = random_matrix(np.random.default_rng(3), (20, 30), 0.3).toarray()

    assert_array_equal(_built(sparse.coo_array(dense).asformat(form), dense.shape), dense)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64, np.float32, np.float64])
def test_connect__takes_matrices_of_any_dtype(dtype):
    dense = (np.random.default_rng(3).random((20, 30)) < 0.3).astype(dtype)

    assert_array_equal(_built(sparse.csr_array(dense), dense.shape), dense)


def _built(matrix, shape):
    net = Network(DT)
    pre = net.population("pre", shape[0], LIFParameters())
    post = net.population("post", shape[1], LIFParameters())
    net.connect(pre, post, matrix=matrix, delay=DT)
    net.build()
    dense = np.zeros(shape)
    for e in naive.unpack(net):
        dense[e.sources, e.targets] += e.weights
    return dense


def unsorted_matrix():
    """CSR with unsorted indices, duplicates and an explicit zero."""
    return sparse.csr_array(
        (np.array([1.0, 0.5, 2.0, 0.25, 0.0, 4.0]),
         np.array([2, 0, 2, 1, 3, 1]),
         np.array([0, 3, 3, 6])),
        shape=(3, 4))


def test_connect__adds_up_duplicates():
    assert_array_equal(_built(unsorted_matrix(), (3, 4)),
                       [[0.5, 0, 3, 0], [0, 0, 0, 0], [0, 4.25, 0, 0]])


def test_connect__leaves_the_matrix_as_it_was():
    matrix, same = unsorted_matrix(), unsorted_matrix()

    _built(matrix, (3, 4))

    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(matrix, name), getattr(same, name))


def test_connect__matrix_may_change_afterwards():
    matrix = sparse.csr_array(np.eye(3))
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())

    net.connect(cells, cells, matrix=matrix, delay=DT)
    matrix.data[:] = 7.0
    net.build()

    assert_array_equal(naive.unpack(net)[0].weights, 1.0)


@pytest.mark.parametrize("post_model", [LIFParameters, LIBoxParameters, IAFParameters])
@pytest.mark.parametrize("delay", [1, 2, 7, 63, 64, 65, 200])
def test_delay__counts_from_the_end_of_the_step_of_the_spike(post_model, delay):
    net = Network(DT)
    pre = net.population("pre", 1, LIFParameters(), initial={"v": 2.0})  # spikes in step 0, at 1 dt
    post = net.population("post", 1, post_model())
    net.connect(pre, post, probability=1.0, weight=0.5, delay=delay * DT)
    spikes = net.record(pre, "spikes")
    v = net.record(post, "v")

    net.run((delay + 5) * DT)

    assert_allclose(spikes.times, [DT])
    # acts in step 1 + delay, whose end is at (2 + delay) dt
    assert_allclose(v.times[np.flatnonzero(v.values[:, 0])[0]], (2 + delay) * DT)


def test_network__autapse_of_a_matrix_is_kept():
    net = Network(DT)
    cells = net.population("cells", 2, LIFParameters(), initial={"v": [2.0, 0.0]})
    net.connect(cells, cells, matrix=sparse.eye_array(2), delay=DT)

    net.run(3 * DT)

    assert_array_equal(net.state(cells).i > 0, [True, False])


# How it is run does not matter

def mixed(threads=1, seed=3, n=9000):
    """A network of three models, several blocks, delays, weights of any value."""
    net = Network(DT, seed, threads)
    a = net.population("a", n, LIFParameters(), refractory=2e-3)
    b = net.population("b", n // 9, LIFExcInhParameters(v_leak=1.1), refractory=2e-3)
    net.connect(a, a, probability=20 / n, weight=-0.0717, delay=4 * DT)
    net.connect(a, a, probability=min(1, 90 / n), weight=0.0123, delay=5 * DT)
    net.connect(a, b, probability=min(1, 100 / n), weight=0.0311, delay=3 * DT, channel="exc")
    net.connect(b, a, probability=min(1, 100 / n), weight=-0.0913, delay=4 * DT)
    c = net.population("c", n // 9, IAFParameters(v_th=5.0))
    net.connect(a, c, probability=min(1, 100 / n), weight=0.0211, delay=4 * DT)
    net.connect(c, a, probability=min(1, 100 / n), weight=0.0377, delay=3 * DT)
    net.connect(c, a, probability=min(1, 100 / n), weight=-0.0471, delay=7 * DT)
    for q, weight in ((a, 0.1377), (c, 0.1719)):
        net.poisson(q, rate=2000.0, weight=weight)
    return net


def fingerprint(net, *pieces):
    """Everything that a run gives, as bytes."""
    recorded = [net.record(q, "spikes") for q in net.populations.values()]
    for seconds in pieces:
        net.run(seconds)
    assert sum(len(r.ids) for r in recorded) > 50
    return b"".join([a.tobytes() for r in recorded for a in (r.times, r.ids)]
                    + [a.tobytes() for q in net.populations.values() for a in net.state(q)])


def test_network__same_seed_same_run():
    first, again, other = (fingerprint(mixed(seed=seed), 0.1) for seed in (3, 3, 4))

    assert first == again
    assert first != other


def test_network__any_number_of_threads_same_run(forced):
    assert fingerprint(mixed(1), 0.1) == fingerprint(mixed(2), 0.1) == fingerprint(mixed(4), 0.1)


def test_network__four_threads_that_exist_same_run():
    script = """
from eventsnn.simulate import group
from tests.test_simulate import fingerprint, mixed
group.PARALLEL_WORK = 0
runs = {fingerprint(mixed(threads), 0.1) for threads in (1, 2, 3, 4)}
import numba
assert numba.get_num_threads() == 4
assert len(runs) == 1, len(runs)
"""
    subprocess.run([sys.executable, "-c", script], check=True,
                   env=os.environ | {"NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"})


def test_network__shared_by_threads_equals_naive(forced):
    twin = twin_of("of_several_blocks", threads=2)
    recorded = {name: twin.net.record(q, "spikes") for name, q in twin.net.populations.items()}

    twin.net.run(150 * DT)

    spikes, _ = twin.naive(150)
    for name, r in recorded.items():
        assert_array_equal(steps_of(r.times), spikes[name][0])
        assert_array_equal(r.ids, spikes[name][1])


@pytest.mark.parametrize("case", CASES)
def test_network__in_pieces_equals_at_once(case):
    n_steps = CASES[case][1]
    pieces = [1, 2, 0, 3, 5, 7, 64, n_steps // 3]

    at_once = fingerprint(twin_of(case).net, n_steps * DT)

    assert fingerprint(twin_of(case).net, *(n * DT for n in pieces),
                       (n_steps - sum(pieces)) * DT) == at_once


def test_network__in_pieces_equals_at_once_with_weights_of_any_value():
    net = mixed(n=900)

    assert fingerprint(net, DT, 2 * DT, 4 * DT, 0.1 - 7 * DT) == fingerprint(mixed(n=900), 0.1)


def test_network__recording_does_not_change_the_run():
    net = mixed(n=900)
    net.record(net.populations["a"][:1], "v")

    assert fingerprint(net, 0.1) == fingerprint(mixed(n=900), 0.1)


def test_network__little_room_for_spikes_same_run(monkeypatch):
    expected = fingerprint(mixed(n=900), 0.1)
    monkeypatch.setattr(group, "SPIKES", 1)

    assert fingerprint(mixed(n=900), 0.1) == expected


def test_run__rounds_to_whole_steps():
    net = Network(1e-3)
    net.population("cells", 1, LIFParameters())

    net.run(0.0104)
    net.run(0.0)

    assert (net.step, net.time) == (10, 0.01)


# Recording

class Collector:
    """A recorder in memory."""

    def __init__(self):
        self.taken = {}

    def append(self, population, steps, ids):
        self.taken.setdefault(population, []).append((steps, ids))

    def all(self, population):
        return tuple(np.concatenate(part) for part in zip(*self.taken[population], strict=True))


def test_record__file_equals_memory(tmp_path):
    net = mixed(n=900)
    memory = {name: net.record(q, "spikes") for name, q in net.populations.items()}
    sizes = {name: len(q) for name, q in net.populations.items()}
    with Recorder(tmp_path / "run.h5", sizes, DT) as recorder:
        net.run(0.05, recorder=recorder)
        net.run(0.05, recorder=recorder)
        recorder.duration = net.time

    with Recording(tmp_path / "run.h5") as recording:
        for name, r in memory.items():
            times, ids = next(recording.chunks(name))
            assert_array_equal(steps_of(times), steps_of(r.times))
            assert_array_equal(ids, r.ids)
        assert recording.duration == pytest.approx(0.1)


def test_record__spikes_are_sorted_by_time_and_neuron():
    net = mixed(n=9000)
    recorded = net.record(net.populations["a"], "spikes")

    net.run(0.03)

    order = np.lexsort([recorded.ids, recorded.times])
    assert_array_equal(order, np.arange(len(order)))
    assert len(order) > 1000 and recorded.ids.max() > 8200
    assert len(np.unique(np.stack([recorded.times, recorded.ids]), axis=1).T) == len(order)


def test_record__parts_number_their_neurons_from_0():
    net = mixed(n=900)
    a = net.populations["a"]
    whole, part, none = net.record(
        a, "spikes"), net.record(
        a[200: 300],
        "spikes"), net.record(
        a[5: 5],
        "spikes")
    v, v_part = net.record(a, "v", every=1e-3), net.record(a[200:300], "v", every=1e-3)

    net.run(0.05)

    mine = (whole.ids >= 200) & (whole.ids < 300)
    assert_array_equal(part.ids, whole.ids[mine] - 200)
    assert_array_equal(part.times, whole.times[mine])
    assert_array_equal(v_part.values, v.values[:, 200:300])
    assert len(part.ids) > 10 and len(none.ids) == 0


@pytest.mark.parametrize("every", [1, 2, 7, 1500])
def test_record__samples_at_multiples_of_the_interval(every):
    net = mixed(n=90)
    cells = net.populations["b"]
    each, some = net.record(cells, "v"), net.record(cells, "v", every=every * DT)

    net.run(0.1)
    net.run(0.2)

    assert_array_equal(steps_of(some.times), np.arange(every, 3001, every))
    assert_array_equal(some.values, each.values[every - 1::every])
    assert some.values.shape == (3000 // every, len(cells))


def test_record__may_begin_between_runs():
    net, reference = mixed(n=90), mixed(n=90)
    before = [reference.record(reference.populations["a"], v) for v in ("spikes", "v")]

    net.run(0.05)
    after = [net.record(net.populations["a"], v) for v in ("spikes", "v")]
    for n in (net, reference):
        n.run(0.05)
    reference.run(0.05)

    assert steps_of(after[1].times)[0] == 501
    assert len(after[1].times) == 500 and len(before[1].times) == 1000
    assert 0 < len(after[0].times) and after[0].times.min() > 0.05


def test_state__is_a_copy_of_the_last_sample():
    net = mixed(n=90)
    b = net.populations["b"]
    traces = {name: net.record(b[2:], name) for name in ("v", "i_exc", "rho")}

    net.run(0.05)
    state = net.state(b[2:])
    for name, trace in traces.items():
        assert_array_equal(getattr(state, name), trace.values[-1])
    state.v[:] = 100.0

    assert net.state(b).v.max() < 10


def test_state__before_the_run_is_the_initial_state():
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters(v_leak=0.5), initial={"i": [1.0, 2.0, 3.0]})

    state = net.state(cells)

    assert_array_equal(state.v, 0.5)
    assert_array_equal(state.i, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("progress", [None, False, True])
def test_run__progress_goes_to_standard_error_and_changes_nothing(capsys, progress):
    net = mixed(n=90)
    recorded = net.record(net.populations["a"], "spikes")

    net.run(0.25, progress=progress)

    reference = mixed(n=90)
    expected = reference.record(reference.populations["a"], "spikes")
    reference.run(0.25)
    assert_array_equal(recorded.times, expected.times)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("0.25/0.25 s" in err) if progress else err == ""


# Poisson input

def counting(size, seed=0, model=LIFParameters):
    """A population whose potential is the number of events of the step."""
    net = Network(2.0**-13, seed)
    return net, net.population("cells", size, model(
        tau_syn_inv=2.0**13, tau_mem_inv=2.0**13, v_th=1e6))


def counts_of(net, cells, n_steps):
    v = net.record(cells, "v")
    net.run(n_steps * net.dt)
    return v.values.astype(int)


@pytest.mark.parametrize("mean", [0.01, 0.7, 8.0, 29.9])
def test_poisson__counts_have_the_distribution(mean):
    net, cells = counting(5000)
    net.poisson(cells, rate=mean * 2**13, weight=1.0)

    counts = counts_of(net, cells, 100)

    n = counts.size
    assert abs(counts.mean() - mean) < STANDARD_ERRORS * np.sqrt(mean / n)
    assert abs(counts.var() - mean) < STANDARD_ERRORS * np.sqrt((mean + 2 * mean**2) / n)
    observed = np.bincount(counts.ravel())
    expected = n * scipy.stats.poisson.pmf(np.arange(len(observed)), mean)
    many = expected >= 10
    observed, expected = np.append(observed[many], n - observed[many].sum()), expected[many]
    expected = np.append(expected, n - expected.sum())
    keep = expected > 5
    chi2 = ((observed - expected)[keep] ** 2 / expected[keep]).sum()
    assert scipy.stats.chi2.sf(chi2, keep.sum() - 1) > 1e-6


def correlations(a, b):
    """In standard errors: of the arrays as they are, and shifted by a step and by a neuron."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt(a.size) / (a.std() * b.std())
    products = a * b, a[1:] * b[:-1], a[:, 1:] * b[:, :-1]
    return [product.mean() * scale for product in products]


def test_poisson__steps_and_neurons_are_independent():
    net, cells = counting(5000)
    net.poisson(cells, rate=0.5 * 2**13, weight=1.0)

    counts = counts_of(net, cells, 100)

    assert max(map(abs, correlations(counts, counts)[1:])) < STANDARD_ERRORS
    for axis in (0, 1):  # totals scatter as those of independent counts
        totals = counts.sum(axis)
        assert abs(totals.var() / totals.mean() - 1) < STANDARD_ERRORS * np.sqrt(2 / len(totals))


def test_poisson__drives_of_one_population_are_independent():
    net, cells = counting(5000)
    net.poisson(cells, rate=0.5 * 2**13, weight=1.0)
    net.poisson(cells, rate=0.5 * 2**13, weight=1000.0)

    both = counts_of(net, cells, 100)

    assert max(map(abs, correlations(both % 1000, both // 1000))) < STANDARD_ERRORS


@pytest.mark.parametrize("other", [LIFParameters, IAFParameters])
def test_poisson__populations_are_independent(other):
    net, cells = counting(1000)
    more = net.population("more", 1000, other(v_th=1e6))
    for q in (cells, more):
        net.poisson(q, rate=0.5 * 2**13, weight=1.0)
    v = net.record(more, "v")

    counts = counts_of(net, cells, 200)

    step_up = np.diff(v.values.astype(float), axis=0, prepend=0)
    assert max(map(abs, correlations(counts, step_up))) < 2 * STANDARD_ERRORS


def test_poisson__seeds_are_independent():
    (net_a, a), (net_b, b) = counting(1000, seed=1), counting(1000, seed=2)
    for net, cells in ((net_a, a), (net_b, b)):
        net.poisson(cells, rate=0.5 * 2**13, weight=1.0)

    found = correlations(counts_of(net_a, a, 200), counts_of(net_b, b, 200))
    assert max(map(abs, found)) < STANDARD_ERRORS


# What cannot be

@pytest.fixture
def runaway():
    """A neuron that breaks after 0.25 s, in a population of five beside a regular one."""
    net = Network(DT)
    net.constant(net.population("clock", 3, LIFParameters()), 1 / 32)
    bomb = net.population("bomb", 1, LIFParameters(tau_mem_inv=1.0, v_th=0.22))
    wild = net.population("wild", 5, LIFParameters())
    net.constant(bomb, 1 / 50)
    net.connect(bomb, wild[3:4], probability=1.0, weight=3e38, delay=DT)
    net.connect(bomb, wild[3:4], probability=1.0, weight=3e38, delay=DT)
    return net


def test_run__refuses_to_go_on_with_nan(runaway, tmp_path):
    clock = runaway.populations["clock"]
    memory, collected = runaway.record(clock, "spikes"), Collector()
    recorder = Recorder(tmp_path / "run.h5", {"clock": 3, "bomb": 1, "wild": 5}, DT)
    with pytest.raises(NumericalError) as caught, recorder:
        runaway.run(10.0, recorder=recorder)

    message = str(caught.value)
    assert "'wild'" in message and "neuron 3" in message and message.startswith(("v of", "i of"))
    lower, upper = (float(word) for word in message.split("between ")[1].split(";")[0].replace(
        " s", "").split(" and "))
    net = Network(DT)
    net.constant(net.population("clock", 3, LIFParameters()), 1 / 32)
    bomb = net.population("bomb", 1, LIFParameters(tau_mem_inv=1.0, v_th=0.22))
    net.constant(bomb, 1 / 50)
    alone = net.record(bomb, "spikes")
    net.run(lower, recorder=collected)
    steps, ids = collected.all("clock")
    net.run(upper - lower)
    assert 0.1 < lower <= alone.times[0] <= upper
    assert len(steps) > 10
    assert_array_equal(steps_of(memory.times)[:len(steps)], steps)
    with Recording(tmp_path / "run.h5") as recording:
        times, ids_ = next(recording.chunks("clock"))
    assert_array_equal(steps_of(times)[:len(steps)], steps)
    assert_array_equal(ids_[:len(ids)], ids)


def test_run__takes_large_finite_values_in_silence():
    net = Network(DT)
    cells = net.population("cells", 10, LIFParameters(v_th=3e38), initial={"v": 2e38})

    net.run(2 * DT)

    assert np.isfinite(net.state(cells).v).all()


def test_run__after_a_failure_goes_on_as_if_there_was_none_or_is_refused():
    class Failing(Collector):
        def append(self, population, steps, ids):
            super().append(population, steps, ids)
            if len(self.taken[population]) == 2:
                raise OSError("no space left")

    net, reference = mixed(n=90), mixed(n=90)
    with pytest.raises(OSError, match="no space left"):
        net.run(0.3, recorder=Failing())
    try:
        net.run(0.3 - net.time)
    except RuntimeError:
        return
    reference.run(0.3)

    for q in net.populations.values():
        assert_array_equal(net.state(q).v, reference.state(reference.populations[q.name]).v)


@pytest.mark.parametrize("addition", [
    lambda net, q: net.population("more", 1, LIFParameters()),
    lambda net, q: net.connect(q, q, probability=0.1, delay=DT),
    lambda net, q: net.poisson(q, rate=1.0, weight=1.0),
    lambda net, q: net.constant(q, 1.0),
])
def test_network__refuses_additions_after_the_run(addition):
    net = Network(DT)
    cells = net.population("cells", 3, LIFParameters())
    net.run(0.0)

    with pytest.raises(RuntimeError, match="complete before it is built or run"):
        addition(net, cells)


def add(size=5, p=LIFParameters(), **options):
    return lambda net, q: net.population("new", size, p, **options)


def link(**options):
    return lambda net, q: net.connect(q, q, **{"delay": DT, "probability": 0.1} | options)


def by_matrix(matrix, **options):
    return link(matrix=matrix, probability=None, **options)


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
    (add(p=LIParameters(), refractory=MS), TypeError,
     "p must have a refractory form, got LIParameters"),
    (add(initial={"u": 1.0}), ValueError, "initial must be one of i, v, got 'u'"),
    (add(initial={"v": np.nan}), ValueError, r"initial\['v'\] must be finite"),
    (add(initial={"v": np.zeros(4)}), ValueError, r"initial\['v'\] must have shape \(\) or \(5,\)"),
    (add(threshold="super"), TypeError, "threshold"),
    (lambda net, q: net.population("cells", 1, LIFParameters()), ValueError, "name must be new"),
    (lambda net, q: net.population("", 1, LIFParameters()), ValueError, "name must not be empty"),
    (lambda net, q: net.population("a/b", 1, LIFParameters()), ValueError, "nor hold a slash"),
    (lambda net, q: net.population(3, 1, LIFParameters()), TypeError, "name must be a string"),
    (link(delay=0.0), ValueError, "delay must be at least dt = 0.0001 s, got 0 s"),
    (link(delay=0.4 * DT), ValueError, "delay must be at least dt"),
    (link(delay=-DT), ValueError, "delay must be at least dt"),
    (link(delay=np.nan), ValueError, "delay must be finite"),
    (link(delay=None), TypeError, "delay must be a number, got None"),
    (link(weight=np.inf), ValueError, "weight must be finite"),
    (link(weight=np.ones(4)), TypeError, "weight must be a number"),
    (link(probability=-0.1), ValueError, "probability must be at least 0"),
    (link(probability=1.5), ValueError, "probability must be at most 1, got 1.5"),
    (link(probability=np.nan), ValueError, "probability must be finite"),
    (link(probability=None),
     TypeError, "connect must be given a probability or a matrix, got neither"),
    (link(matrix=sparse.eye_array(4)), TypeError, "probability or a matrix, got both"),
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
    (lambda net, q: q[[0, 1]], TypeError, "must be a slice"),
    (lambda net, q: net.poisson(q, rate=-1.0, weight=1.0), ValueError, "rate must be at least 0"),
    (lambda net, q: net.poisson(q, rate=np.nan, weight=1.0), ValueError, "rate must be finite"),
    (lambda net, q: net.poisson(q, rate=1e6, weight=1.0),
     ValueError, "rate must be at most 300000 / s"),
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
    (lambda net, q: net.run(np.inf), ValueError, "seconds must be finite"),
    (lambda net, q: net.run("1"), TypeError, "seconds must be a number"),
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


@pytest.mark.parametrize("part", [slice(2, 2), slice(9, 99)])
@pytest.mark.parametrize("role", ["post", "pre"])
def test_network__takes_empty_parts(part, role):
    net = Network(DT)
    cells = net.population("cells", 4, LIFParameters())
    pre, post = (cells, cells[part]) if role == "post" else (cells[part], cells)
    net.connect(pre, post, probability=0.5, delay=DT)
    net.connect(pre, post, matrix=sparse.csr_array((len(pre), len(post))), delay=DT)
    net.poisson(cells[part], rate=100.0, weight=1.0)
    net.constant(cells[part], 1.0)

    net.run(0.01)

    assert net.n_synapses == 0


@pytest.mark.parametrize("p", [LIParameters(), LIBoxParameters()])
def test_network__integrators_do_not_spike(p):
    net = Network(DT)
    cells = net.population("cells", 4, p)
    net.constant(cells, 0.1)

    net.run(0.01)

    assert net.state(cells).v.min() > 0
    assert net.cost.spikes == 0


def test_network__with_no_synapses_runs():
    net = Network(DT)
    cells = net.population("cells", 1, IAFParameters(), threshold=SuperSpike())
    spikes = net.record(cells, "spikes")

    net.run(0.5)

    assert (net.n_synapses, len(spikes.times), spikes.times.dtype, spikes.ids.dtype) == (
        0, 0, np.float64, np.int64)
