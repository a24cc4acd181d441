"""How a network is driven from outside: the part of `Network` that takes the drives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.simulate import currents, poisson, spike_lists
from eventsnn.simulate.drives import Drive
from eventsnn.simulate.population import View

MOST_DRIVES = 2**16  # that draw random numbers: how many the counter can tell apart


class Driven:
    """What takes drives; `Network` is the one class of this kind.

    Examples
    --------
    >>> from eventsnn.neurons import LIFParameters
    >>> from eventsnn.simulate import Network
    >>> net = Network(dt=1e-4, seed=1)
    >>> cells = net.population("cells", 100, LIFParameters())
    >>> net.poisson(cells, rate=[500.0, 2000.0], times=[0.0, 0.05], weight=0.4)
    >>> net.current(cells[:50], 0.5)
    >>> net.noise(cells, mean=0.0, std=0.2, every=1e-3)
    >>> net.spikes(cells[:2], times=[0.01, 0.02], ids=[0, 1], weight=5.0)
    >>> spikes = net.record(cells, "spikes")
    >>> net.run(0.1)
    >>> np.histogram(spikes.times, 2, (0, 0.1))[0].tolist()
    [227, 1724]
    """

    dt: float
    _drives: list[Drive]
    _constant: list[tuple[View, int, np.ndarray]]
    _open: Callable[[], None]
    _target: Callable[[Any], None]

    def poisson(self, post: View, *, rate: Any, times: Any = None, weight: Any,
                channel: str | None = None) -> None:
        """Drive each neuron of `post` with a Poisson input of its own.

        Parameters
        ----------
        rate : float or array
            1/s; a number, or one for each neuron (len(post),). With `times`, one for each of them,
            (len(times),) or (len(times), len(post)).
        times : (m,) array, optional
            Times from which on the rates hold, s; rounded to whole steps, and rising by one at
            least. Before the first of them the rate is 0.
        weight : float or (len(post),) array
            What an event adds to the input channel, as for `connect`.
        channel : str, optional
            Input channel, where the model has several.

        Notes
        -----
        The events of a neuron in a step are a function of (seed, drive, step, neuron of `post`), so
        they are the same for any number of threads; the drive is the number of the call among
        those of `poisson` and `noise`. See `eventsnn.engine.poisson`. It takes time in proportion
        to the rate above some 16 events a step, and at most 2^20 events a step.
        """
        self._drive(post, channel, lambda c: poisson.poisson(
            post, c, self._n_random(), rate, times, weight, self.dt))

    def spikes(self, post: View, times: Any, ids: Any, *, weight: Any = 1.0,
               channel: str | None = None) -> None:
        """Send spikes at given times straight into neurons, without delay.

        Parameters
        ----------
        times : (m,) array
            s, from 0 on, in any order. A spike acts in the step that begins at its time, rounded to
            whole steps.
        ids : (m,) int array
            Neurons, numbered within `post`.
        weight : float or (len(post),) array
            What a spike adds to the input channel, as for `connect`.
        channel : str, optional
            Input channel, where the model has several.
        """
        self._drive(post, channel, lambda c: spike_lists.spike_list(
            post, c, times, ids, weight, self.dt))

    def current(self, post: View, value: Any, times: Any = None, *,
                channel: str | None = None) -> None:
        """Inject a current that is constant, or constant piece by piece.

        A neuron without synaptic current takes it as its input, in each step. In one with a
        synaptic current, or conductance, that becomes `value` at once and stays there, beside what
        spikes bring: no thought of jumps and time constants is needed. (Most models add the input
        of a step before it and decay it within the step, so the state shows a little less; LSNN and
        AdaLIF add it after the decay, and their potential feels it one step later.)

        Parameters
        ----------
        value : float or array
            In the unit of the model's current: a number, or one for each neuron (len(post),). With
            `times`, one for each of them, (len(times),) or (len(times), len(post)).
        times : (m,) array, optional
            Times from which on the values hold, s; rounded to whole steps, and rising by one at
            least. Before the first of them the current is 0.
        channel : str, optional
            Input channel, where the model has several.
        """
        self._drive(post, channel, lambda c: currents.current(
            post, c, value, times, self.dt))

    def noise(self, post: View, mean: Any = 0.0, std: Any = 1.0, every: float | None = None, *,
              channel: str | None = None) -> None:
        """Inject a noisy current into each neuron: Gaussian values, independent of each other.

        Each value holds for `every` s, in the sense of `current`. The mean spectral density at low
        frequencies is ``2 std**2 every`` (one-sided), so white noise of a density of its own needs
        ``std`` in proportion to ``every ** -0.5``.

        Parameters
        ----------
        mean, std : float or (len(post),) array
            Mean and standard deviation, in the unit of the model's current.
        every : float, optional
            Time for which a value holds, s; rounded to whole steps; by default one step.
        channel : str, optional
            Input channel, where the model has several.

        Notes
        -----
        A value is a function of (seed, drive, ``step // every``, neuron of `post`), see `poisson`.
        The deviates are normal to 3e-7 of their size, see `eventsnn.core.normal`.
        """
        self._drive(post, channel, lambda c: currents.noise(
            post, c, self._n_random(), mean, std, every, self.dt))

    def _drive(self, post: View, channel: str | None, make: Callable[[int], Drive]) -> None:
        self._open()
        self._target(post)
        made = make(post.population.channel(channel))
        if len(post):
            self._drives.append(made)

    def _n_random(self) -> int:
        """Drives so far that draw random numbers: the number of the next one."""
        n = sum(isinstance(d, (poisson.Poisson, currents.Noise)) for d in self._drives)
        if n >= MOST_DRIVES:
            raise check.must("a network", f"have at most {MOST_DRIVES} random drives", n + 1,
                             "give rates as an array, one a neuron")
        return n

    def constant(self, post: View, value: Any, *, channel: str | None = None) -> None:
        """Add `value`, a number or an array (len(post),), to the input of `post` in every step.

        What an input is follows from the model. Of a neuron without synaptic current it is the
        current: `value` holds it there. Of one with a synaptic current it is a jump of that current
        in every step, so a steady one is what `current` is for.
        """
        self._open()
        self._target(post)
        value = check.real_array("value", value)
        check.finite("value", value, np.float32)
        if value.shape not in ((), (len(post),)):
            raise check.must("value", f"have shape () or ({len(post)},)", value.shape)
        self._constant.append((post, post.population.channel(channel), value))
