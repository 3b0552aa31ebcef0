"""The category timeline: what happened to a movie, day by day."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.forms.strict import Item
from core.library.categories.category import Category
from core.library.categories.fields import MOST_ITEMS, Data, IsoDate, LongText, Name200, Url500
from core.library.categories.listed import Listed
from core.library.categories.work import Work
from core.library.models import Movie, TimelineEvent


class Event(Item):
    """Something that happened to the movie on a day."""

    date: IsoDate = Field(description="The day, as YYYY-MM-DD.")
    title: Name200 = Field(description="What happened, in a few words.")
    description: LongText = Field(description="What happened, in a sentence or two.")
    category: Literal[
        "Production Start",
        "Casting Announcement",
        "Trailer Release",
        "Premiere",
        "Box Office Milestone",
        "Award Win",
        "Controversy",
    ] = Field(description="What sort of event it was.")
    media_url: Url500 | None = Field(default=None, alias="mediaUrl", description="A picture or video of it, or null.")


class Timeline(Data):
    """What happened to the movie, in the order in which it is shown."""

    events: Annotated[list[Event], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="All events; the list replaces the present one."
    )


_KEY = ("date", "title")
_EVENTS = Listed(attribute="timeline", item=Event, row=TimelineEvent, key=_KEY)


def _load(movie: Movie) -> dict[str, Any]:
    return {"events": _EVENTS.load(movie)}


def _store(work: Work, data: Timeline) -> None:
    if "events" in data.model_fields_set:
        work.settle()
        _EVENTS.store(work, data.events)


CATEGORY = Category(
    name="timeline",
    title="Timeline",
    model=Timeline,
    load=_load,
    store=_store,
    filled=Movie.timeline.any(),
    list_keys={"events": _KEY},
)
