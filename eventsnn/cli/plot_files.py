"""Pictures of other files than spikes: ``eventsnn plot traces``, ``weights`` and ``training``."""

import argparse
import csv
import math
import pathlib
from typing import Any, NamedTuple

from eventsnn.cli.options import add_picture, check_out

MOST_TRACES = 5


def add(kinds: Any) -> None:
    """Add the kinds of pictures."""
    traces = kinds.add_parser(
        "traces", help="recorded variables over time", allow_abbrev=False,
        description="Draw recorded variables of single neurons over time, a panel each.")
    traces.add_argument("file", type=pathlib.Path, nargs="+", metavar="FILE",
                        help="SONATA reports of one run, such as run.v.h5")
    add_picture(traces)
    traces.add_argument("--from", dest="t_start", type=float, metavar="S",
                        help="from this time on, s (the first)")
    traces.add_argument("--to", dest="t_stop", type=float, metavar="S",
                        help="before this time, s (all to the last)")
    traces.add_argument("--population", metavar="NAME", help="which, if there are several")
    traces.add_argument("--neurons", type=int, nargs="+", metavar="N",
                        help=f"which ({MOST_TRACES} evenly spaced ones)")
    traces.set_defaults(command=_traces)
    weights = kinds.add_parser(
        "weights", help="a weight matrix, and the distribution of its entries",
        allow_abbrev=False,
        description="Draw a weight matrix and the distribution of its entries.")
    weights.add_argument("file", type=pathlib.Path, metavar="FILE",
                         help="what scipy.sparse.save_npz wrote (.npz), or numpy.save (.npy), or "
                         "the edges of a SONATA network (.h5)")
    add_picture(weights)
    weights.add_argument("--edges", metavar="NAME", help="of SONATA edges, which, if there are "
                         "several")
    weights.add_argument("--rows", choices=("senders", "receivers"), default="senders",
                         help="what a row is in an .npz or .npy file: senders, as Network.connect "
                         "takes them, or receivers, as layers have them (%(default)s)")
    weights.set_defaults(command=_weights)
    training = kinds.add_parser(
        "training", help="loss and accuracy over the epochs of a training", allow_abbrev=False,
        description="Draw loss and accuracy over the epochs of a training.")
    training.add_argument("file", type=pathlib.Path, metavar="LOG.csv",
                          help="a table with a header: loss, accuracy, and perhaps epoch and "
                          "validation")
    add_picture(training)
    training.set_defaults(command=_training)


def _traces(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.plot import traces

    check_out(options)
    for name, value in (("--from", options.t_start), ("--to", options.t_stop)):
        if value is not None:
            check.number(name, value)
    if options.t_start is not None and options.t_stop is not None \
            and not options.t_stop > options.t_start:
        raise check.must("--to", f"be above --from, {options.t_start:g} s",
                         f"{options.t_stop:g} s")
    panels: dict[str, Any] = {}
    times = chosen = None
    for path in options.file:
        label, found, ids, values, total = _variable(path, options)
        if times is not None and (found.shape != times.shape or (found != times).any()
                                  or ids.tolist() != chosen):
            raise check.must(str(path), f"have the times and neurons of {options.file[0]}",
                             "others")
        times, chosen = found, ids.tolist()
        panels[label if label not in panels else f"{label}, {path.name}"] = values
    traces(panels, times, options.out, ids=chosen, max_traces=len(chosen or [0]) or 1,
           total=None if options.neurons else total, overwrite=options.overwrite)


def _variable(path: pathlib.Path, options: argparse.Namespace) -> tuple[str, Any, Any, Any, int]:
    """What the axis is called; times, s, neurons, their values (T, k), and neurons in the file."""
    import numpy as np

    from eventsnn.analyse.sample import evenly_spaced
    from eventsnn.core import check
    from eventsnn.interop import kind_of

    if (kind := kind_of(path)) not in ("report", "parts"):
        raise check.must(str(path), "be a SONATA report", f"a {kind}")
    from eventsnn.record import Report

    with Report(path) as report:
        names = list(report.populations)
        if options.population is None and len(names) != 1:
            raise check.must("--population", f"name one of {', '.join(names)}", "none")
        name = check.names("--population", [
            names[0] if options.population is None else options.population], names)[0]
        known = np.unique(report.ids(name))
        wanted = known[evenly_spaced(known.size, MOST_TRACES)]
        if options.neurons:
            wanted = np.array(options.neurons)
            if (missing := np.setdiff1d(wanted, known)).size:
                raise check.must("--neurons", "be in the report", missing.tolist()[0])
        times, ids, values = report.values(name, options.t_start, options.t_stop, ids=wanted)
        if not len(times):
            raise check.must("--from and --to", "leave a sample", "none")
        unit = report.units(name)
        label = (report.variable or path.stem) + (f" ({unit})" if unit not in ("", "1") else "")
    return label, times, ids, values, known.size


def _weights(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.interop import read_matrix
    from eventsnn.plot import weights

    check_out(options)
    is_network = options.file.suffix.lower() in (".h5", ".hdf5")
    if options.edges is not None and not is_network:
        raise check.must("--edges", "go with a FILE that ends in .h5", options.file)
    if is_network:
        matrix = _edges(options).T
    else:
        matrix = read_matrix(options.file)
        matrix = matrix.T if options.rows == "senders" else matrix
    weights(matrix, options.out, overwrite=options.overwrite)


def _edges(options: argparse.Namespace) -> Any:
    """Weights of SONATA edges, row = sender."""
    from eventsnn.core import check
    from eventsnn.interop import read_sonata_edges

    found = read_sonata_edges(options.file)
    if options.edges is None and len(found) != 1:
        raise check.must("--edges", f"name one of {', '.join(found) or 'no edges'}", "none")
    name = check.names("--edges", [options.edges or next(iter(found))], found)[0]
    matrix, _ = found[name].to_scipy()
    if matrix is None:
        raise check.must(str(options.file), f"have weights (syn_weight) of {name!r}", "none")
    return matrix


class Row(NamedTuple):
    """An epoch of a log."""

    loss: float
    accuracy: float
    validation: float | None


def _training(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.plot import training

    check_out(options)
    rows, epochs = [], []
    with open(options.file, newline="", encoding="utf-8", errors="replace") as file:
        table = csv.DictReader(file, skipinitialspace=True)
        names = table.fieldnames or []
        if missing := {"loss", "accuracy"} - set(names):
            raise check.must(str(options.file), "have a header with loss and accuracy",
                             f"none with {' and '.join(sorted(missing))}")
        for line in table:
            try:
                rows.append(Row(float(line["loss"]), float(line["accuracy"]),
                                _number(line.get("validation"))))
                epochs.append(float(line.get("epoch") or len(rows)))
            except (ValueError, TypeError):
                raise check.must(str(options.file), "have numbers in every line",
                                 f"others in line {table.line_num}") from None
    training(rows, options.out, epochs=epochs, overwrite=options.overwrite)


def _number(text: str | None) -> float | None:
    """A number of a column that may be empty, or not there."""
    if text is None or text.strip().lower() in ("", "none"):
        return None
    value = float(text)
    return None if math.isnan(value) else value
