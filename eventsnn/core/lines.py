"""Lines of JSON that tell whether they are whole: each ends in the CRC-32 of what comes before."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

TAIL = ', "crc32": "{:08x}"}}\n'
TAIL_BYTES = len(TAIL.format(0))


def written(content: Mapping[str, Any]) -> bytes:
    """A line of an object that is not empty."""
    body = json.dumps(content)[:-1].encode("ascii")
    return body + TAIL.format(zlib.crc32(body)).encode("ascii")


def read(text: bytes) -> dict[str, Any] | None:
    """What a line says, or None if it is none, or not as it was written."""
    body, tail = text[:-TAIL_BYTES], text[-TAIL_BYTES:]
    if tail != TAIL.format(zlib.crc32(body)).encode("ascii"):
        return None
    try:
        content = json.loads(body + b"}")
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
