"""The category trivia: questions about a movie, with their answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from core.forms.strict import Item
from core.library.categories.category import Category
from core.library.categories.fields import MOST_ITEMS, Data, LongName, LongText
from core.library.categories.listed import Listed
from core.library.categories.work import Work
from core.library.models import Movie, TriviaItem


class Question(Item):
    """A question about the movie, and its answer."""

    question: LongName = Field(description="The question.")
    category: Literal[
        "Behind the Scenes", "Continuity Error", "Cameo", "Production Detail", "Cultural Reference", "Goofs"
    ] = Field(description="What sort of trivia it is.")
    answer: LongText = Field(description="The answer, in a sentence or two.")
    explanation: LongText | None = Field(default=None, description="What is to be known besides, or null.")


class Trivia(Data):
    """What is odd or little known about the movie, in the order in which it is shown."""

    items: Annotated[list[Question], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="All items; the list replaces the present one."
    )


_KEY = ("question",)
_ITEMS = Listed(attribute="trivia", item=Question, row=TriviaItem, key=_KEY)


def _load(movie: Movie) -> dict[str, Any]:
    return {"items": _ITEMS.load(movie)}


def _store(work: Work, data: Trivia) -> None:
    if "items" in data.model_fields_set:
        work.settle()
        _ITEMS.store(work, data.items)


CATEGORY = Category(
    name="trivia",
    title="Trivia",
    model=Trivia,
    load=_load,
    store=_store,
    filled=Movie.trivia.any(),
    list_keys={"items": _KEY},
)
