"""The category streaming: where a movie can be seen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.forms.strict import Item
from core.library.categories.category import Category
from core.library.categories.fields import MOST_ITEMS, Data, Name50, Name100, Text20, Url500
from core.library.categories.listed import Listed
from core.library.categories.work import Work
from core.library.models import Movie, StreamingOption

_KEY = ("platform", "region", "type", "quality")


class Option(Item):
    """One way to see the movie."""

    platform: Name100 = Field(description="The platform; written as the library already writes it.")
    region: Name50 = Field(description='Where it is offered, as a country code such as "US" or "DE".')
    type: Literal["subscription", "rent", "buy", "free"] = Field(description="How it is paid for.")
    price: Text20 | None = Field(default=None, description='The price with its currency, "$3.99", or null.')
    quality: Literal["SD", "HD", "4K"] | None = Field(default=None, description="The best quality, or null.")
    url: Url500 | None = Field(default=None, description="The address of the movie there, or null.")
    verified: bool = Field(default=False, description="Whether a person has looked that it is so.")


class Streaming(Data):
    """Where the movie can be seen, in the order in which it is shown."""

    streaming_options: Annotated[list[Option], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="All ways to see it; the list replaces the present one."
    )


_OPTIONS = Listed(attribute="streaming_options", item=Option, row=StreamingOption, key=_KEY)


def _load(movie: Movie) -> dict[str, Any]:
    return {"streaming_options": _OPTIONS.load(movie)}


def _store(work: Work, data: Streaming) -> None:
    if "streaming_options" not in data.model_fields_set:
        return
    options = []
    for number, option in enumerate(data.streaming_options):
        platform = work.platform(option.platform, ("streaming_options", number, "platform"))
        options.append(option.model_copy(update={"platform": platform}))
    work.settle()
    _OPTIONS.store(work, options)


CATEGORY = Category(
    name="streaming",
    title="Streaming",
    model=Streaming,
    load=_load,
    store=_store,
    filled=Movie.streaming_options.any(),
    list_keys={"streaming_options": _KEY},
    from_tmdb=frozenset({"streaming_options"}),
)
