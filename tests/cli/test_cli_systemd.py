"""`greenroom systemd`: units that systemd itself reads, and finds little to say against."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.config import Settings, Site
from core.runner.units import Installation, daemon_unit, drop_in
from tests.cli.conftest import GREENROOM, House

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")

# In tenths. Measured with systemd 252: 3.0 for root and 2.0 for a user; 0.2 more without PrivateTmp=, as here in /tmp.
_EXPOSURE_OF_ROOT = 32
_EXPOSURE_OF_A_USER = 22


def _settings(root: Path, name: str = "srv") -> Settings:
    folder = root / name
    site = Site(
        name="app", database=f"sqlite:///{folder / 'db' / 'app.db'}", files={"": folder / "media" / "up"}, folder=root
    )
    return Settings(
        source=folder / "greenroom.toml", state=folder / "state", storage=folder / "backups", sites={"app": site}
    )


def _analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        env={**os.environ, "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _exposure(unit: Path, threshold: int) -> tuple[int, str]:
    done = _analyze("security", "--offline=true", "--no-pager", f"--threshold={threshold}", unit)
    return done.returncode, done.stdout + done.stderr


def test_the_units_name_this_installation_and_configuration(house: House) -> None:
    told = house.done("systemd", "--json").json
    daemon, app = told["units"]
    assert (daemon["path"], daemon["site"]) == ("/etc/systemd/system/greenroom.service", None)
    assert f"ExecStart={GREENROOM} --config {house.config} --daemon\n" in daemon["content"]
    assert f"ReadWritePaths={house.root / 'state'}\n" in daemon["content"]
    assert f"ReadWritePaths=-{house.database().parent}\n" in daemon["content"]
    assert "ProtectProc=default\n" in daemon["content"]  # holders of a database are found in /proc
    assert app["site"] == "app"
    assert re.search(rf"^ExecStartPre=\+?{GREENROOM} --config {house.config} apply app$", app["content"], re.MULTILINE)
    text = house.done("systemd").out
    assert all(unit["content"] in text and f"# {unit['path']}\n" in text for unit in told["units"])


@needs_systemd
@pytest.mark.slow
@pytest.mark.parametrize("user", [False, True])
def test_systemd_takes_the_units(house: House, tmp_path: Path, *, user: bool) -> None:
    flag = ["--user"] if user else []
    daemon, app = house.done("systemd", *flag, "--json").json["units"]
    unit = tmp_path / "greenroom.service"
    unit.write_text(daemon["content"])
    application = tmp_path / "application.service"
    application.write_text(f"{app['content']}\nExecStart=/bin/true\n")
    for file in (unit, application):
        done = _analyze("verify", *flag, file)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    if not user:
        code, told = _exposure(unit, _EXPOSURE_OF_ROOT)
        assert code == 0, told


@needs_systemd
@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", 'a b%h"c', "\u00fcber $HOME\\x", "new\nline"])
def test_any_path_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    program = tmp_path / "bin" / "greenroom"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    installation = Installation(program, _settings(tmp_path, name), "daemon")
    unit = tmp_path / "greenroom.service"
    unit.write_text(daemon_unit(installation, user_manager=False))
    done = _analyze("verify", unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    code, told = _exposure(unit, _EXPOSURE_OF_A_USER)
    assert code == 0, told


def test_what_is_written_is_writable_and_no_more(tmp_path: Path) -> None:
    settings = _settings(Path("/data"))
    installation = Installation(Path("/opt/greenroom/bin/greenroom"), settings, "app")
    unit = daemon_unit(installation, user_manager=False)
    assert re.findall("^ReadWritePaths=(.+)$", unit, re.MULTILINE) == [
        "/data/srv/state",
        "-/data/srv/backups",
        "-/data/srv/db",
    ]
    assert "User=app\n" in unit
    assert "CapabilityBoundingSet=\n" in unit
    assert "PrivateTmp=yes\n" in unit
    assert "ProtectHome=yes\n" in unit
    restoring = replace(settings, daemon=replace(settings.daemon, apply_at_start=True))
    unit = daemon_unit(replace(installation, settings=restoring), user_manager=False)
    assert "ReadWritePaths=-/data/srv/media\n" in unit


def test_credentials_that_are_read_are_loaded(tmp_path: Path) -> None:
    settings = _settings(Path("/data"))
    secret = Path("/run/credentials/greenroom.service/app.password")
    site = replace(settings.sites["app"], database="postgresql://app@db/app", password_file=secret)
    installation = Installation(Path("/opt/greenroom/bin/greenroom"), replace(settings, sites={"app": site}))
    unit = daemon_unit(installation, user_manager=False)
    assert "LoadCredential=app.password:/etc/greenroom/app.password\n" in unit
    assert "After=network-online.target postgresql.service\n" in unit


def test_where_greenroom_is_root_the_application_need_not_be(tmp_path: Path) -> None:
    settings = _settings(Path("/data"))
    program = Path("/opt/greenroom/bin/greenroom")
    site = settings.sites["app"]
    assert f"ExecStartPre=+{program} " in drop_in(Installation(program, settings), site, user_manager=False)
    as_a_user = drop_in(Installation(program, settings, "app"), site, user_manager=False)
    for_a_user = drop_in(Installation(program, settings), site, user_manager=True)
    assert all(f"ExecStartPre={program} " in unit for unit in (as_a_user, for_a_user))
