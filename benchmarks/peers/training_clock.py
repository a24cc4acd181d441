"""Times and memory of steps of training, in a process of their own."""

import json
import statistics
import sys
import time


def _status(name):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(name))


def measure(step, seconds=6.0, least=3):
    """Run ``step() -> loss`` again and again; print the median time, peak memory, first loss."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak begins anew
    before = _status("VmRSS")
    loss = step()
    extra = _status("VmHWM") - before
    times, began = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"ms": round(1e3 * statistics.median(times), 2), "loss": round(loss, 6),
                      "peak_extra_mb": round(extra, 1), "steps": len(times)}))
    sys.stdout.flush()
