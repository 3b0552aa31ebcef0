"""systemd: units for the daemon and for the applications."""

from __future__ import annotations

import getpass
import pwd
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import click

from cli.opening import open_settings
from cli.options import Options, Verb, pass_options
from cli.output import emit_document, emit_json, remark
from core.config import Settings
from core.errors import GreenroomError
from core.runner.units import UNIT_NAME, Installation, daemon_unit, drop_in

_SYSTEM = "/etc/systemd/system"
_USER = "~/.config/systemd/user"


@click.command(cls=Verb)
@click.option("--user", "user_manager", is_flag=True, help="For the user's own service manager, not the system's.")
@pass_options
def systemd(options: Options, *, user_manager: bool) -> None:
    """Print units for systemd: the daemon's own, and for each site a drop-in for its application's unit.

    Nothing is installed.
    """
    settings = open_settings(options)
    installation = Installation(_program(), settings, _owner(settings), Path(shutil.which("kill") or "/bin/kill"))
    units = _units(installation, _USER if user_manager else _SYSTEM, user_manager=user_manager)
    if options.as_json:
        shapes = [{"path": path, "site": site, "content": content} for path, site, content in units]
        emit_json(options, {"user": user_manager, "units": shapes})
        return
    for path, _, content in units:
        emit_document(f"# {path}\n{content}")
    remark(options, "a drop-in belongs into the folder of the application's own unit, whatever that is called")


def _units(installation: Installation, folder: str, *, user_manager: bool) -> Iterator[tuple[str, str | None, str]]:
    """Yield for each unit its path, its site (None for the daemon's own) and its content."""
    yield f"{folder}/{UNIT_NAME}", None, daemon_unit(installation, user_manager=user_manager)
    for site in installation.settings.sites.values():
        content = drop_in(installation, site, user_manager=user_manager)
        yield f"{folder}/{site.name}.service.d/greenroom.conf", site.name, content


def _program() -> Path:
    """The command of this installation."""
    program = Path(sysconfig.get_path("scripts"), "greenroom")
    if not program.is_file():
        raise GreenroomError(f"there is no {program}", hint="install greenroom, rather than running it from its source")
    return program


def _owner(settings: Settings) -> str | None:
    """The owner of the state folder runs the daemon; before there is one, whoever asks. None is root."""
    try:
        name = settings.state.owner() if settings.state.is_dir() else getpass.getuser()
        return None if pwd.getpwnam(name).pw_uid == 0 else name
    except (KeyError, OSError) as error:
        raise GreenroomError(
            f"the owner of {settings.state} has no name", hint="give the folder to a user that exists"
        ) from error
