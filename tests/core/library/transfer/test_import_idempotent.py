"""The same file a second time changes nothing, whatever stands in it and whatever was there."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.core.library.transfer.test_transfer_properties import BOUNDED, libraries
from tests.core.library.transfer.transfer_support import NOW, Json, take_in

# What stands in a library may be no time that passes between the two imports: then a record without one is newer.
SOON = (NOW, NOW + 100)
OPTIONAL = ("last_modified", "created_at", "ranked_at", "date_recommended", "date_watched", "media_type", "emoji")


@st.composite
def files(draw: st.DrawFn, *, version: int | None = None) -> Json:
    """A library of either version that says less than it might, with a record that cannot be taken now and then."""
    data = draw(libraries())
    chosen = version or draw(st.sampled_from([1, 2]))
    dropped = draw(st.sets(st.sampled_from(OPTIONAL)))
    data = cast("Json", _without(data, draw, dropped)) | {"version": chosen}
    if chosen == 1:
        for number, person in enumerate(data["people"]):
            person["id"] = number
        for record in data["movies"]:
            record["tmdb_data"] = draw(st.none() | st.just({"id": 1, "title": "One"}))
            for vote in record["recommendations"]:
                _name_by_id(vote, data["people"])
    if data["movies"] and draw(st.booleans()):
        draw(st.sampled_from(data["movies"]))["status"] = draw(st.sampled_from(["nowhere", None, "deleted"]))
    return data


def _without(value: object, draw: st.DrawFn, dropped: set[str]) -> object:
    """Leave out some of these keys, or make them null or nothing, where they stand."""
    if isinstance(value, list):
        return [_without(one, draw, dropped) for one in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, one in value.items():
        if key not in dropped or draw(st.booleans()):
            kept[key] = _without(one, draw, dropped)
        elif key == "last_modified":
            kept[key] = draw(st.sampled_from([0, None]))
    return kept


def _name_by_id(vote: Json, people: list[Json]) -> None:
    named = [person["id"] for person in people if person["name"] == vote["person_name"]]
    if named:
        del vote["person_name"]
        vote["person_id"] = named[0]


def within(data: object) -> bool:
    """Whether a time stands in the data that has come when it is imported again, and had not before."""
    if isinstance(data, dict | list):
        return any(map(within, data.values() if isinstance(data, dict) else data))
    return isinstance(data, float) and SOON[0] < data <= SOON[1]


def all_bytes(session: Session) -> bytes:
    """The database as a file would have it."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection.serialize()


@settings(BOUNDED, max_examples=60)
@given(there=libraries().filter(lambda data: not within(data)), data=files())
def test_a_file_a_second_time_changes_no_byte(session: Session, tmp_path: Path, there: Json, data: Json) -> None:
    take_in(session, tmp_path, there)
    first = take_in(session, tmp_path, data)
    before = all_bytes(session)
    again = take_in(session, tmp_path, data, now=SOON[1])
    assert (again.changes, again.films_made, again.films_filled) == (0, 0, 0)
    assert again.totals == first.totals
    assert again.refused == first.refused
    assert all_bytes(session) == before
    session.rollback()
