"""A film is written whole or not at all, wherever it is cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core.filesystem import Committable, Filesystem
from tests.core.library.enrichment.enrichment_support import BLUE, FakeTime, row, run
from tests.libraries import BASIC, Library


class _CutOffError(BaseException):
    """The process is gone."""


class _Cut(Filesystem):
    def __init__(self, *, after: bool) -> None:
        super().__init__()
        self.after = after

    def commit(self, session: Committable) -> None:
        ours = not isinstance(session, Session)  # greenroom's own file
        if ours or self.after:
            super().commit(session)
        if not ours:
            raise _CutOffError


@pytest.mark.parametrize("after", [False, True])
def test_fields_and_raw_data_come_together(library: Library, time: FakeTime, after: bool) -> None:
    cut = replace(library, context=replace(library.context, disk=_Cut(after=after)))
    with pytest.raises(_CutOffError):
        run(cut, time, BLUE)
    done = (library.live(BASIC, BLUE)["title"] == "Perfect Blue", row(library, BLUE, "tmdb_id")[0] is not None)
    assert done == (after, after)
    report = run(library, FakeTime())
    assert (report.asked, report.waiting) == (1 if after else 2, 0)
    assert library.live(BASIC, BLUE)["title"] == "Perfect Blue"
    assert [head.status for head in library.edits.log(forms=["basic_info"], key=BLUE)] == ["done"]
