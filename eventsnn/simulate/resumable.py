"""Networks that can be stored and restored, saved and loaded."""

import os
import pathlib
from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.device import to
from eventsnn.simulate import places, recipe, state
from eventsnn.simulate.population import Population, View
from eventsnn.simulate.source import kept, made_of
from eventsnn.simulate.state import Snapshot
from eventsnn.simulate.traces import check_position


class Resumable:
    """The part of a network that keeps it for later.

    Attributes
    ----------
    recording : dict or None
        Of a network that was loaded: where its recording stood, for the `resume` of a recorder.
    attributes : dict
        What else to keep with the network, as JSON can hold it: empty unless it is set.
    kept_in : dict of paths to int
        Files of a run's snapshots that hold this network, and after how many steps.
    """

    recording: dict[str, Any] | None = None

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.kept_in: dict[pathlib.Path, int] = {}

    def store(self: Any) -> Snapshot:
        """Where the network stands: a copy in memory, for `restore`.

        Examples
        --------
        >>> from eventsnn.neurons import LIFParameters
        >>> from eventsnn.simulate import Network
        >>> net = Network(seed=1)
        >>> cells = net.population("cells", 10, LIFParameters())
        >>> net.poisson(cells, rate=1000.0, weight=0.5)
        >>> net.run(0.1)
        >>> before = net.store()
        >>> net.run(0.1)
        >>> once = net.state(cells).v
        >>> net.restore(before)
        >>> net.run(0.1)
        >>> bool((net.state(cells).v == once).all())
        True
        """
        self._stands()
        return state.take(self._built(), self.step, self._records)

    def restore(self: Any, stored: Snapshot) -> None:
        """Go back to where the network stood.

        What was recorded in memory since then is forgotten. From the same point the same spikes
        come, unless something is changed.

        Parameters
        ----------
        stored : Snapshot
            What `store` returned; it stays as it is, for any number of trials.
        """
        if not isinstance(stored, Snapshot):
            raise check.must("stored", "be what store() returned", type(stored).__name__,
                             error=TypeError)
        simulation = self._built()
        state.check_fits(stored, simulation)
        state.put(simulation, stored)
        self.step, self._whole = stored.step, True
        for k, record in enumerate(self._records):
            record.cut(stored.recorded[k] if k < len(stored.recorded) else 0)

    def save(self: Any, path: str | os.PathLike, *, recorder: Any = None,
             overwrite: bool = False, keep: pathlib.Path | None = None) -> pathlib.Path:
        """Write the network, as it is made and where it stands, to a file.

        Parameters
        ----------
        path : path
            The file.
        recorder : Recorder, optional
            That of the run: its position is kept, too. After `load` it is the network's
            `recording`, for the `resume` of a new recorder.
        overwrite : bool
            Whether an existing file may be replaced, which stays until the new one is complete.
        keep : path, optional
            A name beside it, under which what is replaced stays.

        Notes
        -----
        `Network.load` reads it; the run goes on with the same spikes, bit for bit, for any number
        of threads. Not kept: what was recorded in memory, and synapses, which are made anew from
        the seed. Nothing is pickled.
        """
        from eventsnn.simulate import snapshot  # HDF5 is read for those who need it

        self._stands()
        check_position(recorder)
        simulation, arrays = self._built(), []

        def numbered(array: np.ndarray) -> int:
            arrays.append(np.asarray(array))
            return len(arrays) - 1

        def coded(value: Any) -> Any:
            return recipe.encode(value, numbered)

        made = {
            "dt": coded(self.dt), "seed": str(int(self.seed)), "step": self.step,
            "recording": None if recorder is None else recorder.position(),
            "attributes": self.attributes,
            "populations": [{"name": q.name, "size": len(q), "p": coded(q.p),
                             "given": coded(q.given), "threshold": coded(q.threshold)}
                            for q in self.populations.values()],
            "sources": [coded((name, len(q), *kept(q))) for name, q in self.sources.items()],
            "projections": coded(self._projections), "drives": coded(self._drives),
            "constant": coded(self._constant)}
        groups = [to(state.arrays(group), "cpu") for group in simulation.groups]
        return snapshot.write(path, made, arrays, groups, overwrite, keep)

    @classmethod
    def load(cls: Any, path: str | os.PathLike, *, threads: int = 1, device: str = "cpu",
             delivery: str = "ordered") -> Any:
        """Read a network that was saved; it stands where it stood.

        Parameters
        ----------
        path : path
            The file.
        threads : int
            Most threads to use.
        device, delivery : str
            Where to go on, as of `Network`: it need not be where it was saved.

        Raises
        ------
        FormatError
            If the file is no network of eventsnn, or is damaged; `VersionError`, if it is newer.
        """
        from eventsnn.simulate import snapshot

        threads = check.integer("threads", threads, least=1)
        device, delivery = places.checked(device, delivery)
        made, arrays, groups = snapshot.read(path)
        try:
            net = cls(recipe.decode(made["dt"], arrays.__getitem__, _no_view), int(made["seed"]),
                      threads, device, delivery)

            def view(name: str, start: int, stop: int) -> View:
                whole = net.populations.get(name) or net.sources[name]
                return whole if (start, stop) == (0, len(whole)) else whole[start:stop]

            def plain(value: Any) -> Any:
                return recipe.decode(value, arrays.__getitem__, view)

            for number, q in enumerate(made["populations"]):
                again = Population(q["name"], q["size"], plain(q["p"]), net.dt, None, None,
                                   plain(q["threshold"]), net.seed, number)
                again.given = plain(q["given"])
                net.populations[q["name"]] = again
            for name, size, steps, ids in map(plain, made["sources"]):
                net.sources[name] = made_of(name, size, steps, ids, net.dt)
            net._projections = list(plain(made["projections"]))
            net._drives = list(plain(made["drives"]))
            net._constant = list(plain(made["constant"]))
            stored = Snapshot(check.integer("step", made["step"], least=0,
                                            most=random.STEP_LIMIT), groups, [])
            state.check_fits(stored, net._built())
        except snapshot.DAMAGE as error:
            raise snapshot.refused(path, f"one that does not hold together ({error})") from error
        net.restore(stored)
        net.recording, net.attributes = made["recording"], made.get("attributes", {})
        net.kept_in[check.path("path", path).absolute()] = net.step
        return net

    def _stands(self: Any) -> None:
        if not self._whole:
            raise check.must("a network", "stand between two steps to be kept",
                             "one that failed within a step", "make it anew", error=RuntimeError)


def _no_view(*_: Any) -> View:
    raise LookupError("view")
