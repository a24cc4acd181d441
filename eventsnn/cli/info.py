"""``eventsnn info``: what a file is, and what is in it."""

import argparse
import pathlib
from typing import Any

from eventsnn.cli.options import add_json
from eventsnn.cli.table import print_columns, print_json, print_rows

VERSION = "_version"
MOST_LETTERS = 90  # of a value in the table
SORTED = {"by_time": "by time", "by_id": "by neuron", "none": "not said"}


def add(commands: Any) -> None:
    """Add the command's arguments."""
    info = commands.add_parser(
        "info", help="what a file is and what is in it", allow_abbrev=False,
        description="Say what a file is and what is in it: a SONATA recording of spikes or report "
        "of traces, what a run left in FILE.h5.parts, an NWB file, or a trained model.")
    info.add_argument("file", type=pathlib.Path, metavar="FILE", help="any of these files")
    add_json(info)
    info.set_defaults(command=_info)


def _info(options: argparse.Namespace) -> None:
    from eventsnn.interop import kind_of

    path = options.file
    left = not path.exists() and path.with_name(path.name + ".parts").is_dir()
    kind = "parts" if left else kind_of(path)
    title, rows, head, lines, facts = KINDS[kind](path)
    n_bytes = facts.pop("bytes") if "bytes" in facts else path.stat().st_size
    if options.json:
        print_json({"file": str(path), "kind": kind, "bytes": n_bytes, **facts})
        return
    print_rows([("file", f"{path}, {_size(n_bytes)}"), ("what", title), *rows])
    if lines:
        print()
        print_columns(head, lines)


# Each of these gives what the file is, rows of the table, the head and the lines of the table
# beneath it, and the facts for JSON.
Found = tuple[str, list[tuple[str, str]], list[str], list[list[str]], dict[str, Any]]


def _recording(path: pathlib.Path) -> Found:
    from eventsnn.record import Recording

    with Recording(path) as recording:
        populations = {
            name: {"neurons": recording.size(name), "spikes": recording.count(name),
                   "sorting": recording.sorting(name)}
            for name in recording.populations}
        duration, dt = recording.duration, recording.dt
        about, stated = recording.provenance, recording.stated_duration is not None
    title = "a SONATA recording of spikes"
    rows = [("duration", f"{duration:g} s" + ("" if stated else ", the time of the last spike"))]
    if dt is not None:
        rows.append(("step", f"{dt:g} s"))
    if about:
        rows += _origin(about)
    else:
        rows.append(("origin", "another program; of neurons only those are known that spiked"))
    return _spikes(title, rows, populations, {"duration_s": duration, "dt_s": dt,
                                              "provenance": about})


def _spikes(title: str, rows: list[tuple[str, str]], populations: dict[str, dict[str, Any]],
            facts: dict[str, Any]) -> Found:
    total = {key: sum(p[key] for p in populations.values()) for key in ("neurons", "spikes")}
    lines = [[name, f"{p['neurons']:,}", f"{p['spikes']:,}",
              *([SORTED[p["sorting"]]] if "sorting" in p else [])]
             for name, p in populations.items()]
    head = ["population", "neurons", "spikes", "sorted"]
    if len(lines) > 1:
        lines.append(["all", f"{total['neurons']:,}", f"{total['spikes']:,}",
                      *[""] * (len(lines[0]) - 3)])
    return title, rows, head[:len(lines[0])] if lines else head, lines, {
        **total, "populations": populations, **facts}


def _origin(about: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of provenance: versions on one, and what the caller kept beside the spikes."""
    versions = [f"{key.removesuffix(VERSION)} {value}" for key, value in about.items()
                if key.endswith(VERSION)]
    rows = [("written by", ", ".join([*versions, *([str(about["platform"])]
                                                   if "platform" in about else [])]))]
    known = {"platform", "dt", "populations"}  # the file says the last two itself
    return rows + [(key, _short(value)) for key, value in about.items()
                   if not key.endswith(VERSION) and key not in known]


def _short(value: Any) -> str:
    """A value as a line of the table has room for it."""
    text = str(value)
    if len(text) <= MOST_LETTERS:
        return text
    what = ", ".join(map(str, value)) if isinstance(value, dict) else f"{text[:40]} ..."
    return f"{what if len(what) <= MOST_LETTERS else 'much'} (--json prints it all)"


def _parts(path: pathlib.Path) -> Found:
    from eventsnn.record import survey

    found = survey(path)
    file = found.folder.with_name(found.folder.name.removesuffix(".parts"))
    populations = {name: {"neurons": n, "spikes": found.counts[name]}
                   for name, n in found.populations.items()}
    remedy = f"eventsnn repair {file}"
    rows = [("state", {"complete": "the run came to its end",
                       "broken off": "the run broke off",
                       "being written": "a run is writing it now"}[found.state]),
            ("parts", f"{found.n_parts:,}"),
            *((variable, ", ".join(f"{n:,} samples of {name}" for name, n in samples.items())
               or "no samples") for variable, samples in found.samples.items()),
            ("complete until", f"{found.until:g} s"),
            ("step", f"{found.dt:g} s"), *_origin(found.provenance)]
    whole = found.state == "complete" and file.exists()
    if found.damaged:
        rows.insert(1, ("damaged", f"{found.damaged} lines of the manifest"))
    if whole:
        rows.insert(1, ("view", f"{file} shows them as one file"))
    elif found.state != "being written":
        rows.append(("remedy", f"{remedy} makes the recording of them"))
    return _spikes("parts of a SONATA recording", rows, populations, {
        "bytes": found.n_bytes, "state": found.state, "parts": found.n_parts,
        "samples": found.samples, "until_s": found.until, "damaged_lines": found.damaged,
        "dt_s": found.dt,
        "provenance": found.provenance,
        "remedy": None if whole or found.state == "being written" else remedy})


def _report(path: pathlib.Path) -> Found:
    from eventsnn.record import Report

    populations: dict[str, dict[str, Any]] = {}
    with Report(path) as report:
        for name in report.populations:
            times, ids = report.times(name), report.ids(name)
            populations[name] = {
                "neurons": len(set(ids.tolist())), "values": ids.size, "samples": times.size,
                "interval_s": report.interval(name), "unit": report.units(name),
                "t_start_s": float(times[0]) if times.size else None,
                "t_stop_s": float(times[-1]) if times.size else None}
        variable, about = report.variable, report.provenance
    lines = [[name, f"{p['neurons']:,}", f"{p['values']:,}", f"{p['samples']:,}",
              f"{p['interval_s']:g} s", f"{p['t_start_s']:g} to {p['t_stop_s']:g} s"
              if p["samples"] else "none", str(p["unit"])] for name, p in populations.items()]
    rows = [("variable", variable or "not said"), *(_origin(about) if about else [])]
    return ("a SONATA report of traces", rows,
            ["population", "neurons", "values", "samples", "interval", "time", "unit"], lines,
            {"variable": variable, "populations": populations, "provenance": about})


def _nwb(path: pathlib.Path) -> Found:
    from eventsnn.interop import open_spikes

    with open_spikes(path) as session:
        populations = {name: {"neurons": session.size(name), "spikes": session.count(name)}
                       for name in session.populations}
        duration = session.duration
    return _spikes("an NWB file with spikes of units", [("duration", f"{duration:g} s")],
                   populations, {"duration_s": duration})


def _model(path: pathlib.Path) -> Found:
    from eventsnn.train import checkpoint, model

    _, saved = checkpoint.read(path, (checkpoint.FORM, checkpoint.MODEL))
    weights = {name: list(w.shape) for name, w in saved["weights"].items()}
    n = sum(w.size for w in saved["weights"].values())
    rows = [(key, str(value)) for key, value in saved["attributes"].items()]
    facts = {"attributes": saved["attributes"], "weights": weights, "parameters": n,
             "optimiser_state": "optimiser_state" in saved}
    if "structure" in saved:
        layers = model.outline(saved["structure"])
        written = str(saved["structure"].get("eventsnn_version"))
        rows = [("written by", f"eventsnn {written}"), ("layers", _short(layers)), *rows]
        facts |= {"layers": layers, "eventsnn_version": written}
    else:
        rows.append(("optimiser state", "kept" if facts["optimiser_state"] else "none"))
    rows.append(("weights", f"{n:,}"))
    lines = [[name, " x ".join(map(str, w.shape)) or "1", str(w.dtype)]
             for name, w in saved["weights"].items()]
    return ("a model of eventsnn", rows, ["weight", "shape", "dtype"], lines, facts)


def _size(n: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            return f"{n:,} bytes" if unit == "bytes" else f"{n:.3g} {unit}"
        n = n / 1000  # type: ignore[assignment]
    raise AssertionError


KINDS = {"recording": _recording, "parts": _parts, "report": _report, "nwb": _nwb,
         "model": _model}
