"""Times functions in turn, so that a drift of the machine's speed meets all of them alike."""

import json
import platform
import statistics
import time


def compare(functions, repeats=7):
    """Median time, s, of each named function, over rounds in which each runs once."""
    for function in functions.values():
        function()  # warm-up: compilation, first touch of memory
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def row(case, **figures):
    """Print one JSON line."""
    print(json.dumps({"case": case, "machine": platform.processor() or platform.machine(),
                      "python": platform.python_version(), **figures}))
