"""Instructions to basic blocks: runs of instructions with a jump, a barrier or nothing at the end.

A guarded instruction other than a branch becomes a branch around it.
"""

from typing import NamedTuple

from tests.cuda.ptx.parse import Instruction, Module

EXIT = 1 << 40  # the place of a thread that has left the kernel
WAITING = 1 << 20  # added to the block that follows the barrier at which a thread waits

_LEAVE = ("ret", "exit")


class Block(NamedTuple):
    """Instructions that run one after the other, and where they lead."""

    body: list[Instruction]
    condition: str | None  # predicate, with "!" before it where negated; None: always `target`
    target: int
    otherwise: int
    vote: Instruction | None = None  # the barrier at the end, if it also counts the threads' votes


def split(module: Module) -> list[Block]:
    """The blocks of a kernel; a place is the number of a block, `EXIT`, or `WAITING` + number."""
    code = module.instructions
    starts = {0, *module.labels.values()}
    for i, instruction in enumerate(code):
        if _ends(instruction):
            starts.add(i + 1)
        if _is_guarded(instruction):
            starts |= {i, i + 1}
    order = sorted(s for s in starts if s < len(code))
    ends = [*order[1:], len(code)]
    number = {start: i for i, start in enumerate(order)}
    blocks = []  # of one start: (body, condition, instruction aimed at, instruction otherwise)

    def place(start: int) -> int:
        if start >= len(code) or (code[start].opcode in _LEAVE and code[start].guard is None):
            return EXIT
        return number[start]

    for start, end in zip(order, ends, strict=True):
        last = code[end - 1]
        if last.opcode == "bra":
            target, otherwise = place(module.labels[last.operands[0]]), place(end)
            blocks.append(Block(code[start:end - 1], last.guard, target,
                                target if last.guard is None else otherwise))
        elif last.opcode in _LEAVE:
            blocks.append(Block(code[start:end - 1], last.guard, EXIT,
                                EXIT if last.guard is None else place(end)))
        elif _is_barrier(last):
            if last.guard is not None:
                raise NotImplementedError(last.text)
            after = place(end)
            after = after if after == EXIT else WAITING + after
            vote = last if "red" in last.modifiers else None
            body = code[start:end if vote else end - 1]
            blocks.append(Block(body, None, after, after, vote))
        elif _is_guarded(last):  # alone in its block: run it where the guard holds
            blocks.append(Block([last], None, place(end), place(end)))
        else:
            blocks.append(Block(code[start:end], None, place(end), place(end)))
    return _guards(blocks)


def _guards(blocks: list[Block]) -> list[Block]:
    """Put before each guarded instruction a block that branches around it."""
    moved, count = {}, 0
    for i, block in enumerate(blocks):
        moved[i] = count
        count += 2 if _guard(block) else 1

    def place(old: int) -> int:
        if old >= EXIT:
            return old
        return WAITING + moved[old - WAITING] if old >= WAITING else moved[old]

    result: list[Block] = []
    for block in blocks:
        target, otherwise = place(block.target), place(block.otherwise)
        if guard := _guard(block):
            result.append(Block([], guard, len(result) + 1, target))
        result.append(block._replace(target=target, otherwise=otherwise))
    return result


def _guard(block: Block) -> str | None:
    return block.body[0].guard if block.body else None


def _is_barrier(instruction: Instruction) -> bool:
    return (instruction.opcode in ("bar", "barrier") and "warp" not in instruction.modifiers
            and bool({"sync", "red"} & set(instruction.modifiers)))


def _ends(instruction: Instruction) -> bool:
    return instruction.opcode in ("bra", *_LEAVE) or _is_barrier(instruction)


def _is_guarded(instruction: Instruction) -> bool:
    return instruction.guard is not None and not _ends(instruction)
