"""Results as a table to read, or as one line of JSON."""

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

LABELS = {  # key -> what the table says, and how the number is shown
    "network": ("network", "{}"), "parameters": ("parameter {}", "{}"),
    "neurons": ("neurons", "{:,}"), "seed": ("seed", "{}"),
    "dt_s": ("step", "{:g} s"), "threads": ("threads", "{}"), "synapses": ("synapses", "{:,}"),
    "seconds": ("model time", "{:g} s"), "spikes": ("spikes", "{:,}"),
    "rate_hz": ("mean rate", "{:.2f} Hz"),
    "cv_isi": ("mean CV of intervals", "{:.3f}"),
    "rates_hz": ("mean rate of {}", "{:.2f} Hz"), "cvs_isi": ("mean CV of {}", "{:.3f}"),
    "build_s": ("build", "{:.2f} s"),
    "compile_s": ("compile", "{:.2f} s"), "sim_s": ("run", "{:.2f} s"),
    "real_time_factor": ("real-time factor (run / model)", "{:.4f}"),
    "synaptic_events_per_s": ("synaptic events a second", "{:.3g}"),
    "bytes_per_synapse": ("bytes a synapse", "{:.2f}"), "peak_rss_mb": ("peak memory", "{:.0f} MB"),
    "accuracy": ("accuracy", "{:.4f}"), "images": ("images", "{:,}"),
    "loss": ("training loss", "{:.4f}"),
    "training_accuracy": ("training accuracy", "{:.4f}"), "epochs": ("epochs", "{}"),
    "train_s": ("training", "{:.1f} s"), "model": ("model", "{}"),
}


def report(summary: dict[str, Any], options: argparse.Namespace) -> None:
    """Print results: a row each, or one line of JSON."""
    if options.json:
        print_json(summary)
        return
    print_rows(row for key, value in summary.items() for row in _rows(*LABELS[key], value))


def _rows(label: str, form: str, value: Any) -> Iterable[tuple[str, str]]:
    """One row; of a dictionary, one for each of its entries; of parameters, for those given."""
    if isinstance(value, dict):
        return [(label.format(name), shown(part, form)) for name, part in value.items()
                if part is not None or label != LABELS["parameters"][0]]
    return [(label, shown(value, form))]


def shown(value: Any, form: str = "{}") -> str:
    """A value in its form; `undefined` for None and NaN."""
    return "undefined" if _plain(value) is None else form.format(value)


def print_json(value: Any) -> None:
    """Print one line of JSON; null for NaN, which JSON has not."""
    print(json.dumps(_plain(value), allow_nan=False))


def print_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print labels and values, each in its column."""
    rows = list(rows)
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        print(f"{label:<{width}}  {value}")


def print_columns(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    table = [head, *lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        cells = [f"{first:<{widths[0]}}", *(f"{o:>{w}}" for o, w in zip(others, widths[1:]))]
        print("  ".join(cells).rstrip())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
