"""Addresses that alarms go to: what is filled in is encoded, and nothing of them is left in what anybody said."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.secrets import expand_address, mask_address, redact


@pytest.mark.parametrize(
    ("value", "filled"),
    [("plain-1", "plain-1"), ("p@ss/w?d#%", "p%40ss%2Fw%3Fd%23%25"), ("123:AbC", "123:AbC"), ("a b", "a%20b")],
)
def test_what_is_filled_in_is_a_part_of_the_url(value: str, filled: str) -> None:
    url = expand_address("mailto://me:${WORD}@example.org", key="alarms.apprise", environ={"WORD": value})
    assert url == f"mailto://me:{filled}@example.org"
    assert unquote(filled) == value


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^alarms\.apprise 1: the environment variable TOKEN is not set$") as caught:
        expand_address("tgram://${TOKEN}/", key="alarms.apprise 1", environ={})
    assert "password_file" not in caught.value.hint


@pytest.mark.parametrize(
    ("said", "address", "left"),
    [
        ("it answered 500", "https://hc.example/key-of-it", "it answered 500"),
        ("no route to HC.example", "https://hc.example/key", "no route to ***"),
        ("error at https://api.example/botTOKEN/send", "tgram://TOKEN/1", "error at ***"),
        ("wrong: p@ss", "mailto://me:p%40ss@example.org", "wrong: ***"),
        ("token abc refused", "json://h/?token=abc", "token *** refused"),
        ("curl: bad abcdef", "--header abcdef", "curl: bad ***"),
    ],
)
def test_nothing_of_an_address_is_repeated(said: str, address: str, left: str) -> None:
    assert redact(said, address) == left


_SECRET = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=3, max_size=30)


@given(_SECRET, st.sampled_from(["mailto://u:{}@h.example", "slack://{}/b/c", "json://h.example/a?x={}", "x://h/{}/y"]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_secret_is_left_wherever_it_stood(secret: str, form: str) -> None:
    encoded = quote(secret, safe="")
    address = form.format(encoded)
    assert encoded not in redact(f"before <{encoded}> after", address)
    assert mask_address(address) == f"{address.partition('://')[0]}://***"
