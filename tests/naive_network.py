"""A network simulator without cleverness: one step after the other, one spike after the other.

Its equations, its queue of delays and its random numbers are its own. Where all weights and inputs
are multiples of a power of two, their sums are exact in any order, and it agrees with the package
bit by bit: float32 in the same expressions.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.stats

DRIVE_STREAM, NOISE_STREAM = 3, 101


class Edges(NamedTuple):
    """Synapses between two populations, by neuron; delay in steps, one or one a synapse."""

    pre: str
    post: str
    channel: int
    delay: Any
    sources: Any
    targets: Any
    weights: Any


def philox(counter, key):
    """Philox4x32-10 of Salmon et al. (2011): four words; `counter` four arrays, `key` two words."""
    c, k, mask = [np.asarray(x, np.uint64) for x in counter], list(map(int, key)), 2**32 - 1
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & np.uint64(mask),
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & np.uint64(mask)]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def words(stream, n, step, item, seed):
    """A random word for each of `n` neurons: of 256 of them, four at a time share a draw."""
    j = np.arange(n)
    four = philox((j // 256 * 64 + j % 64, step & 0xFFFFFFFF, (step >> 32) << 16 | stream, item),
                  (seed & 0xFFFFFFFF, seed >> 32))
    return np.choose(j % 256 // 64, four)


def poisson_counts(means, parts, step, item, seed):
    """Events of one step: how many upper tails of the distribution a random word lies in."""
    counts = np.zeros(len(means), np.float32)
    for part in range(parts):
        word = words(DRIVE_STREAM, len(means), step, item + part * 2**16, seed)
        for m in range(100):
            tail = np.rint(scipy.stats.poisson.cdf(m, means / parts) * 2.0**32)
            counts += word >= tail
    return counts


def normals(n, step, item, seed):
    """Box and Muller's deviates of the words of neurons 64 apart: half a turn, and a sign."""
    word = words(NOISE_STREAM, -(-n // 256) * 256, step, item, seed).reshape(-1, 2, 2, 64)
    a, b = np.moveaxis(word, 2, 0).astype(np.float64)
    sign, turn = np.where(b < 2.0**31, 1, -1), (b + 0.5) / 2.0**31
    turn = (turn + 0.5) % 1 - 0.5  # of half a turn, -1/2 to 1/2
    z = np.sqrt(-2 * np.log((a + 0.5) / 2.0**32)) * [
        sign * np.cos(np.pi * turn), np.sin(np.pi * turn)]
    return np.moveaxis(z, 0, 2).reshape(-1)[:n]


class Input(NamedTuple):
    """What drives neurons `start` on of a population; `kind` is poisson, current or spikes.

    Values hold from the steps `since` on: rates as means a step, or currents. Spikes have steps.
    """

    kind: str
    name: str
    channel: int
    start: int
    weights: Any  # (n,)
    since: Any  # (P,)
    values: Any  # (P, n); of spikes (P,), neurons
    item: int = 0

    def at(self, step):
        """The values of a step; 0 before the first."""
        found = np.zeros(len(self.weights))
        for since, values in zip(self.since, self.values, strict=True):
            if since <= step:
                found = values
        return found


def driven(d, q, n, dt, seed):
    """What an input adds to each of its neurons in step `n`."""
    if d.kind == "poisson":
        parts = max(1, int(np.ceil(np.max(d.values) / 16)))
        return d.weights * poisson_counts(d.at(n), parts, n, d.item, seed)
    if d.kind == "spikes":
        hits = np.zeros(len(d.weights))
        np.add.at(hits, np.asarray(d.values)[np.asarray(d.since) == n], 1)
        return d.weights * hits
    if q.decays is None:
        return d.at(n)
    mine = slice(d.start, d.start + len(d.weights))
    lost = dt * np.broadcast_to(np.float32(q.p[q.decays[d.channel]]), q.size)[mine]
    new, old = np.float32(d.at(n)), np.float32(d.at(n - 1) if n else 0 * d.at(n))
    return (new - old) + lost * old


def lif(s, x, p, dt):
    i = s["i"] + x[0]
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] + i - s["v"])
    return v, {"i": i - dt * p["tau_syn_inv"] * i}


def lif_exc_inh(s, x, p, dt):
    exc, inh = s["i_exc"] + x[0], s["i_inh"] + x[1]
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] + exc + inh - s["v"])
    return v, {"i_exc": exc - dt * p["tau_syn_exc_inv"] * exc,
               "i_inh": inh - dt * p["tau_syn_inh_inv"] * inh}


def lif_box(s, x, p, dt):
    return s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] + x[0] - s["v"]), {}


MODELS = {  # integration to the threshold, state beside the potential, inputs, what they decay by
    "LIF": (lif, ("i",), 1, ("tau_syn_inv",)),
    "LIFExcInh": (lif_exc_inh, ("i_exc", "i_inh"), 2, ("tau_syn_exc_inv", "tau_syn_inh_inv")),
    "LIFBox": (lif_box, (), 1, None),
}


class Population:
    """Neurons of one model; `p` and `initial` by name, `refractory` in steps."""

    def __init__(self, model, size, p, refractory=0, initial=None):
        self.integrate, others, self.n_inputs, self.decays = MODELS[model]
        self.size, self.refractory = size, refractory
        self.p = {k: np.broadcast_to(np.float32(v), size) for k, v in p.items()}
        self.state = {"v": self.p["v_leak"], **{k: np.zeros(size, np.float32) for k in others}}
        for k, v in (initial or {}).items():
            self.state[k] = np.broadcast_to(np.float32(v), size)
        self.wait = np.zeros(size, int)

    def step(self, x, dt):
        """Neurons that fire."""
        v, others = self.integrate(self.state, x, self.p, dt)
        free = self.wait == 0
        fire = free & (v > self.p["v_th"])
        v = np.where(fire, self.p["v_reset"], np.where(free, v, self.state["v"]))
        self.wait = np.where(fire, self.refractory, np.maximum(self.wait - 1, 0))
        self.state = {"v": v, **others}
        return np.flatnonzero(fire)


def simulate(populations, edges, n_steps, dt, constant=(), drives=(), sources=None, seed=0):
    """Run: ``-> (spikes, traces)``, by name (steps, ids) and, by variable, (n_steps, size).

    `constant` lists ``(name, channel, values (size,))``; `drives` lists `Input`; `sources` holds
    steps and neurons of spikes by name.
    """
    dt = np.float32(dt)
    depth = n_steps + max([np.max(e.delay, initial=0) for e in edges], default=0) + 2
    queue = {k: np.zeros((depth, q.n_inputs, q.size)) for k, q in populations.items()}
    for name, channel, values in constant:
        queue[name][:, channel] += values
    rows = [(e, *_by_source(e, populations[e.pre].size)) for e in edges if e.pre in populations]
    spikes = {k: ([], []) for k in populations}
    traces = {k: {v: [] for v in q.state} for k, q in populations.items()}
    for name, (steps, ids) in (sources or {}).items():
        for step, source in zip(steps, ids, strict=True):
            for e in edges:
                if e.pre == name and step + e.delay < depth:
                    mine = e.sources == source
                    np.add.at(queue[e.post][step + e.delay, e.channel], e.targets[mine],
                              e.weights[mine])
    for n in range(n_steps):
        for d in drives:
            queue[d.name][n, d.channel, d.start:d.start + len(d.weights)] += driven(
                d, populations[d.name], n, dt, seed)
        for name, q in populations.items():
            for source in q.step(queue[name][n].astype(np.float32), dt):
                spikes[name][0].append(n + 1)
                spikes[name][1].append(source)
                for e, order, starts in rows:
                    if e.pre == name:
                        mine = order[starts[source]:starts[source + 1]]
                        when = n + 1 + np.broadcast_to(e.delay, len(e.targets))[mine]
                        np.add.at(queue[e.post], (when, e.channel, e.targets[mine]),
                                  e.weights[mine])
            for variable, values in q.state.items():
                traces[name][variable].append(values)
    return ({k: (np.array(a, np.int64), np.array(b, np.int64)) for k, (a, b) in spikes.items()},
            {k: {v: np.array(rows) for v, rows in t.items()} for k, t in traces.items()})


def _by_source(e, n_pre):
    order = np.argsort(e.sources, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(e.sources, minlength=n_pre))])


BLOCK = 4096  # targets a block in the tests: several blocks without very many neurons


def unpack(network, block=BLOCK):
    """All synapses of a built network, taken out of its packed arrays, as a list of `Edges`."""
    found = []
    simulation = network._simulation
    for target, outside, s in [(g, outside, w.synapses) for g in simulation.groups
                               for outside, w in enumerate(g.all_wired)]:
        n_blocks = -(-target.n // block)
        for q in range(len(s.delay)):
            source = simulation.senders[s.senders[q, 0]] if outside else target
            at, n_pre = int(s.rows_at[q]), int(s.n_pre[q])
            rows = s.rows[at:at + n_blocks * (n_pre + 1)].reshape(n_blocks, n_pre + 1)
            lengths = np.diff(rows.astype(np.int64), axis=1)
            assert (lengths >= 0).all()
            places = np.concatenate([np.arange(0), *(np.arange(r[0], r[-1]) + first for r, first
                                                     in zip(rows.astype(int), s.block_at[q]))])
            sources = s.pre_start[q] \
                + np.tile(np.arange(n_pre), n_blocks).repeat(lengths.reshape(-1))
            targets = s.targets[places].astype(np.int64) \
                + block * np.arange(n_blocks).repeat(lengths.sum(axis=1))
            weights, delays = (
                np.full(len(places), one[q]) if own_at[q] == np.iinfo(np.int64).min
                else own[places + own_at[q]] for one, own, own_at in (
                    (s.weight, s.weights, s.weights_at), (s.delay, s.delays, s.delays_at)))
            assert (targets < target.n).all()
            pre, sources = _named(source, sources)
            post, targets = _named(target, targets)
            for a in np.unique(pre):
                for b in np.unique(post):
                    mine = (pre == a) & (post == b)
                    if mine.any():
                        own = delays[mine].astype(np.int64)
                        found.append(Edges(str(a), str(b), int(s.channel[q]),
                                           int(own[0]) if (own == own[0]).all() else own,
                                           sources[mine], targets[mine], weights[mine]))
    return found


def _named(group, numbers):
    """Names of populations and numbers within them, of neurons numbered within their group."""
    names, starts = np.array(list(group.starts)), np.array(list(group.starts.values()))
    which = np.searchsorted(starts, numbers, "right") - 1
    return names[which], numbers - starts[which]
