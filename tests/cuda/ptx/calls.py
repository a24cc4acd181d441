"""Calls of PTX functions, replaced by the functions' statements.

NVIDIA's library keeps a few large functions of float64 out of line (``pow``, the reduction of an
angle). Each call gets a copy with names of its own; parameters and results, which PTX passes
through memory of the space ``.param``, become registers.
"""

import re

_PARAMETER = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.\w+\s+([\w$]+)(?:\[\d+\])?\s*;")
_CALL = re.compile(r"call(?:\.uni)?\s*(?:\(\s*([\w$]+)\s*\)\s*,)?\s*([\w$]+)\s*"
                   r"(?:,\s*\(([^)]*)\))?;")
_ACCESS = re.compile(r"(ld|st)\.param\.(\w+)\s+(.*);")
_PASSED = re.compile(r"\[([\w$]+)(?:\+(\d+))?\]")
_HEADER = re.compile(r"\.func\s*(?:\(\s*\.param[^)]*?([\w$]+)(?:\[\d+\])?\s*\))?\s*([\w$]+)\s*"
                     r"\(([^)]*)\)\s*\{")


class Functions:
    """The functions of a PTX text, to be put in where they are called."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, list[str], list[str]]] = {}
        self._copies = 0

    def add(self, header: re.Match, statements: list[str]) -> None:
        """Make a function known."""
        result, name, parameters = header.groups()
        names = [p.split()[-1].partition("[")[0] for p in parameters.split(",") if p.strip()]
        self._known[name] = result, names, statements

    def inlined(self, statements: list[str], passed: dict[str, str] | None = None) -> list[str]:
        """Statements without calls; `passed` maps names of parameters to prefixes of registers."""
        names, result = dict(passed or {}), []
        for statement in statements:
            if declared := _PARAMETER.fullmatch(statement):
                self._copies += 1
                names[declared[1]] = f"%pass{self._copies}_"
            elif (call := _CALL.fullmatch(statement)) and call[2] in self._known:
                result += self._copy(call, names)
            else:
                result += _moved(statement, names)
        return result

    def _copy(self, call: re.Match, names: dict[str, str]) -> list[str]:
        output, parameters, statements = self._known[call[2]]
        inputs = [name.strip() for name in (call[3] or "").split(",") if name.strip()]
        passed = {p: names[i] for p, i in zip(parameters, inputs, strict=True)}
        if output:
            passed[output] = names[call[1]]
        self._copies += 1
        own, end = f"%copy{self._copies}_", f"$end{self._copies}"
        copy = []
        for statement in self.inlined(statements, passed):
            statement = re.sub(r"%(?!pass\d|copy\d|(?:n?tid|n?ctaid)\.)", own, statement)
            statement = re.sub(r"\$L", f"$copy{self._copies}_L", statement)
            copy.append(re.sub(r"\b(?:ret|ret\.uni);", f"bra {end};", statement))
        return [*copy, f"{end}:"]


def find(text: str) -> list[re.Match]:
    """The headers, up to the brace, of the functions in a PTX text."""
    return list(_HEADER.finditer(text))


def _moved(statement: str, names: dict[str, str]) -> list[str]:
    """An access to a passed value as a move from or to its register, declared where written."""
    access = _ACCESS.fullmatch(statement)
    place = _PASSED.search(access[3]) if access else None
    if not access or not place or place[1] not in names:
        return [statement]
    operation, kind, operands = access.groups()
    register = f"{names[place[1]]}at{place[2] or 0}_"
    moved = f"mov.{kind} {_PASSED.sub(register, operands)};"
    return [f".reg .{kind} {register};", moved] if operation == "st" else [moved]
