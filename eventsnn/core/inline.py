"""Functions that loops inline, on any device.

Numba would optimise each helper of a loop, make machine code of it and wrappers to call it from
Python and C. Of what is only ever inlined nobody calls that: here a helper ends as LLVM's language,
and is optimised within its loop. The loop comes out the same, in two thirds of the time.
"""

from collections.abc import Callable
from typing import Any

from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering
from numba.extending import overload


class _Library(JITCodeLibrary):
    """Code that is linked into that of others, and not run by itself."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    """The last pass of a helper."""

    _name = "lowering_to_be_inlined"

    def run_pass(self, state: Any) -> bool:
        library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library, state.flags.no_compile = library, True
        super().run_pass(state)
        made = state["cr"]
        # Numba finds the code to inline by a function object, here one that cannot be called.
        key = make_function(made.fndesc.lookup_module(), made.fndesc.unique_name, "inlined", 0,
                            made.env, (library,))
        state.targetctx.insert_user_function(key, made.fndesc, [library])
        state["cr"] = made._replace(cfunc=key)
        return True


class _Compiler(CompilerBase):
    def define_pipelines(self) -> list[PassManager]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(_Lowering if one is NativeLowering else one, what)
                         for one, what in passes.passes]
        passes.finalize()
        return [passes]


_ANYWHERE: Any = {"forceinline": True}  # or loops would not vectorise
_HERE: Any = _ANYWHERE | {
    "pipeline_class": _Compiler, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}


def inlined(function: Callable, strict: bool = True) -> Callable:
    """As `numba.extending.overload`: register how loops inline `function`.

    What is decorated gets the types of the arguments and returns the function to compile for them.
    `strict` asks that both have the arguments of `function`.
    """
    def register(chosen: Callable) -> Callable:
        overload(function, target="generic", jit_options=_ANYWHERE, strict=strict)(chosen)
        overload(function, target="cpu", jit_options=_HERE, strict=strict)(chosen)
        return chosen

    return register
