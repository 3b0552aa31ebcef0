"""`python -m tests.pictures FOLDER`: draw every screen as SVG and PNG."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import resvg_py

from tests.pictures.scenes import SCENES, SIZES, draw
from tests.pictures.site import pictured_site

_WIDTH = 1000


async def _pictures() -> dict[str, str]:
    with pictured_site() as (context, site):
        return {name: svg async for name, svg in draw(context, site)}


def main(folder: Path) -> None:
    """Draw all pictures into a folder, in place of those that are there."""
    pictures = asyncio.run(_pictures())
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.svg"), *folder.glob("*.png")):
        old.unlink()
    for name, svg in pictures.items():
        (folder / f"{name}.svg").write_text(svg)
        (folder / f"{name}.png").write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_WIDTH)))
        print(folder / f"{name}.png")
    (folder / "README.md").write_text(index())


def index() -> str:
    """Return the page that shows all pictures."""
    lines = ["# The screens", "", "Drawn from the demo by `make screenshots`, on 120x40 and on 80x24."]
    for scene in SCENES:
        lines += ["", f"## {scene.caption}", ""]
        lines += [
            f"![{scene.caption}, {width}x{height}]({scene.name}{end}.png)" for end, (width, height) in SIZES.items()
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
