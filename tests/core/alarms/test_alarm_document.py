"""What docs/alarms.md tells, against what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from core.alarms import AlarmKind
from core.alarms.outbox import GIVEN_UP_AFTER, PAUSES, WAITING_A_WAY
from core.alarms.ways import SECONDS

_TOLD = (Path(__file__).parents[3] / "docs" / "alarms.md").read_text()


def test_every_kind_is_explained() -> None:
    told = re.findall(r"^\| `((?!greenroom_)[a-z_]+)` \|", _TOLD, re.MULTILINE)
    assert [*told, "test"] == list(get_args(AlarmKind))


def test_every_figure_is_explained() -> None:
    source = (Path(__file__).parents[3] / "core" / "figures.py").read_text()
    figures = set(re.findall(r"Figure\(\s*\"([a-z_]+)\"", source))
    assert len(figures) > 10
    assert set(re.findall(r"`greenroom_([a-z_]+)`", _TOLD)) == figures


def test_the_times_told_are_right() -> None:
    minutes = [int(pause.total_seconds()) // 60 for pause in PAUSES]
    assert minutes == [1, 5, 15, 60, 240]
    assert "after 1, 5, 15, 60 and then every 240 minutes" in " ".join(_TOLD.split())
    assert f"After {GIVEN_UP_AFTER.days} days it is given up" in " ".join(_TOLD.split())
    assert f"{WAITING_A_WAY} alarms may wait" in " ".join(_TOLD.split())
    assert SECONDS == 10
