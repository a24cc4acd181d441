"""Tests in Numba's CUDA simulator, which is chosen at Numba's import: in a process of their own.

They lie in ``tests/cuda/in_simulator`` and are not collected by an ordinary run.
"""

import os
import pathlib
import re
import subprocess
import sys

import pytest

VARIABLE = "NUMBA_ENABLE_CUDASIM"
# Files whose results of the CPU are of its loops in plain Python: to compile them, for each layer
# anew, takes ten times as long as all else. The compiled kernels are held to compiled loops.
PLAIN = ("test_check_cuda", "test_e_prop", "test_encoders", "test_layers", "test_layers_in_parts",
         "test_streams")
FOLDER = pathlib.Path(__file__).parent / "in_simulator"
_ROOT = pathlib.Path(__file__).parents[2]


def run(path: pathlib.Path, *options: str) -> None:
    """Run a file's tests in the simulator; fail, with their output, unless all pass.

    A file that runs no test fails, and so does one that skips any.
    """
    environment = os.environ | {VARIABLE: "1"}
    if path.stem in PLAIN:
        environment["NUMBA_DISABLE_JIT"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", "--color=no",
         *options, str(path)], cwd=_ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    last = done.stdout.strip().rpartition("\n")[2]
    only_passed = re.fullmatch(r"\d+ passed(, \d+ deselected)? in .*", last)
    if done.returncode or not only_passed:
        pytest.fail(f"{path.name} in the simulator (exit status {done.returncode}):\n"
                    f"{done.stdout}", pytrace=False)
