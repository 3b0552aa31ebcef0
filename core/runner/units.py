"""Units for systemd: the daemon's own, hardened, and a drop-in by which the application's unit applies restores."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.config import Settings, Site

UNIT_NAME = "greenroom.service"
WATCHDOG_SECONDS = 60

_CREDENTIALS = Path("/run/credentials") / UNIT_NAME
_PLAIN = frozenset(string.ascii_letters + string.digits + "/._-+:@=,")
_SERVICES = {"postgresql": ("postgresql",), "mysql": ("mysql", "mariadb"), "mariadb": ("mariadb", "mysql")}
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - what PrivateTmp= hides
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

# Files of any owner are read, and of a restore written; /proc of others is looked into for who has a database open.
_ROOT_CAPABILITIES = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_SYS_PTRACE"

# By filters of system calls, which a user's own manager can set too.
_FILTERS = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077"""

_SANDBOX = """\
ProtectSystem=strict
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
KeyringMode=private
RemoveIPC=yes
# Who has a database open is found in /proc, and the owners of files are kept: so all processes and users are seen.
ProtectProc=default
ProcSubset=all
PrivateUsers=no"""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where greenroom is installed, and whose state it works with: `user` runs the daemon, None for root."""

    program: Path
    settings: Settings
    user: str | None = None
    kill: Path = Path("/bin/kill")

    @property
    def command(self) -> str:
        return f"{_argument(self.program)} --config {_argument(self.settings.source)}"


def daemon_unit(installation: Installation, *, user_manager: bool) -> str:
    """Return the daemon's unit, for the system's manager or for the user's own."""
    return "\n".join(
        [
            "[Unit]",
            "Description=greenroom: backups by schedule",
            *_after(installation.settings, user_manager=user_manager),
            f"RequiresMountsFor={_paths([installation.settings.state])}",
            "",
            "[Service]",
            "Type=notify",
            f"ExecStart={installation.command} --daemon",
            f"ExecReload={_argument(installation.kill)} -HUP $MAINPID",
            *([] if user_manager or installation.user is None else [f"User={_setting(installation.user)}"]),
            f"WatchdogSec={WATCHDOG_SECONDS}",
            "Restart=on-failure",
            "RestartSec=10",
            "# The daemon ends its own children, and asks for more time where it needs that to finish.",
            "KillMode=mixed",
            "Nice=10",
            "IOSchedulingPriority=7",
            "",
            *([] if user_manager else [*_credentials(installation.settings), ""]),
            _FILTERS,
            "# Not set: MemoryDenyWriteExecute= (a version_command may be of a language that compiles as it runs),",
            "# RestrictSUIDSGID= (folders of uploads often have the setgid bit, which a restore gives back).",
            *([] if user_manager else _walls(installation)),
            "",
            "[Install]",
            f"WantedBy={'default.target' if user_manager else 'multi-user.target'}",
            "",
        ]
    )


def drop_in(installation: Installation, site: Site, *, user_manager: bool) -> str:
    """Return what the unit of a site's application needs so that a staged restore is applied before it starts."""
    as_root = not user_manager and installation.user is None
    lines = ["[Service]"]
    if as_root:
        lines += ["# +: as root and outside of the unit's sandbox, as all of greenroom here."]
    elif not user_manager:
        lines += [
            f"# Runs as the unit's own user, which must be {_comment(installation.user or '')}. Where the unit has",
            "# ProtectSystem=, it also needs the folders that greenroom writes:",
            f"#ReadWritePaths={_paths(sorted(_written(installation.settings, [site], restores=True)))}",
        ]
    lines += [
        f"ExecStartPre={'+' if as_root else ''}{installation.command} apply {site.name}",
        "# A safety backup comes first, and can take its time.",
        "TimeoutStartSec=infinity",
        "",
    ]
    return "\n".join(lines)


def _after(settings: Settings, *, user_manager: bool) -> Iterator[str]:
    if user_manager:  # it knows no units of the system
        return
    names = {name for site in settings.sites.values() for name in _SERVICES.get(site.engine, ())}
    yield "Wants=network-online.target"
    yield f"After={' '.join(['network-online.target', *(f'{name}.service' for name in sorted(names))])}"


def _walls(installation: Installation) -> Iterator[str]:
    settings = installation.settings
    sites = list(settings.sites.values())
    restores = settings.daemon.apply_at_start
    used = {installation.program, settings.source, *_written(settings, sites, restores=True)}
    yield _SANDBOX
    yield f"CapabilityBoundingSet={_ROOT_CAPABILITIES if installation.user is None else ''}"
    if _any_below(used, _TEMPORARY):
        yield "# PrivateTmp= would hide what lies in /tmp or /var/tmp here."
    else:
        yield "PrivateTmp=yes"
    yield f"ProtectHome={'read-only' if _any_below(used, _HOMES) else 'yes'}"
    yield "# What is missing when the daemon starts stays read-only until it is restarted."
    yield f"ReadWritePaths={_paths([settings.state])}"
    for path in sorted(_written(settings, sites, restores=restores) - {settings.state}):
        yield f"ReadWritePaths={_paths([path], optional=True)}"


def _written(settings: Settings, sites: Iterable[Site], *, restores: bool) -> set[Path]:
    """The folders that are written: SQLite needs its database's own to read it, a restore also those of the files."""
    found = {settings.state, settings.storage}
    if settings.catalog_path is not None:
        found.add(settings.catalog_path.parent)
    if settings.alarms.textfile is not None:
        found.add(settings.alarms.textfile.parent)
    for site in sites:
        if site.sqlite_path is not None:
            found.add(site.sqlite_path.parent)
        if restores:
            found.update(folder.parent for folder in site.files.values())
    return {path for path in found if not any(other != path and path.is_relative_to(other) for other in found)}


def _credentials(settings: Settings) -> Iterator[str]:
    """Those that greenroom.toml reads from systemd's folder; an example where it reads none there."""
    files = [site.password_file for site in settings.sites.values()] + [settings.catalog_password_file]
    names = sorted({file.name for file in files if file is not None and file.parent == _CREDENTIALS})
    yield f'# Passwords: `password_file = "{_CREDENTIALS}/NAME"` in greenroom.toml reads what is loaded here.'
    if not names:
        yield "#LoadCredential=NAME:/etc/greenroom/NAME"
    for name in names:
        yield f"LoadCredential={_setting(f'{name}:/etc/greenroom/{name}')}"
    yield "# Secrets as ${NAME}: a file of mode 0600 with lines NAME=VALUE."
    yield "#EnvironmentFile=/etc/greenroom/environment"


def _any_below(paths: Iterable[Path], folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for path in paths for folder in folders)


def _paths(paths: Iterable[Path], *, optional: bool = False) -> str:
    return " ".join(_setting(f"{'-' if optional else ''}{path}") for path in paths)


def _argument(path: Path) -> str:
    """A word of a command line, where a $ is a variable too."""
    return _setting(str(path)).replace("$", "$$")


def _setting(text: str) -> str:
    """A word of a setting, whatever it holds: quoted as systemd reads it, % doubled."""
    if text and all(letter in _PLAIN for letter in text):
        return text
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '\\"':
        return f"\\{letter}"
    if letter == "%":
        return "%%"
    if letter.isprintable():
        return letter
    return "".join(f"\\x{byte:02x}" for byte in letter.encode(errors="surrogateescape"))


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
