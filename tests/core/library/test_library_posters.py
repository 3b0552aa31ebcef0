"""Posters: readable, of the right size, small, and always the same."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from core.library.facts import real_movies, words
from core.library.posters import POSTER_SIZE, SMALL_POSTER_SIZE, Painter, drawable

REAL = [(movie.basic_info.title, movie.external_id) for movie in real_movies()]
LARGE, SMALL = Painter(POSTER_SIZE), Painter(SMALL_POSTER_SIZE, grain=True)


@pytest.mark.parametrize(("painter", "size"), [(LARGE, POSTER_SIZE), (SMALL, SMALL_POSTER_SIZE)])
@pytest.mark.parametrize(("title", "key"), REAL, ids=[key for _, key in REAL])
def test_a_real_poster_opens_and_shows_the_whole_title(
    painter: Painter, size: tuple[int, int], title: str, key: str
) -> None:
    png = painter.draw(title, key)
    assert len(png) < (32_000 if painter is SMALL else 16_000)
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", size)
        assert len(image.convert("RGB").getcolors() or []) > 4
    _, lines = painter.fit(title)
    assert " ".join(lines) == drawable(title)


def test_the_font_has_every_letter_that_is_drawn() -> None:
    font = ImageFont.load_default(20)
    missing = bytes(font.getmask("\uffff"))
    vocabulary = words()
    titles = "".join(title for title, _ in REAL) + "".join(vocabulary.adjectives + vocabulary.nouns + vocabulary.places)
    for letter in set(drawable(titles)) - {" "}:
        assert bytes(font.getmask(letter)) != missing, letter


def test_colours_follow_from_the_key_alone() -> None:
    assert LARGE.draw("Alien", "tmdb-348") == Painter(POSTER_SIZE).draw("Alien", "tmdb-348")
    assert LARGE.draw("Alien", "tmdb-348") != LARGE.draw("Alien", "tmdb-349")


def test_accents_are_left_out_and_unknown_letters_marked() -> None:
    assert drawable("Amélie, Léon, WALL·E") == "Amelie, Leon, WALL·E"
    assert drawable("千と千尋") == "????"


@given(st.text(max_size=200))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_any_title_makes_a_poster(title: str) -> None:
    with Image.open(io.BytesIO(SMALL.draw(title, "key"))) as image:
        assert image.size == SMALL_POSTER_SIZE


@pytest.mark.parametrize("title", ["W" * 200, "The Wind " + "i" * 150, "word " * 40, "", "·"])
def test_a_title_too_long_for_the_room_is_broken_and_cut_off(title: str) -> None:
    for painter in (LARGE, SMALL):
        font_size, lines = painter.fit(title)
        assert all(line.strip() for line in lines)
        assert len(lines) * font_size <= painter.height
        assert painter.draw(title, "key")
