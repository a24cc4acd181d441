"""Networks on a device, by the compiled kernels: the spikes and states of the CPU."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eventsnn.cli import cuda_parity
from eventsnn.connect import blocks
from eventsnn.core import cuda as device
from eventsnn.engine.cuda import delivery
from eventsnn.engine.cuda.drives import divided
from eventsnn.simulate import Network
from tests.cuda import census
from tests.cuda.interpreted import Interpreter
from tests.cuda.networks import (
    DRIVES, DT, assert_same, drawn, drawn_of_whole_numbers, driven, in_plain_python, learning,
    learning_between, lif, mixed, outcome, pulses, random_thresholds, several_groups, tiring,
)
from tests.cuda.ptx import ARCHITECTURES, assemble, compile_ptx
from tests.cuda.test_compiled import EXCEPTIONS

MOST, MOST_OF_FLOAT64 = 64, 80  # registers; with 80 a processor has still 24 warps to run
MOST_OF_ROWS = EXCEPTIONS["eventsnn.engine.cuda.delivery._in_order"][0]


@pytest.mark.parametrize("make, n_steps", [
    (mixed, 26), (several_groups, 30), (driven, 20), (random_thresholds, 20)])
def test_network__compiled_without_fma__is_that_of_cpu_bit_for_bit(make, n_steps, monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(fma=False, seed=3))
    with in_plain_python(monkeypatch):
        assert_same(make, n_steps, least=5, runs=2)


SYNAPSES = [tiring, drawn, drawn_of_whole_numbers, learning]


@pytest.mark.parametrize("make", SYNAPSES)
@pytest.mark.parametrize("size", [8192, 16], ids=["one_block", "blocks"])
def test_synapses__compiled_without_fma__are_those_of_cpu_bit_for_bit(make, size, monkeypatch):
    monkeypatch.setattr(blocks, "size", lambda n: min(n, size))
    monkeypatch.setattr(device, "backend", Interpreter(fma=False, seed=3))
    with in_plain_python(monkeypatch):
        assert_same(make, 26, least=50, runs=3)


def test_procedural__compiled_is_the_stored_network(monkeypatch):
    stored = outcome(lambda net: drawn(net, procedural=False), 20, "cpu")
    monkeypatch.setattr(device, "backend", Interpreter(fma=False, seed=3))
    cuda = outcome(drawn, 20, "cuda")

    assert stored[2] == cuda[2] and cuda[2][1] > 100
    for ours, theirs in zip(stored[0], cuda[0], strict=True):
        assert_array_equal(ours, theirs)
    for ours, theirs in zip(stored[1], cuda[1], strict=True):
        assert_array_equal(ours["state/v"], theirs["state/v"])


def test_rows__drawn_a_few_at_once_are_those_of_cpu(monkeypatch):
    monkeypatch.setattr(delivery, "DRAWN", 100)  # two rows of 40
    monkeypatch.setattr(device, "backend", Interpreter(fma=False, seed=3))
    with in_plain_python(monkeypatch):
        assert_same(drawn_of_whole_numbers, 15, least=50)


@pytest.mark.parametrize("delivery", ["ordered", "atomic"])
@pytest.mark.parametrize("make", [mixed, several_groups, tiring, drawn, learning,
                                  learning_between])
def test_network__compiled_with_fma__is_that_of_cpu_to_rounding(make, delivery, monkeypatch):
    n_steps = 12  # before rounding can move a spike
    monkeypatch.setattr(device, "backend", Interpreter(fma=True, seed=3))
    with in_plain_python(monkeypatch):
        cpu, cuda = outcome(make, n_steps, "cpu"), outcome(make, n_steps, "cuda", delivery=delivery)

    assert cpu[2] == cuda[2] and cpu[2][1] > 20
    for one, other in zip(cpu[1], cuda[1], strict=True):
        for name in one:
            assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-5)


def test_check_cuda__compares_synapses_of_all_kinds(monkeypatch):
    monkeypatch.setattr(device, "backend", Interpreter(fma=True, seed=3))
    with in_plain_python(monkeypatch):
        [found] = cuda_parity.compared("synapses")

    assert found.agrees and found.flipped == 0
    ran = {name.rpartition(".")[2] for name, _ in device.backend.launched}
    assert ran >= {"_in_order", "_release", "_note", "_settle", "_forget"}


@pytest.mark.parametrize("every", [2, 7, 1000, 2**32 - 1, 2**32, 2**40 + 3])
def test_divided__equals_whole_division(every):
    for now in (0, 1, every - 1, every, 2**32 - 1, 2**32, 2**32 + 6, 2**47 + 123_456_789):
        found = divided(np.uint64(now), np.uint64(every))
        assert (int(found), type(found)) == (now // every, np.uint64)


def faults(launched, cc=(9, 0), most=MOST):
    """What is wrong with kernels, by name."""
    found = {}
    for (name, types), function in launched.items():
        text, short = compile_ptx(function, types, cc=cc), name.rpartition(".")[2]
        usage = assemble(text, cc)
        wrong = {"float64": ".f64" in text, "call": re.search(r"\bcall\b", text),
                 "spill": usage.spill or usage.stack, "registers": usage.registers > most,
                 "division": re.search(r"\b(div|rem)\.[su]64", text)}
        # of one kernel there may be several forms
        found[short] = sorted({*found.get(short, ()), *(f for f, is_so in wrong.items() if is_so)})
    return found


def launched_by(make, **options):
    """The network's own kernels."""
    with census.recorded() as launched:
        net = Network(DT, device="cuda", **options)
        make(net)
        net.run(4 * DT, progress=False)
    return {key: function for key, function in launched.items()
            if key[0].startswith("eventsnn.engine")}


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("delivery, kernel", [("ordered", "_in_order"), ("atomic", "_atomic")])
def test_network__compiles_to_registers(delivery, kernel, cc):
    launched = launched_by(several_groups, delivery=delivery)

    assert faults(launched, cc) == {name: [] for name in (
        "_update", "_count", "_sum", "_write", "_list_items", kernel)}


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("delivery, kernel", [("ordered", "_in_order"), ("atomic", "_atomic")])
def test_synapses_that_tire__compile_to_registers(delivery, kernel, cc):
    found = faults(launched_by(tiring, delivery=delivery), cc)

    assert {name: found[name] for name in ("_release", kernel)} == {"_release": [], kernel: []}


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
@pytest.mark.parametrize("delivery", ["ordered", "atomic"])
def test_rows_of_whole_numbers__are_drawn_in_registers(delivery, cc):
    found = faults(launched_by(drawn_of_whole_numbers, delivery=delivery), cc)

    assert found["_in_order"] == []


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
def test_rows__are_drawn_without_spills(cc):
    """Distances and distributions are float64, as on the CPU."""
    found = faults(launched_by(drawn), cc, MOST_OF_ROWS)

    assert found["_in_order"] == ["float64"] and found["_release"] == []


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
def test_synapses_that_learn__compile_without_spills(cc):
    found = faults(launched_by(learning), cc, MOST_OF_ROWS)

    assert {name: found[name] for name in ("_note", "_in_order", "_release")} == {
        "_note": [], "_in_order": [], "_release": []}


@pytest.mark.parametrize("cc", ARCHITECTURES, ids=str)
def test_settling__compiles_to_registers(cc):
    def make(net):
        learning(net)
        net.build()
        net._simulation.settle(0)

    found = faults(launched_by(make), cc)

    assert {name: found[name] for name in ("_settle", "_forget")} == {"_settle": [], "_forget": []}


@pytest.mark.parametrize("kind", DRIVES)
def test_drive__compiles_to_registers(kind):
    def make(net):
        cells = lif(net)
        DRIVES[kind](net, cells)
        pulses(net, cells, 1.0)

    # means neuron by neuron are float64, as on the CPU; nothing else is
    by_neuron = kind in ("poisson_by_neuron", "poisson_of_many_by_neuron", "poisson_of_both_kinds")
    found = faults(launched_by(make), most=MOST_OF_FLOAT64 if by_neuron else MOST)
    assert found["_update"] == (["float64"] if by_neuron else [])


def test_all_drives__compile_without_spills():
    assert faults(launched_by(driven), most=MOST_OF_FLOAT64)["_update"] == ["float64"]
