"""All kernels compiled for three generations of devices: what they need, and what is not in them.

A kernel in float32 has no float64, calls nothing, and keeps its numbers in registers. Those of each
model are looked at in tests/cuda/test_layers_compiled.py, which has them compiled.
"""

import ctypes
import functools
import re
import types

import numba
import numpy as np
import pytest
from numba import cuda

import eventsnn
from eventsnn import layers, train
from eventsnn.core import cuda as device
from eventsnn.core.fields import define
from eventsnn.neurons import LIFParameters
from eventsnn.surrogates import SURROGATES
from tests.cuda import census
from tests.cuda.ptx import ARCHITECTURES, argument_types, assemble, compile_ptx
from tests.layers_under_test import example, public

MOST_REGISTERS = 64
# Of some models more, and why that is well: what counts is how many threads a multiprocessor, with
# 65,536 registers, holds at once.
EXCEPTIONS = {
    "eventsnn.engine.cuda.recurrent._forward": (
        96, "adds four rows of weights at once, whose addresses it holds: 2 blocks of 256 threads"),
    "eventsnn.engine.cuda.recurrent._backward": (
        96, "with gradients of all parameters each has a pointer and a sum: 2 blocks of 256"),
    "eventsnn.engine.cuda.feedforward._backward": (
        128, "the same; and ptxas unrolls the steps of small models as far as that for sm_100"),
    "eventsnn.engine.cuda.feedforward._forward": (
        80, "with a refractory or an exponential term and nine parameters: 3 blocks of 256"),
    "eventsnn.core.cuda.products.product": (
        96, "16 sums a thread, so that each number read is used for 4: 2 blocks of 256"),
    "eventsnn.connect.cuda.conv._input_bar": (
        96, "two windows with four sizes each: 2 blocks of 256"),
    "eventsnn.engine.cuda.exact_lif._forward": (
        80, "float64, of two registers each: 3 blocks of 256"),
    "eventsnn.engine.cuda.exact_lif._backward": (80, "as that: 3 blocks of 256"),
    "eventsnn.engine.cuda.delivery._in_order": (
        112, "where it draws rows by distance, and weights, in float64: 2 blocks of 256"),
    "eventsnn.connect.cuda.pooling._max_pool": (80, "as a convolution: 3 blocks of 256"),
    "eventsnn.connect.cuda.pooling._max_pool_bar": (80, "as a convolution: 3 blocks of 256"),
}


def faults(name, function, types, cc):
    """What is wrong with a kernel."""
    text = compile_ptx(function, types, cc=cc)
    usage = assemble(text, cc)
    found = []
    if f".target sm_{cc[0]}{cc[1]}" not in text:
        found.append("it is for another device")
    if ".f64" in text and not any("float64" in str(t) for t in types):
        found.append("it has float64")
    if re.search(r"\bcall\b", text):
        found.append("it calls a function")
    if re.search(r"\b(div|rem)\.[su]64", text):
        found.append("it divides in 64 bits")
    if usage.spill or usage.stack:
        found.append(f"it has {usage.spill} bytes of spilled registers, {usage.stack} of stack")
    most, _ = EXCEPTIONS.get(name, (MOST_REGISTERS, ""))
    if usage.registers > most:
        found.append(f"it takes {usage.registers} registers")
    return found


def all_faults(launched, cc, only=""):
    return {name: bad for (name, types), function in launched.items() if name.startswith(only)
            if (bad := faults(name, function, types, cc))}


@pytest.mark.parametrize("cls", SURROGATES, ids=[cls.__name__ for cls in SURROGATES])
def test_surrogates__compile_to_registers(cls):
    with census.recorded() as launched:
        census.passes(census.sequence(LIFParameters(), cls()), np.ones((4, 3), np.float32))

    assert {name.rpartition(".")[2] for name, _ in launched} >= {"_forward", "_backward"}
    for cc in ARCHITECTURES:
        assert all_faults(launched, cc, only="eventsnn.engine") == {}, cc


@pytest.mark.parametrize("plant, found", [
    ("x[i] = x[i] * 0.1", "float64"),
    ("x[i] = x[u64(x.shape[0]) // (i + one)]", "divides"),
    ("a[i & most] = x[i]; x[i] = a[(i * i) & most]", "stack"),
])
def test_faults__finds_what_is_planted(plant, found):
    function = define("x", "a = cuda.local.array(99, f32)", "i = u64(cuda.grid(1))", plant,
                      cuda=cuda, u64=np.uint64, one=np.uint64(1), most=np.uint64(63),
                      f32=numba.float32)

    assert any(found in fault
               for fault in faults("planted", function, argument_types(np.zeros(4, "f4")), (9, 0)))


def test_none__is_passed_to_a_kernel_as_a_null_pointer():
    """The way numba-cuda prepares the arguments of a launch, for which it asks no device."""
    from numba.cuda.dispatcher import _Kernel

    dispatcher = device.Kernel(lambda a, b, c: None).compiled()
    arguments = None, (None, np.uint64(3), (None,)), np.float32(2)
    ready = types.SimpleNamespace(extensions=dispatcher.extensions)
    ready._prepare_args = functools.partial(_Kernel._prepare_args, ready)

    passed = []
    for value in arguments:
        ready._prepare_args(dispatcher.typeof_pyval(value), value, None, [], passed)

    assert [(type(one), one.value) for one in passed] == [
        (ctypes.c_uint64, 0), (ctypes.c_uint64, 0), (ctypes.c_uint64, 3), (ctypes.c_uint64, 0),
        (ctypes.c_float, 2.0)]


def of_layers():
    """All that the public layers and the optimisers launch but for the loops of neurons."""
    with census.recorded() as launched:
        for cls in public():
            if not issubclass(cls, (layers.Sequence, layers.RecurrentSequence,
                                    layers.EventPropLIF)):  # the last looks at its results
                layer, x = example(cls)
                census.passes(layer, x)
        for optimiser in (train.SGD(0.1, momentum=0.5), train.Adam(), train.AdamW(),
                          train.RMSprop(momentum=0.5), train.RMSprop()):
            weights = eventsnn.to({"w": np.ones((3, 2), np.float32)}, "cuda")
            optimiser.update(weights, weights, optimiser.init(weights))
    return {key: function for key, function in launched.items()
            if not key[0].startswith(("eventsnn.engine.cuda.feedforward",
                                      "eventsnn.engine.cuda.recurrent"))}


def test_kernels_of_layers__compile_to_registers():
    launched = of_layers()

    assert len({name for name, _ in launched}) > 30
    for cc in ARCHITECTURES:
        assert all_faults(launched, cc) == {}, cc
