"""The pictures in the documents show the screens as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pictures.__main__ import index
from tests.pictures.scenes import SCENES, SIZES, draw
from tests.pictures.site import pictured_site

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the preview of a restore says so where it is not made by root")
async def test_no_picture_is_stale() -> None:
    stale = []
    with pictured_site() as (context, site):
        async for name, svg in draw(context, site):
            picture = PICTURES / f"{name}.svg"
            if not picture.exists() or picture.read_text() != svg:
                stale.append(name)
    assert stale == [], "`make screenshots` draws them again; look at them before you commit them"


def test_there_is_a_png_of_each_and_no_other_file() -> None:
    wanted = {f"{scene.name}{suffix}.{kind}" for scene in SCENES for suffix in SIZES for kind in ("svg", "png")}
    assert {path.name for path in PICTURES.iterdir()} == {*wanted, "README.md"}
    assert (PICTURES / "README.md").read_text() == index()


def test_no_picture_leads_out() -> None:
    for picture in PICTURES.glob("*.svg"):
        assert "url(" not in picture.read_text().replace("url(#", "")
