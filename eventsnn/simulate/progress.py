"""The progress of a run, on standard error."""

from typing import Any

from tqdm import tqdm


class _Bar(tqdm):
    """A bar that shows the real-time factor: time of the clock a model second, below 1 is fast."""

    @property
    def format_dict(self) -> dict[str, Any]:
        shown = super().format_dict
        rate = shown["rate"] or (shown["n"] / shown["elapsed"] if shown["elapsed"] else 0)
        return shown | {"factor": f"{1 / rate:.3g}" if rate else "?"}


def progress_bar(seconds: float, progress: bool | None) -> tqdm:
    """A bar over `seconds` of model time; None shows it on terminals alone."""
    return _Bar(total=seconds, disable=None if progress is None else not progress,
                desc="model time", bar_format="{desc}: {n:.2f}/{total:.2f} s |{bar}| real-time "
                "factor {factor}, {elapsed}<{remaining}")
