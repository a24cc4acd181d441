"""How long a process takes to get going: with an empty cache of kernels, and with a full one.

    python benchmarks/bench_start.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from harness import row

TRAINING = """
import numpy as np
from eventsnn.layers import LIF, Tape
lif, tape = LIF(), Tape()
z, s = lif(np.ones((10, 4, 8), np.float32), tape=tape)
lif.backward(z, tape)
"""
CUBA = """
from eventsnn.cli import main
main(["simulate", "cuba", "--seconds", "0.01", "--quiet", "--json"])
"""


def seconds(code, environment):
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def main():
    for case, code in (("import, first forward and backward", TRAINING),
                       ("simulate cuba, 0.01 s of model time", CUBA)):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            first = seconds(code, environment)
            later = [seconds(code, environment) for _ in range(5)]
        row(case, first_process_s=round(first, 2),
            later_process_s=round(statistics.median(later), 2))


if __name__ == "__main__":
    main()
