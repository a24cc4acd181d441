"""Models of other programs, to and from ours."""

from eventsnn.interop.norse import load_norse

__all__ = ["load_norse"]
