"""A folder with a greenroom.toml in it, as every test of the configuration needs one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Settings, load_settings
from core.errors import ConfigError

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'

Write = Callable[..., Path]
Load = Callable[..., Settings]
Refused = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a configuration; without arguments the smallest that is right."""

    def _write(text: str = TOP + SITE, path: Path | None = None, mode: int = 0o600) -> Path:
        target = path or tmp_path / "greenroom.toml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)
        return target

    return _write


@pytest.fixture
def load(write: Write) -> Load:
    """Write a site's keys (and keys of the top) and load the result."""

    def _load(site: str = "", top: str = "", environ: dict[str, str] | None = None) -> Settings:
        return load_settings(write(f"{TOP}{top}\n{SITE}{site}\n"), environ=environ or {})

    return _load


@pytest.fixture
def refused(write: Write) -> Refused:
    """Write a whole configuration that is refused, and return the message."""

    def _refused(text: str) -> str:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load_settings(path, environ={})
        assert str(path) in caught.value.message
        assert caught.value.hint
        assert caught.value.exit_code == 2
        return caught.value.message

    return _refused
