"""The frame of a category's envelope: which category it is, and of which movie."""

from __future__ import annotations

from pydantic import Field

from core.forms.envelope import Frame
from core.library.categories.fields import Name50


class CategoryFrame(Frame):
    """A category of a movie, to be edited and taken back."""

    category: str = Field(description="Which category the data is.")
    movie_id: Name50 = Field(description='The id of the movie, "tmdb-550".')
