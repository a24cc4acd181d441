"""A hint to the processor: these data will be wanted soon.

Rows of synapses lie scattered over memory; with the hint, the waits for several overlap.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic

from eventsnn.core.inline import inlined


def prefetch(a: Any, index: Any) -> None:
    """Ask for ``a[index]``, of an array of one axis; changes nothing, whatever `index` is."""


@intrinsic
def _prefetch(typing_context, a, index):
    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(
            get_item_pointer(context, builder, signature.args[0], array, [arguments[1]],
                             wraparound=False), ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer.type], ir.FunctionType(
                ir.VoidType(), [pointer.type, word, word, word]))
        builder.call(hint, [pointer, word(0), word(3), word(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.none(a, types.uintp), generate


@inlined(prefetch)
def _overload(a, index):
    return lambda a, index: _prefetch(a, index)
