"""Exceptions and warnings of eventsnn; each is also a built-in, so old handlers catch it."""

# What people can cause, a command tells in one line; anything else is a defect, and shows its
# traceback.
EXPECTED = (ValueError, TypeError, OSError, ArithmeticError, ImportError, MemoryError)


def one_line(error: BaseException) -> str:
    """What an exception says, and its notes, in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return "; ".join([text, *getattr(error, "__notes__", [])])


class FormatError(ValueError):
    """A file is not what it claims, or lacks a part."""


class VersionError(FormatError):
    """A file is of a format version that this eventsnn cannot read."""


class NumericalError(ArithmeticError):
    """A value became NaN or infinite; the message names where and when."""


class DeviceError(RuntimeError):
    """The device asked for is not there, or its packages are not installed."""


class StabilityWarning(UserWarning):
    """The step is long for a time constant: stable, but not accurate."""
