"""Results as tables of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what, of greenroom, of the peer (both with their units), and what is aimed at."""

    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    aim: str = ""


def as_table(rows: Sequence[Row]) -> str:
    lines = ["| | greenroom | peer | ratio | aim |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.aim} |" for row in rows]
    return "\n".join(lines) + "\n"


def write_results(path: Path, head: str, parts: Mapping[str, Sequence[Row]], mark: str = "results") -> None:
    """Replace what stands between the marks of that name in a file of Markdown."""
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    text = path.read_text()
    before, after = text.split(begin)[0], text.split(end)[1]
    body = "\n".join(as_table(rows) for rows in parts.values())
    path.write_text(f"{before}{begin}\n{head}\n\n{body}{end}{after}")
