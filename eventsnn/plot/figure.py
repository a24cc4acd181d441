"""What all pictures share: page width, style, colours, and files that appear when complete."""

import os
import pathlib
from typing import Any

from eventsnn.core import check
from eventsnn.core.files import Replacement, check_new

ENDINGS = (".png", ".svg", ".pdf")
WIDTH, HEIGHT = 7.0, 4.2  # inches; the width of a page, two columns
DPI = 300
MOST_LETTERS = 55  # of a name in a legend: the page has no room for more
LETTER_WIDTH, MARK_WIDTH = 4.8, 40.0  # points, in a legend
# Okabe and Ito's colours, told apart by colour-blind readers too
BLUE, VERMILION = "#0072B2", "#D55E00"
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
STYLE: dict[Any, Any] = {
    "font.size": 8, "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "pdf.fonttype": 42, "svg.fonttype": "none",
    "svg.hashsalt": "eventsnn"}


def check_picture(path: str | os.PathLike, overwrite: bool = False) -> pathlib.Path:
    """Refuse a picture that cannot be drawn or written, before the work that it would show."""
    path = check_new(path, overwrite)
    if path.suffix.lower() not in ENDINGS:
        raise check.must(str(path), f"end in {', '.join(ENDINGS)}", path.suffix or "no ending")
    new_figure()
    return path


def colours(names: list[str]) -> dict[str, str]:
    """A colour for each name: blue for excitatory, vermilion for inhibitory, others in turn."""
    chosen, free = {}, [*OTHERS]
    for name in names:
        plain = name.lower()
        if plain.startswith(("exc", "inh")) or plain in ("e", "i"):
            chosen[name] = BLUE if plain[0] == "e" else VERMILION
    if not chosen:
        free = [BLUE, VERMILION, *OTHERS]
    for k, name in enumerate(name for name in names if name not in chosen):
        chosen[name] = free[k % len(free)]
    return chosen


def new_figure(height: float = HEIGHT) -> Any:
    """An empty figure of page width; `height` in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib; pip install 'eventsnn[plot]'") from error
    return Figure(figsize=(WIDTH, height), layout="constrained")  # no pyplot: no display


def plain_log(axis: Any, low: float, high: float) -> None:
    """Label a logarithmic axis by plain numbers: 1, 2, 5, 10 ... over a short one, else decades."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axis.set_minor_formatter(NullFormatter())


def say_none(axes: Any) -> None:
    """Tell that there is nothing to draw, where one might take it for a failure."""
    axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color="0.35")


def legend(figure: Any, handles: list[Any], **options: Any) -> None:
    """Names above the picture, where they hide nothing."""
    longest = 0
    for handle in handles:
        name = handle.get_label()
        if len(name) > MOST_LETTERS:
            name = f"{name[:MOST_LETTERS - 4]} ..."
            handle.set_label(name)
        longest = max(longest, len(name))
    room = max(1, int(72 * WIDTH / (MARK_WIDTH + LETTER_WIDTH * longest)))
    columns = min(room, len(handles) if len(handles) <= 5 else 4)
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, frameon=False,
                  **options)


def caption(figure: Any, text: str) -> None:
    """A line beneath the picture, to the right."""
    figure.supxlabel(text, fontsize=7, color="0.35", x=0.99, ha="right")


def save(figure: Any, path: pathlib.Path, overwrite: bool) -> None:
    """Write the figure; the file takes its name when it is complete."""
    import matplotlib

    kind = path.suffix.lower()[1:]
    # No date, so that the same spikes give the same file.
    metadata = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    with matplotlib.rc_context(STYLE), Replacement(path, overwrite) as new:
        figure.savefig(new.temporary, format=kind, dpi=DPI, metadata=metadata)
