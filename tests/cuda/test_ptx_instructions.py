"""Guards, jumps, vectors and accesses of the interpreter, instruction by instruction."""

import numpy as np
import pytest

from tests.cuda import one_instruction
from tests.cuda.ptx import OutOfBounds
from tests.cuda.ptx.parse import parse

NUMBERS = np.arange(-8, 8, dtype=np.int32)


def run(*lines, kind="i4", operands=(NUMBERS,)):
    return one_instruction.run("\n    ".join(lines), kind, *operands).tolist()


@pytest.mark.parametrize("sign", ["", "!"])
def test_guard__lets_some_threads_through(sign):
    found = run("mov.u32 {0}, {1};", "setp.lt.s32 %p1, {1}, 0;",
                f"@{sign}%p1 add.s32 {{0}}, {{0}}, 100;", "add.s32 {0}, {0}, 1;")

    assert found == [x + 1 + 100 * ((x < 0) != (sign == "!")) for x in NUMBERS.tolist()]


def test_registers__with_the_same_value_change_apart():
    found = run("mov.u32 %r5, {1};", "mov.u32 %r6, %r5;", "setp.lt.s32 %p1, {1}, 0;",
                "@%p1 add.s32 %r5, %r5, 100;", "sub.s32 {0}, %r5, %r6;")

    assert found == [100 * (x < 0) for x in NUMBERS.tolist()]


def test_guarded_return__lets_some_threads_leave():
    found = run("mov.u32 {0}, 7;", "setp.lt.s32 %p1, {1}, 0;", "@%p1 ret;")

    assert found == [0 if x < 0 else 7 for x in NUMBERS.tolist()]


def test_jumps__join_and_loop():
    """Each thread doubles 1 as many times as its number says; negative ones jump over it."""
    found = run("mov.u32 {0}, 1;", "mov.u32 %r5, 0;", "setp.lt.s32 %p1, {1}, 1;",
                "@%p1 bra $END;", "$AGAIN:", "shl.b32 {0}, {0}, 1;", "add.s32 %r5, %r5, 1;",
                "setp.lt.s32 %p2, %r5, {1};", "@%p2 bra $AGAIN;", "bra.uni $END;", "$END:")

    assert found == [2**max(x, 0) for x in NUMBERS.tolist()]


def test_comparison__joins_a_predicate_and_gives_the_opposite():
    found = run("setp.gt.s32 %p3, {1}, 5;", "setp.lt.or.s32 %p1|%p2, {1}, -5, %p3;",
                "selp.u32 {0}, 1, 0, %p1;", "selp.u32 %r5, 10, 0, %p2;", "add.u32 {0}, {0}, %r5;")

    assert found == [(x < -5 or x > 5) + 10 * (x >= -5 or x > 5) for x in NUMBERS.tolist()]


def test_selection_by_sign__knows_the_sign():
    found = run("slct.s32.s32 {0}, 1, 2, {1};")

    assert found == [1 if x >= 0 else 2 for x in NUMBERS.tolist()]


@pytest.mark.parametrize("count", [2, 4])
def test_vectors__are_loaded_and_stored_together(count):
    x = np.arange(64, dtype=np.int32)
    names = ", ".join(f"%r{5 + n}" for n in range(count))
    reverse = ", ".join(f"%r{4 + count - n}" for n in range(count))
    step = "mul.wide.u32 %offset1, %t1, {n}; add.s64 %at{k}, %at{k}, %offset1;"

    lines = [step.format(n=4 * count - 4, k=2), step.format(n=4 * count - 4, k=3),
             f"ld.global.v{count}.u32 {{{{{names}}}}}, [%at2];",
             f"st.global.v{count}.u32 [%at3], {{{{{reverse}}}}};"]
    out = np.zeros(64, np.int32)
    program = one_instruction._program("\n    ".join(lines), ("i4", "i4", "i4"))
    program.launch(1, 64 // count, np.zeros(64, np.int32), x, out)

    assert out.tolist() == x.reshape(-1, count)[:, ::-1].ravel().tolist()


def test_vector_half_out_of_bounds__raises():
    x = np.zeros(17, np.int32)
    lines = "mov.u32 {0}, 0;\n    ld.global.v2.u32 {{%r5, %r6}}, [%at2+64];"

    with pytest.raises(OutOfBounds, match="8 bytes at byte 64 of array 1 .* has 68"):
        one_instruction._program(lines, ("i4", "i4")).launch(1, 1, x[:1].copy(), x)


def test_access_that_is_not_aligned__raises():
    lines = "mov.u32 {0}, 0;\n    ld.global.u64 %rd1, [%at2+4];"

    with pytest.raises(OutOfBounds, match="not aligned"):
        one_instruction._program(lines, ("i4", "i4")).launch(1, 1, *np.zeros((2, 4), np.int32))


@pytest.mark.parametrize("kind, value", [("s8", -3), ("u8", 253), ("s16", -3), ("u16", 65533)])
def test_small_integers__are_extended_by_their_sign(kind, value):
    size = int(kind[1:]) // 8
    x = np.array([-3], f"i{size}")
    lines = f"ld.global.{kind} %rs5, [%at2]; cvt.s32.s16 {{0}}, %rs5;"
    found = np.zeros(1, np.int32)

    one_instruction._program(lines, ("i4", f"i{size}")).launch(1, 1, found, x)

    assert found[0] == (value if size == 1 else -3)


def test_floats__move_between_kinds_of_registers_bit_by_bit():
    x = np.array([1.0, -0.0, 1e-40, np.inf], np.float32)

    found = one_instruction.run("mov.b32 {0}, {1};", "u4", x)
    back = one_instruction.run("mov.b32 {0}, {1};", "f4", found)

    assert found.tolist() == x.view(np.uint32).tolist()
    assert back.tobytes() == x.tobytes()


@pytest.mark.parametrize("text, reason", [
    ("", "must hold one kernel, got 0"),
    (".entry a() { ret; } .entry b() { ret; }", "must hold one kernel, got 2"),
    (".entry a() { ret;", "must close the braces")])
def test_text__without_one_kernel_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse(text)
