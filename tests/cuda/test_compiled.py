"""All kernels compiled for three generations of devices: what they need, and what is not in them.

A kernel in float32 has no float64, calls nothing, and keeps its numbers in registers.
"""

import re

import numpy as np
import pytest

from tests.cuda import census
from tests.cuda.ptx import ARCHITECTURES, assemble, compile_ptx
from tests.neuron_contract import PARAMETERS

MOST_REGISTERS = 64


def faults(function, types, cc):
    """What is wrong with a kernel."""
    text = compile_ptx(function, types, cc=cc)
    usage = assemble(text, cc)
    found = []
    if f".target sm_{cc[0]}{cc[1]}" not in text:
        found.append("it is for another device")
    if ".f64" in text:
        found.append("it has float64")
    if re.search(r"\bcall\b", text):
        found.append("it calls a function")
    if usage.spill or usage.stack:
        found.append(f"it has {usage.spill} bytes of spilled registers, {usage.stack} of stack")
    if usage.registers > MOST_REGISTERS:
        found.append(f"it takes {usage.registers} registers")
    return found


def all_faults(launched, cc, only=""):
    return {name: bad for (name, types), function in launched.items() if name.startswith(only)
            if (bad := faults(function, types, cc))}


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("cls", PARAMETERS, ids=[cls.__name__ for cls in PARAMETERS])
def test_neurons__compile_to_registers(cls, cc):
    p, state, x = census.neurons(cls)
    with census.recorded() as launched:
        census.passes(census.sequence(p), x, state)
        census.passes(census.recurrent(p), np.ones((census.T, census.B, 3), np.float32))

    names = {name.rpartition(".")[2] for name, _ in launched if name.startswith("eventsnn.engine")}
    assert names == {"_forward", "_backward"}
    assert all_faults(launched, cc, only="eventsnn.engine") == {}
