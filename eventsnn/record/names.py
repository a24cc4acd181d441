"""Names that groups of a file, and files, may have."""

from typing import Any

from eventsnn.core import check

RESERVED = {"parts"}  # as endings of files


def name_of_population(name: Any) -> str:
    """`name`, if it may name a group of a file."""
    return _name("name of a population", name)


def name_of_variable(name: Any) -> str:
    """`name`, if it may name a file."""
    name = _name("name of a variable", name)
    if name in RESERVED or "\\" in name or len(name) > 100:
        raise check.must("name of a variable", "be short, without '\\', and not 'parts'",
                         repr(name))
    return name


def _name(what: str, name: Any) -> str:
    if not isinstance(name, str):
        raise check.must(what, "be a string", repr(name), error=TypeError)
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise check.must(what, "be a name with no '/'", repr(name))
    if any("\ud800" <= letter <= "\udfff" for letter in name):  # halves of letters
        raise check.must(what, "be text that UTF-8 can hold", ascii(name))
    return name
