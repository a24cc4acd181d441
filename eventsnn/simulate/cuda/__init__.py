"""All neurons of one model in a network, on a CUDA device."""

from typing import Any

import numpy as np

from eventsnn.connect import tiles
from eventsnn.connect.cuda import drawn
from eventsnn.connect.learning import CHANGES, STATIC
from eventsnn.core import device
from eventsnn.core.cuda import unwrapped
from eventsnn.core.fields import map_fields
from eventsnn.engine.cuda import delivery, items, network
from eventsnn.engine.delivery import Synapses
from eventsnn.simulate.cuda.plastic import DeviceLearning
from eventsnn.simulate.group import DTYPE, LARGEST, Group
from eventsnn.simulate.wiring import Wired


class DeviceGroup(Group):
    """As `Group`; its state and its inputs are arrays of the device."""

    cut_of = staticmethod(delivery.cut_in_order)
    kind_of_learning = DeviceLearning

    _others: tuple  # synapses from outside, and what of them changes
    _others_room: tuple[int, int]  # steps and spikes that there is work space for
    _others_items: Any

    def _prepare(self) -> None:
        """Move what the loops take to the device, once, and make the rest there."""
        self.cut = self.cut_of(self.n, self.block, self.learning is not None or any(
            w.recipes is not None for w in self.all_wired))
        self.window = min(self.window, network.MOST_WINDOW)
        given = self.drives.poisson
        means = _moved(given.means) if given is not None and given.each.any() else None
        (self.state, self.p, self.ring, self.outside, self.base, self.drives) = _moved(
            (self.state, self.p, self.ring, self.outside, self.base, self.drives))
        self._on_host = [w.synapses for w in self.all_wired]
        self.wired = self._changing_moved(self.wired)
        if self.from_outside is not None:
            self.from_outside = self._changing_moved(self.from_outside)
        own, *others = [self._placed(w) for w in self.all_wired]
        self._others = others[0] if others else (None,)
        self._others_room, self._others_items = (0, 0), None
        self._space = network.work_space(self.n, self.window)
        self.events = delivery.events_space(self.cut)
        # as kernels take them, since a launch has more to do to each of them than a device
        self._arguments = unwrapped((
            self.ring, self.outside, self.base, self.state, self.p, self.dt, self.threshold,
            self.drives, means, self.seed, self.number, DTYPE.type(LARGEST), *own))
        self._last_arguments = unwrapped((
            self.cut, _items(own, self.window, self.window * int(self.wired.synapses.n_pre.sum())),
            self.events, self._space))
        if self.learning is not None:
            self.learning.wired = [
                (placed[0], placed[3]) for placed, wired in zip(
                    (own, *others), self.all_wired, strict=True) if _learns(wired)]
        self._started = False

    def _changing_moved(self, wired: Wired) -> Wired:
        """With what changes of synapses on the device, where it can be looked at."""
        if wired.past is None:
            return wired
        past, synapses = wired.past, wired.synapses
        if _learns(wired):
            synapses = synapses._replace(weights=_moved(synapses.weights))
        return wired._replace(synapses=synapses, past=past._replace(**{
            name: _moved(getattr(past, name)) for name in CHANGES}))

    def bring_weights(self) -> None:
        """Bring weights that changed to where they are looked at."""
        for here, wired in zip(self._on_host, self.all_wired, strict=True):
            if wired.synapses.weights is not here.weights:
                here.weights[...] = device.to(wired.synapses.weights, "cpu")

    def _placed(self, wired: Wired) -> tuple:
        """What the loops take of synapses, on the device; split by tiles if there are several."""
        synapses = wired.synapses
        rows: tuple = None, None
        if not len(synapses.delay):
            return (None,) * 5
        if self.cut.tiles > 1:
            synapses = tiled(synapses, self.cut.tile, self.cut.tiles)
        if wired.recipes is not None and wired.drawing is not None:
            rows = (drawn.recipes(wired.recipes, self.block),
                    delivery.drawing_space(wired.drawing, self.cut))
        return _moved((synapses, *rows, wired.past, wired.releases))

    def is_compiled(self, threads: int) -> bool:
        """Whether the loop for this group is compiled, in this process."""
        return self._started

    def receive(self, first_step: int, window: int, spikes: np.ndarray, ends: np.ndarray) -> None:
        """Deliver spikes of other groups, a list of each, of the steps from `first_step` on."""
        synapses = self._others[0]
        if synapses is None or not ends[:, -1].any():
            return
        before = np.cumsum(ends[:, -1]) - ends[:, -1]
        ids = np.concatenate([row[:n] for row, n in zip(spikes, ends[:, -1], strict=True)])
        room = max(window, self._others_room[0]), max(len(ids), self._others_room[1])
        if room != self._others_room:
            self._others_room = room
            self._others_items = _items(self._others, room[0], room[1] * synapses.delay.size)
        ids, ends = _moved((ids, (ends + before[:, None]).astype(np.uint64)))
        arguments = (first_step, 0, window, ids, ends, *self._others, *self.learned, self.cut,
                     self.outside, self._others_items, self.events)
        delivery.deliver(*arguments)

    def advance(self, first_step: int, n_steps: int,
                threads: int) -> tuple[int, np.ndarray, np.ndarray]:
        """Run up to `n_steps`; return the number done, and the spikes' steps and neurons."""
        if self.learning is not None:
            self.learning.make_room()
        done = network.advance(first_step, n_steps, self.window, *self._arguments, *self.learned,
                               *self._last_arguments)
        self._started = True
        ends = device.to(self._space.ends[0, :done + 1], "cpu")
        if self._space.bad.item():
            self._space.bad[...] = 0
            self._check_finite(device.to(self.state, "cpu"), first_step, done)
        steps = np.repeat(np.arange(first_step + 1, first_step + done + 1),
                          np.diff(ends.astype(np.int64)))
        return done, steps, self._space.ids[:len(steps)].to("cpu")

    def take_events(self) -> int:
        """How many synapses had a spike since it was last asked for."""
        count = int(device.to(self.events, "cpu").sum())
        self.events[...] = 0
        return count


class AtomicGroup(DeviceGroup):
    """A group whose inputs are added up in any order."""

    cut_of = staticmethod(delivery.cut_for_atomic)


def _learns(wired: Wired) -> bool:
    """Whether some of the synapses do."""
    return wired.past is not None and bool((wired.past.learns_by != STATIC).any())


def _items(wired: tuple, n_steps: int, n_items: int) -> items.Items | None:
    """Work space for the items of synapses, with factors where some tire."""
    synapses, *_, releases = wired
    return items.space(synapses, n_steps, 0 if releases is None else n_items)


def _moved(value: Any) -> Any:
    """Arrays, and those of tuples, on the device, none of them of size 0."""
    if isinstance(value, tuple):
        return map_fields(_moved, value) if hasattr(value, "_fields") else tuple(map(_moved, value))
    if isinstance(value, np.ndarray) and not value.size:
        value = np.zeros((1,) * value.ndim, value.dtype)
    return device.to(value, "cuda")


def tiled(s: Synapses, tile: int, n_tiles: int) -> Synapses:
    """Synapses whose blocks are `n_tiles` tiles of `tile` targets for each block of before."""
    targets, weights, delays = (np.empty_like(a) for a in (s.targets, s.weights, s.delays))
    all_rows, at = [], []
    n_blocks = s.block_at.shape[1]
    for q, n_pre in enumerate(s.n_pre.tolist()):
        begin, shape = int(s.rows_at[q]), (n_blocks, n_pre + 1)
        rows = s.rows[begin:begin + n_blocks * (n_pre + 1)].reshape(shape)
        all_rows.append(np.zeros((n_blocks * n_tiles, n_pre + 1), s.rows.dtype))
        at.append(tiles.split(rows, s.targets, s.weights, s.weights_at[q], s.delays, s.delays_at[q],
                              s.block_at[q], tile, n_tiles, all_rows[-1], targets, weights, delays))
    sizes = [rows.size for rows in all_rows]
    return s._replace(
        rows=np.concatenate([np.empty(0, s.rows.dtype), *(rows.reshape(-1) for rows in all_rows)]),
        targets=targets, weights=weights, delays=delays,
        rows_at=np.cumsum([0, *sizes])[:-1],
        block_at=np.array(at, np.int64).reshape(len(at), n_blocks * n_tiles))
