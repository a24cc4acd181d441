"""What a package offers, from what its files offer: so that a new file is one line there."""

from types import ModuleType
from typing import Any


def public(namespace: dict[str, Any]) -> list[str]:
    """The ``__all__`` of a package: its names, but for modules and those with an underscore."""
    return sorted(name for name, value in namespace.items()
                  if not name.startswith("_") and not isinstance(value, ModuleType)
                  and value is not public)
