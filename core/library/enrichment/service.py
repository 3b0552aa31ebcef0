"""A service of the web that answers questions in JSON: asked in its pace, again after a pause, and never trusted."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, NoReturn

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from core.library.enrichment.faults import LimitReachedError, ServiceError
from core.library.enrichment.leaving import unless_left

LARGEST_ANSWER: Final = 8 * 2**20
LONGEST_WAIT: Final = 60.0

_PAUSES: Final = (1.0, 2.0, 4.0)  # before the second, third and fourth time that a question is asked
_LONGEST_ANSWER: Final = 60.0  # of one question, from the connection to the last byte
_BLOCK: Final = 64 * 1024
_AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
_PLAIN: Final = {200, 401, 404}  # whose content says more

# Its lines of debugging hold the address, and with it a key.
logging.getLogger("urllib3").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How time passes: `pause` waits some seconds, or raises CancelledError; tests let no time pass."""

    pause: Callable[[float], None]
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered: a JSON object. The status is 200, or 401 or 404 where it says why; of 401 it may not."""

    status: int
    data: dict[str, Any]


class _NextTimeError(Exception):
    """It may work when asked again, at best `after` seconds."""

    def __init__(self, words: str, after: float | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.after = after


class _Bearer(AuthBase):
    """A token in a header, or nothing; with none of it a .netrc would be looked at."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass
class Service:
    """One service. `secret` are the parameters with its key, `token` goes into a header; neither is ever told."""

    name: str
    url: str
    setting: str
    waiting: Waiting
    per_second: float
    timeout: float
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._next = float("-inf")
        self._session = self._new_session()

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, parameters: Mapping[str, str]) -> Answer:
        """Ask, up to four times where it may help; raise ServiceError, or LimitReachedError where it is told to wait.

        Redirects are not followed, for the key would go along.
        """
        pauses = list(_PAUSES)
        while True:
            self._keep_pace()
            try:
                return self._in_time(path, parameters)
            except _NextTimeError as fault:
                self._wait_again(fault, pauses)

    def _wait_again(self, fault: _NextTimeError, pauses: list[float]) -> None:
        limited = fault.words == _TOO_OFTEN
        if (fault.after or 0) > LONGEST_WAIT or (limited and not pauses):
            after = f" and wants {fault.after:.0f} seconds of rest" if fault.after else ""
            raise LimitReachedError(self.name, f"{fault.words}{after}", hint="go on later: what is done stays done")
        if not pauses:
            raise ServiceError(self.name, f"{fault.words}, also when asked again")
        pause = pauses.pop(0)
        self.waiting.pause(pause if fault.after is None else max(fault.after, 0.0))

    def _keep_pace(self) -> None:
        now = self.waiting.monotonic()
        if now < self._next:
            self.waiting.pause(self._next - now)
        else:
            self.waiting.pause(0)  # where a person asked to stop, that ends it here
        self._next = max(now, self._next) + 1 / self.per_second

    def _in_time(self, path: str, parameters: Mapping[str, str]) -> Answer:
        """Ask, for so long at most: no timeout of a socket bounds a header that drips in byte by byte."""
        end = self.waiting.monotonic() + _LONGEST_ANSWER

        def look() -> None:
            self.waiting.pause(0)
            if self.waiting.monotonic() > end:
                self._session = self._new_session()  # the old one goes with the question that is left
                raise _NextTimeError(_NO_END)

        return unless_left(partial(self._ask, self._session, path, parameters), look)

    def _ask(self, session: requests.Session, path: str, parameters: Mapping[str, str]) -> Answer:
        fault, trusted = "cannot be reached", True
        try:
            response = session.get(
                self.url + path,
                params={**parameters, **self.secret},
                headers={"Accept": "application/json", "User-Agent": "greenroom"},
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            )
            with closing(response):
                return self._answer(response)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            fault = "does not answer in time"
        except (urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError):
            fault = "answers with what cannot be unpacked"
        except (urllib3.exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError):
            fault = "was cut off in the middle of its answer"
        except requests.exceptions.SSLError:
            trusted = False
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            pass
        # Raised outside of the except blocks: the errors caught there hold the address, and with it a key.
        if not trusted:
            self._refuse("shows no certificate that can be trusted")
        raise _NextTimeError(fault)

    def _answer(self, response: requests.Response) -> Answer:
        status = response.status_code
        if status in _AGAIN:
            words = _TOO_OFTEN if status == 429 else f"answers with status {status}"
            raise _NextTimeError(words, self._retry_after(response.headers.get("Retry-After")))
        if 300 <= status < 400:
            self._refuse("answers with a redirect, which is not followed")
        if status not in _PLAIN:
            self._refuse(f"answers with status {status}")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status != 401 and kind not in {"application/json", "text/json"}:
            self._refuse(f"answers with status {status} and no JSON")
        data = _parsed(self._content(response))
        if data is None and status != 401:  # a key that is refused is so whatever the reason looks like
            raise _NextTimeError("answers with broken JSON")
        return Answer(status, data or {})

    def _content(self, response: requests.Response) -> bytes:
        """Return the content, read as it comes: of a large one no more than is allowed."""
        content = bytearray()
        end = time.monotonic() + _LONGEST_ANSWER  # then nobody waits for it any more
        while block := response.raw.read1(_BLOCK, decode_content=True):
            content += block
            if len(content) > LARGEST_ANSWER:
                self._refuse(f"answers with more than {LARGEST_ANSWER // 2**20} MiB")
            if time.monotonic() > end:
                raise _NextTimeError(_NO_END)
        return bytes(content)

    def _retry_after(self, value: str | None) -> float | None:
        """Return how many seconds a service wants to be left alone; it says so in seconds or as a time."""
        text = (value or "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text).astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            return None
        return (moment - self.waiting.now()).total_seconds()

    def _refuse(self, words: str) -> NoReturn:
        raise ServiceError(self.name, words, hint=f"look at enrichment.{self.setting} in greenroom.toml")

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = _Bearer(self.token)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=0, pool_connections=1, pool_maxsize=1))
        return session


_TOO_OFTEN: Final = "was asked too often"
_NO_END: Final = "does not come to the end of its answer"


def _parsed(content: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None where the content is none."""
    try:
        data = json.loads(content.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
