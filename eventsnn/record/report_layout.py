"""The layout of a SONATA report: variables of neurons, sampled at an interval.

============================================  ====================================================
``/report/<population>/data``                 (T, k) float32, one row a sample, attribute ``units``
``.../mapping/node_ids``                      (n,) uint64, ascending
``.../mapping/index_pointers``                (n + 1,) uint64: where each neuron's columns start
``.../mapping/index_pointer``                 the same by its older name, which bmtk reads
``.../mapping/element_ids``                   (k,) uint32: of a synapse its source, else 0
``.../mapping/element_pos``                   (k,) float32: 0.5; bmtk wants it
``.../mapping/time``                          start, stop, interval, float64, ms
============================================  ====================================================

One file a variable, in the form that libsonata, bluepysnap and bmtk all read. The first sample lies
at the start, the stop behind the last one by an interval. eventsnn adds the attribute ``variable``
at the root, and ``size``, the number of neurons of the population, and what is at the root of all
its files (`eventsnn.record.sonata`).

References
----------
.. [1] Dai et al., "The SONATA data format for efficient description of large-scale network models",
   PLoS Comput. Biol. 16, e1007696 (2020).
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eventsnn.record.layout import Layout, Plan, attribute, virtual
from eventsnn.record.sampling import Axis
from eventsnn.record.sonata import times_ms

DATA = np.dtype("<f4")
MAPPING: dict[str, np.dtype] = {
    "node_ids": np.dtype("<u8"), "index_pointers": np.dtype("<u8"), "element_ids": np.dtype("<u4"),
    "element_pos": np.dtype("<f4")}


class Rows(NamedTuple):
    """Samples of a population: how many, and the step of the first."""

    n: int
    first: int


def path_of(recording: str | os.PathLike, variable: str) -> pathlib.Path:
    """Where a variable goes: ``run.v.h5`` beside ``run.h5``."""
    path = pathlib.Path(recording)
    return path.with_name(f"{path.stem}.{variable}{path.suffix}")


def data_of(population: str) -> str:
    """The name of the samples in a file."""
    return f"/report/{population}/data"


def layout(variable: str, axes: Mapping[str, Axis], sizes: Mapping[str, int],
           rows: Mapping[str, Rows], dt: float, about: str, sealed: bool = False,
           sources: Mapping[str, Sequence[tuple[str | None, int]]] | None = None,
           parts: str | None = None) -> Layout:
    """The layout of a file with samples of each population in `axes`.

    With `sources`, names of files and their rows by population, the samples are virtual, made of
    theirs; `parts` is the folder that they lie in.
    """
    plan = Plan(about, sealed)
    attribute(plan.file, "variable", np.bytes_(variable.encode()))
    if parts is not None:
        attribute(plan.file, "parts", np.bytes_(parts.encode()))
    for name, axis in axes.items():
        group, shape = plan.file.create_group(f"report/{name}"), (rows[name].n, axis.n_values)
        if name in sizes:  # the values of a projection are of no one population
            attribute(group, "size", np.uint64(sizes[name]))
        if sources is None:
            plan.reserve(group, "data", shape, DATA)
        else:
            virtual(group, "data", shape, DATA, sources[name])
        attribute(group["data"], "units", np.bytes_(axis.units.encode()))
        mapping = group.create_group("mapping")
        for column, values in mapping_of(axis).items():
            plan.reserve(mapping, column, values.shape, MAPPING[column])
        attribute(mapping["node_ids"], "sorted", np.uint8(1))
        mapping["index_pointer"] = mapping["index_pointers"]  # a hard link
        first, stop = rows[name].first, rows[name].first + axis.every * rows[name].n
        mapping["time"] = times_ms(np.array([first, stop, axis.every]), dt)
        attribute(mapping["time"], "units", np.bytes_("ms"))
    return plan.layout()


def mapping_of(axis: Axis) -> dict[str, np.ndarray]:
    """Which value belongs to what, column by column."""
    return {"node_ids": axis.ids, "index_pointers": axis.pointers, "element_ids": axis.elements,
            "element_pos": np.full(axis.n_values, 0.5)}


def by_name(axes: Mapping[str, Axis]) -> dict[str, np.ndarray]:
    """The columns of the mappings by their names in the file."""
    return {f"/report/{name}/mapping/{column}": values for name, axis in axes.items()
            for column, values in mapping_of(axis).items()}


def samples_layout(axes: Mapping[str, Axis], rows: Mapping[str, Rows], about: str) -> Layout:
    """The layout of a part: samples alone."""
    plan = Plan(about, sealed=False)
    for name, (n, _) in rows.items():
        plan.reserve(plan.file.create_group(f"report/{name}"), "data", (n, axes[name].n_values),
                     DATA)
    return plan.layout()
