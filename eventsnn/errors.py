"""Exceptions and warnings of eventsnn; each is also a built-in, so old handlers catch it."""


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
