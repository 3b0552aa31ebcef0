"""The footer tells which keys work now, and is laid out anew only where these are others."""

from __future__ import annotations

from textual.widgets._footer import FooterKey

from tests.support import Place
from tests.tui.driver import WIDE, Driver, back_up, drive


def _keys(driver: Driver) -> list[FooterKey]:
    return list(driver.app.screen.query(FooterKey))


def _is_off(key: FooterKey) -> bool:
    return key.has_class("-disabled")


async def test_the_footer_stays_while_the_same_keys_work(place: Place) -> None:
    back_up(place)
    back_up(place)
    async with drive(place, WIDE) as driver:
        before = _keys(driver)
        assert before
        await driver.press("down")
        driver.app.screen.refresh_bindings()
        await driver.settle()
        assert _keys(driver) == before


async def test_a_key_that_works_from_now_on_is_shown_so(place: Place) -> None:
    async with drive(place, WIDE) as driver:
        before = {key.action: _is_off(key) for key in _keys(driver)}
        assert before["restore"], "there is nothing to restore"
        back_up(place)
        await driver.look()
        await driver.until(
            lambda: any(key.action == "restore" and not key.has_class("-disabled") for key in _keys(driver))
        )


async def test_what_works_over_a_list_is_shown_again_after_a_box(place: Place) -> None:
    back_up(place)
    async with drive(place, WIDE) as driver:
        shown = [key.key_display for key in _keys(driver)]
        await driver.press("slash")
        assert await driver.shows("Filter:")
        await driver.press("escape")
        await driver.until(lambda: [key.key_display for key in _keys(driver)] == shown)
