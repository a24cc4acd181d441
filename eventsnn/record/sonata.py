"""The layout of a SONATA spike file, as its strictest readers want it.

======================================  ==========================================================
``/``                                   attributes ``magic``, ``version``
``/spikes/<population>``                attribute ``sorting``, an HDF5 enumeration: *by_time*
``/spikes/<population>/timestamps``     (n,) float64, ms, with the attribute ``units = "ms"``
``/spikes/<population>/node_ids``       (n,) uint64, counted from 0 within the population
======================================  ==========================================================

Uncompressed, in one piece, and in the oldest HDF5 format: libsonata reads no gzip and no newer
format, wants ``units``, and refuses ``sorting`` as a string. Other readers ignore what eventsnn
adds: the attributes ``size``, ``dt_ms`` and ``duration_ms`` (NaN if unknown) of a population and,
at the root, the dataset ``eventsnn``, a JSON object that says where the file comes from.

In the parts of a recording ``node_ids`` have as few bytes as hold the population's neurons, since
the disk limits the writing. HDF5 widens them for those who read uint64, through a view, too.

References
----------
.. [1] Dai et al., "The SONATA data format for efficient description of large-scale network models",
   PLoS Comput. Biol. 16, e1007696 (2020).
"""

import functools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import h5py
import numpy as np

from eventsnn.record.layout import Layout, Plan, attribute, virtual

SORTINGS = {"none": 0, "by_id": 1, "by_time": 2}
STEP_LIMIT = 2**48  # below it, roundings do not hide which step a time is of
BEFORE = 1e-6  # of a step: a time is of a step that begins by so much later
BLOCK = 1 << 15  # times at once: what a cache holds
ROUNDINGS = 8 * float(np.finfo(np.float64).eps)  # relative, of a time that was made from its step
COLUMNS = {"timestamps": np.dtype("<f8"), "node_ids": np.dtype("<u8")}


def name_of(population: str, column: str) -> str:
    """The name of a column in a file."""
    return f"/spikes/{population}/{column}"


def narrow(size: int) -> np.dtype:
    """The kind of number of a population's neurons in a part."""
    return np.min_scalar_type(size - 1).newbyteorder("<")


def layout(populations: Mapping[str, int], counts: Mapping[str, int], dt: float,
           duration: float | None, about: str, sealed: bool = False,
           sources: Sequence[tuple[str, Mapping[str, int]]] | None = None,
           part: bool = False) -> Layout:
    """The layout of a file with `counts` spikes, or of a `part`, whose neurons are `narrow`.

    With `sources`, names of files and their spikes, the columns are virtual, made of theirs.
    """
    plan = Plan(about, sealed)
    for name, size in populations.items():
        group = plan.file.create_group(f"spikes/{name}")
        attribute(group, "sorting", np.array(
            SORTINGS["by_time"], h5py.enum_dtype(SORTINGS, basetype=np.uint8)))
        attribute(group, "size", np.uint64(size))
        attribute(group, "dt_ms", np.float64(float(step_ms(dt))))
        attribute(group, "duration_ms", np.float64(np.nan if duration is None else duration * 1e3))
        for column, dtype in COLUMNS.items():
            if sources is None:
                plan.reserve(group, column, (counts[name],),
                             narrow(size) if part and column == "node_ids" else dtype)
            else:
                virtual(group, column, (counts[name],), dtype,
                        [(file, n[name]) for file, n in sources])
        attribute(group["timestamps"], "units", np.bytes_("ms"))
    return plan.layout()


def by_name(columns: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Columns by their names in the file: of each population times, ms, and neurons."""
    return {name_of(population, column): values for population, arrays in columns.items()
            for column, values in zip(COLUMNS, arrays, strict=True)}


@functools.cache
def step_ms(dt: float) -> Fraction:
    """A step in ms as the simplest ratio within rounding of ``1000 dt``: 1/10 for 1e-4 s."""
    exact = Fraction(dt) * 1000
    simple = exact.limit_denominator(1_000_000)
    return simple if abs(simple - exact) <= exact * Fraction(1, 2**51) else exact


def times_ms(steps: np.ndarray, dt: float, out: np.ndarray | None = None) -> np.ndarray:
    """The times of steps: 0.3 for the third of 0.1 ms, where a product gives 0.30000000000000004.

    `steps_of` gives back `steps` below `STEP_LIMIT`. They go to `out`, if it is given.
    """
    return _times(steps, step_ms(dt), out)


def times_s(steps: np.ndarray, dt: float) -> np.ndarray:
    """As `times_ms`, in s: 0.0041 for the 41st of 0.1 ms; 4.1 / 1000 is not that number."""
    return _times(steps, step_ms(dt) / 1000)


def _times(steps: np.ndarray, step: Fraction, out: np.ndarray | None = None) -> np.ndarray:
    if max(step.numerator, step.denominator) > 2**53:  # no ratio of whole floats
        return np.multiply(steps, float(step), out=out)
    product = np.multiply(steps, float(step.numerator), out=out)
    return np.divide(product, float(step.denominator), out=out)


def seconds(times: np.ndarray, dt: float) -> np.ndarray:
    """Times of steps, ms, in s, as `times_s` gives them; of others, rounded once more."""
    found, step = np.empty_like(times), float(step_ms(dt))
    with np.errstate(all="ignore"):  # a file may claim any step
        for start in range(0, len(times), BLOCK):
            some = slice(start, start + BLOCK)
            steps = times[some] / step
            nearest = np.rint(steps)
            found[some] = times_s(nearest, dt)
            off = ~(np.abs(steps - nearest) <= ROUNDINGS * np.abs(nearest))
            if off.any():
                found[some][off] = times[some][off] / 1e3
    return found


def steps_of(times: np.ndarray, dt: float) -> np.ndarray:
    """The steps of times, ms."""
    return np.rint(times / float(step_ms(dt))).astype(np.int64)
