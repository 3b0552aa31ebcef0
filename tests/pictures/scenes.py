"""What is on each picture: the keys that lead to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from core.config import Site
from core.context import Context
from tests.tui.driver import NARROW, WIDE, Driver
from tui.app import GreenroomApp

SIZES = {"": WIDE, "_80x24": NARROW}


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture's name, what stands below it in the documents, and the keys pressed before it is taken."""

    name: str
    caption: str
    keys: tuple[str, ...]


SCENES = (
    Scene("backups", "The backups of a site", ()),
    Scene("help", "The keys of a screen", ("question_mark",)),
    Scene("filter", "The list, filtered", ("slash", *"pinned", "enter")),
    Scene("delete", "What a deletion takes away", ("down", "down", "d")),
    Scene("new", "A new backup", ("n",)),
    Scene("copy", "A copy of an archive, elsewhere", ("c",)),
    Scene("adopt", "An archive from elsewhere", ("a",)),
    Scene("restore", "What a restore would do, and the consent to it", ("down", "down", "r")),
    Scene("history", "What was restored, undone and deleted", ("2",)),
    Scene("undo", "What an undo would do", ("2", "u")),
    Scene("messages", "What was said before", ("v", "3")),
    Scene("palette", "Commands by their names", ("ctrl+p",)),
)


async def draw(context: Context, site: Site) -> AsyncIterator[tuple[str, str]]:
    """Yield the name of each picture and the picture, as SVG."""
    for scene in SCENES:
        for suffix, size in SIZES.items():
            app = GreenroomApp(context, site.name)
            async with app.run_test(size=size, notifications=True) as pilot:
                driver = Driver(app, pilot)
                await driver.settle()
                for key in scene.keys:
                    await driver.press(key)
                yield f"{scene.name}{suffix}", without_fonts(app.export_screenshot(title="greenroom"))


def without_fonts(svg: str) -> str:
    """Leave the addresses of fonts out: a picture is drawn with the reader's own."""
    before, _, rest = svg.partition("@font-face")
    while rest:
        _, _, rest = rest.partition("}")
        start, found, rest = rest.partition("@font-face")
        before += start
        if not found:
            break
    return before.replace("Fira Code", "DejaVu Sans Mono")
