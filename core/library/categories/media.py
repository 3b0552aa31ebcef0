"""The category media: the addresses of a movie's pictures and trailer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import or_

from core.library.categories.category import Category
from core.library.categories.fields import MOST_ITEMS, Data, Url255, Url500
from core.library.categories.lists import arrange, put_list, set_all
from core.library.categories.work import Work
from core.library.models import GalleryImage, Movie

_COLUMNS = ("poster_url", "backdrop_url", "trailer_url")


class Media(Data):
    """Pictures and trailer of the movie."""

    poster_url: Url255 | None = Field(default=None, description="The poster, upright, or null.")
    backdrop_url: Url255 | None = Field(default=None, description="The picture behind the page, or null.")
    trailer_url: Url255 | None = Field(default=None, description="The trailer, or null.")
    gallery_images: Annotated[list[Url500], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="Further pictures in their order; the list replaces the present one."
    )


def _load(movie: Movie) -> dict[str, Any]:
    addresses = {column: getattr(movie, column) for column in _COLUMNS}
    return addresses | {"gallery_images": [image.url for image in movie.gallery]}


def _store(work: Work, data: Media) -> None:
    work.settle()
    present = data.model_fields_set
    set_all(work.movie, {column: getattr(data, column) for column in _COLUMNS if column in present})
    if "gallery_images" in present:
        images = arrange(
            list(work.movie.gallery),
            data.gallery_images,
            row_key=lambda image: image.url,
            item_key=lambda url: url,
            make=lambda url: GalleryImage(url=url),
            update=lambda _image, _url: None,
            merge=work.merge,
        )
        put_list(work.movie, "gallery", images)


CATEGORY = Category(
    name="media",
    title="Media",
    model=Media,
    load=_load,
    store=_store,
    filled=or_(*(getattr(Movie, column).is_not(None) for column in _COLUMNS), Movie.gallery.any()),
    list_keys={"gallery_images": ()},
    from_tmdb=frozenset(Media.model_fields),
)
