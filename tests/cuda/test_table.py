"""The README's table of kernels has all of them, and says of each what is true."""

import importlib
import pkgutil
import re

import numpy as np

import eventsnn
from eventsnn.core import cuda as device
from tests.cuda import table
from tests.cuda.test_compiled import EXCEPTIONS, MOST_REGISTERS

ROW = re.compile(r"^\| `([\w.]+)` \| (\w+) \| (\d+) \| (\w+) \|$", re.M)


def rows():
    text = table.README.read_text().split(table.BEGIN)[1].split(table.END)[0]
    return {f"eventsnn.{name}": (simulated, int(registers), interpreted)
            for name, simulated, registers, interpreted in ROW.findall(text)}


def test_table__has_every_kernel_simulated_compiled_and_interpreted():
    for module in pkgutil.walk_packages(eventsnn.__path__, "eventsnn."):
        if "cuda" in module.name.split("."):
            importlib.import_module(module.name)
    kernels = {name.replace("._", ".") for name in device.KERNELS}

    found = rows()

    assert len(kernels) > 25
    assert kernels - found.keys() == set()
    assert {name: row for name, row in found.items() if (row[0], row[2]) != ("yes", "yes")} == {}


def test_table__has_no_more_registers_than_the_tests_allow():
    most = {name.replace("._", "."): registers for name, (registers, _) in EXCEPTIONS.items()}

    assert {name: row for name, row in rows().items()
            if row[1] > most.get(name, MOST_REGISTERS)} == {}


def test_same__finds_other_numbers():
    a = np.array([1.0, np.inf])

    assert table.same([a], [a.copy()])
    assert not table.same([a * 1.001], [a])
    assert not table.same([np.array([1.0, 1.0])], [a])
    assert not table.same([a], [a, a])
