"""Finding one among the users of a library, be they two or thousands."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.library.transfer import UserRow
from tests.support import Place
from tests.tui.driver import NARROW, WIDE, Driver, drive
from tests.tui.libraries import make_library
from tests.tui.users import MIRA, change
from tui.user_calls import found_users
from tui.widgets.user_table import UserTable

MANY = 5_000


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return make_library(tmp_path)


def user(name: str, email: str = "") -> UserRow:
    return UserRow(f"id-of-{name}", name, email, True, True, 0, 0, 0, 0)


def add_users(place: Place, number: int) -> None:
    """Add users who have what mira has in the columns of her row, but for names, emails and ids."""
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM users WHERE id = ?", (MIRA,)).fetchone())
        for at in range(number):
            row |= {"id": f"user-{at}", "username": f"name{at:05}", "email": f"{at}@many.example"}
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO users ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def title_of(driver: Driver) -> str:
    return str(driver.app.screen.query_one(UserTable).border_title)


async def find(driver: Driver, words: str) -> str:
    await driver.press("slash", *(["space" if letter == " " else letter for letter in words]))
    return await driver.press("enter")


@pytest.mark.parametrize("size", [NARROW, WIDE])
@pytest.mark.keys("UsersScreen", "slash", "escape")
async def test_a_user_is_found_by_name_email_or_id(library: Place, size: tuple[int, int]) -> None:
    async with drive(library, size) as driver:
        screen = await driver.press("6")
        assert "/ Find" in screen.splitlines()[-1]
        for words in ("MIR", "mira@movies", MIRA[:8], "movies mira"):
            screen = await find(driver, words)
            assert f"Users: 1 of 2: match '{words}'" in screen
            assert "mira  mira@movies.example" in screen
            assert driver.focused == "users"
            screen = await driver.press("escape")
            assert "Users: 2" in screen
            assert "jonas@movies" in screen
        screen = await find(driver, "no[/red]")
        assert "None of 2 users: esc shows all" in screen
        await driver.press("a")
        assert "no user is highlighted" in driver.notices()
        await driver.press("escape")
        assert driver.screen == "UsersScreen"
        await driver.press("escape")
        assert driver.screen == "BackupsScreen"


async def test_letters_that_are_typed_do_nothing_else(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("6", "slash", *"baum6")
        assert driver.screen == "UsersScreen"
        assert not driver.notices()
        await driver.until(lambda: "match 'baum6'" in title_of(driver))
        await driver.press("enter", "escape")
        assert "Users: 2" in title_of(driver)


async def test_the_one_who_was_found_stays_highlighted_when_all_are_shown_and_when_others_come(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("6")
        await find(driver, "mira")
        assert "mira  mira@movies" in await driver.press("escape")
        add_users(library, 1)
        change(library, "UPDATE users SET username = 'aaron' WHERE id = 'user-0'")
        await driver.until(lambda: "Users: 3" in title_of(driver))
        assert "mira  mira@movies" in await driver.settle()
        assert "jonas  jonas@movies" in await driver.press("up")
        assert "aaron  0@many.example" in await driver.press("up")


async def test_what_is_sought_stays_so_when_the_list_is_read_anew(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("6")
        await find(driver, "mira")
        add_users(library, 2)
        change(
            library,
            "UPDATE users SET username = 'a mira' WHERE id = 'user-0'",
            f"UPDATE users SET email = 'new@movies.example' WHERE id = '{MIRA}'",
        )
        await driver.until(lambda: "Users: 2 of 4" in title_of(driver))
        assert await driver.shows("mira new@movies.example")
        await driver.press("escape")
        assert "mira  new@movies.example" in driver.text()


async def test_another_site_is_shown_whole(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("6")
        await find(driver, "mira")
        driver.app.screen.show_site(library.site)  # type: ignore[attr-defined]
        await driver.settle()
        assert title_of(driver).startswith("Users: 2")
        assert "Find:" not in driver.text()


async def test_among_thousands_one_is_found_at_once(library: Place) -> None:
    add_users(library, MANY)
    async with drive(library, WIDE) as driver:
        assert f"Users: {MANY + 2:,}" in await driver.press("6")
        began = time.process_time()
        screen = await find(driver, "04321")
        assert time.process_time() - began < 5
        assert f"Users: 1 of {MANY + 2:,}" in screen
        assert "name04321  4321@many.example" in screen


def test_all_words_must_be_there_in_any_case() -> None:
    users = (user("Ådne", "a@b.example"), user("bert", "Bert@C.example"), user("\x1b[31m"))
    assert found_users(users, "") == users
    assert found_users(users, "  ") == users
    assert found_users(users, "åDNE") == users[:1]
    assert found_users(users, "example bert") == users[1:2]
    assert found_users(users, "bert other") == ()
    assert found_users(users, "id-of") == users
    assert found_users(users, "?[31m") == users[2:]
