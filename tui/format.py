"""Words and figures for screens: pure functions, and everything from outside made safe to draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from rich.cells import cell_len
from rich.text import Text

from core.progress import Progress
from core.progress_words import clock, percent, progress_figures
from core.reports import format_age
from core.sizes import format_size
from core.words import printable

NOTHING = "-"
_SECONDS_BEFORE_CLOCK = 1.0


def plain_lines(text: str) -> str:
    """Given text from outside, return it line by line with nothing in it that a terminal would obey."""
    return "\n".join(printable(line) for line in text.splitlines())


def shorten(text: str, width: int) -> str:
    """Given text, return at most `width` letters of it, with dots where some are left out."""
    return text if len(text) <= width else text[: width - 3] + "..."


def count(number: int | None) -> str:
    """Given a number or None, return it in groups of three digits, or a dash."""
    return NOTHING if number is None else f"{number:,}"


def signed(number: int) -> str:
    """Given a difference, return it with its sign, zero without one."""
    return f"{number:+,}" if number else "0"


def size(number: int | None) -> str:
    """Given bytes or None, return the size in words, or a dash."""
    return NOTHING if number is None else format_size(number)


def short_age(age: timedelta) -> str:
    """Given an age, return it for a narrow column: "now", "5 min", "3 h", "12 days"."""
    words = format_age(age)
    if words.endswith(" ago"):
        return words.removesuffix(" ago")
    return "now" if words == "just now" else "future"


def bar(done: int, total: int, width: int) -> str:
    """Given how much is done, return a bar of plain letters that every terminal can draw."""
    filled = width * min(done, total) // total if total else 0
    return f"[{'#' * filled}{'.' * (width - filled)}]"


def progress_words(progress: Progress, seconds: float, *, bar_width: int = 20) -> str:
    """Given progress and the seconds of its phase, return bar, percent, amount, rate and time left, as far as known."""
    parts = [bar(progress.done, progress.total, bar_width), percent(progress)] if progress.total else []
    figures = progress_figures(progress, seconds)
    if not figures and seconds >= _SECONDS_BEFORE_CLOCK:
        figures = [f"for {clock(int(seconds))}"]
    return "  ".join([*parts, *figures])


def aligned(rows: Iterable[Sequence[str]], *, right: Collection[int] = (), indent: int = 2) -> list[str]:
    """Given rows of cells, return lines with the cells below each other; `right` are the columns of numbers."""
    kept = list(rows)
    if not kept:
        return []
    widths = [max(cell_len(row[column]) for row in kept) for column in range(len(kept[0]))]
    lines = []
    for row in kept:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - cell_len(cell))
            cells.append(space + cell if column in right else cell + space)
        lines.append((" " * indent + "  ".join(cells)).rstrip())
    return lines


def section(head: str, lines: Iterable[str], *, indent: int = 2) -> Text:
    """Given a head and lines, return them as a block, or nothing where there are no lines."""
    kept = [" " * indent + line for line in lines]
    if not kept:
        return Text()
    return Text.assemble((head, "bold"), "\n", "\n".join(kept), "\n\n")


def tally(amount: int, most: int, width: int) -> str:
    """Given an amount and the largest of all, return a bar of plain letters; what is not nothing has at least one."""
    return "#" * max(1, width * amount // most) if amount and most else ""
