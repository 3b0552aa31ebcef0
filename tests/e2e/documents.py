"""The documents as programs: their shell blocks, run as a reader would, a document in one shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = "=== end of block"
_UNWANTED = ("GREENROOM_", "NO_COLOR", "TEXTUAL", "XDG_CONFIG_HOME", "SSH_", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document; `reason` says why one that could be run is not."""

    document: Path
    line: int
    kind: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Printed:
    """What the commands of a block wrote to standard output."""

    block: Block
    text: str


def blocks_of(document: Path, kind: str) -> list[Block]:
    """Given a document, return its fenced blocks of one kind, in order."""
    content = document.read_text()
    return [
        Block(document, content.count("\n", 0, found.start("text")), kind, found["text"], found["reason"])
        for found in _BLOCK.finditer(content)
        if found["kind"] == kind
    ]


def runnable(document: Path) -> list[Block]:
    return [block for block in blocks_of(document, "sh") if block.reason is None]


def environment(home: Path) -> dict[str, str]:
    """Return what a command finds around it: the project's greenroom on PATH, no setting of this user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_UNWANTED)}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8"}


def run_document(document: Path, folder: Path) -> list[Printed]:
    """Run the blocks of a document in an empty folder, in one shell that stops at the first failure.

    Return what each printed.
    """
    blocks = runnable(document)
    script = "set -eu\n" + "".join(f"{block.text}echo '{_MARK} {block.place}'\n" for block in blocks)
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed: list[Printed] = []
    rest = done.stdout
    for block in blocks:
        text, mark, rest = rest.partition(f"{_MARK} {block.place}\n")
        assert mark, f"{block.place}: exit status {done.returncode}\n{block.text}\n{text}\n{done.stderr}"
        printed.append(Printed(block, text))
    return printed


def printed_by(command: str, printed: list[Printed]) -> str:
    """Return what the last block with that command printed."""
    return next(one.text for one in reversed(printed) if command in one.block.text)
