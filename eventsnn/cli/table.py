"""Results as a table to read, or as one line of JSON."""

import argparse
import json
from typing import Any

LABELS = {  # key -> what the table says, and how the number is shown
    "network": ("network", "{}"), "neurons": ("neurons", "{:,}"), "seed": ("seed", "{}"),
    "dt_s": ("step", "{:g} s"), "threads": ("threads", "{}"), "synapses": ("synapses", "{:,}"),
    "seconds": ("model time", "{:g} s"), "spikes": ("spikes", "{:,}"),
    "rate_hz": ("mean rate", "{:.2f} Hz"),
    "cv_isi": ("mean CV of intervals", "{:.3f}"), "build_s": ("build", "{:.2f} s"),
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
        print(json.dumps(summary))
        return
    width = max(len(LABELS[key][0]) for key in summary)
    for key, value in summary.items():
        label, form = LABELS[key]
        print(f"{label:<{width}}  {'undefined' if value is None else form.format(value)}")
