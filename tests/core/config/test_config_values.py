"""What greenroom.toml may say, key by key, and the words for what it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.config import InvalidConfigError, Settings, load_settings
from core.config.load import system_zone
from core.errors import ConfigError, UsageError

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'
Write = Callable[..., Path]
Load = Callable[..., Settings]
Refused = Callable[..., str]

FULL = """
state = "/var/lib/greenroom"
storage = "/var/backups/greenroom"

[sites.app]
database = "sqlite:////srv/app/app.db"
files = ["/srv/app/uploads"]
exclude = ["*.tmp"]
exclude_tables = ["sessions"]
time_zone = "Europe/Berlin"
version_command = "app --version"
max_archive_bytes = "20 GiB"
"""


def test_the_documented_example(write: Write) -> None:
    path = write(FULL)
    settings = load_settings(path, environ={})
    assert settings.source == path
    assert settings.state == Path("/var/lib/greenroom")
    assert settings.storage == Path("/var/backups/greenroom")
    assert settings.catalog is None
    site = settings.site("app")
    assert site.name == "app"
    assert site.database == "sqlite:////srv/app/app.db"
    assert site.engine == "sqlite"
    assert site.sqlite_path == Path("/srv/app/app.db")
    assert site.files == {"": Path("/srv/app/uploads")}
    assert site.exclude == ("*.tmp",)
    assert site.exclude_tables == ("sessions",)
    assert site.time_zone == ZoneInfo("Europe/Berlin")
    assert (site.version, site.version_command) == (None, "app --version")
    assert site.max_archive_bytes == 20 * 2**30


def test_what_may_be_left_out(load: Load) -> None:
    site = load().site("app")
    assert site.files == {}
    assert site.exclude == site.exclude_tables == ()
    assert site.version is site.version_command is None
    assert site.max_archive_bytes == 100 * 2**30
    assert site.time_zone == system_zone()


def test_an_unknown_site_is_told_with_the_known_ones(load: Load) -> None:
    settings: Settings = load()
    with pytest.raises(UsageError, match="no site 'ap'") as caught:
        settings.site("ap")
    assert caught.value.hint == "did you mean app? (sites: app)"
    with pytest.raises(UsageError) as caught:
        settings.site("zzz")
    assert caught.value.hint == "sites: app"


def test_paths_are_relative_to_the_file(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = write(
        'state = "~/state"\nstorage = "../beside"\ncatalog = "sqlite:///own/catalog.db"\n'
        '[sites.app]\ndatabase = "sqlite:///~/app.db"\nfiles = {uploads = "up", media = "/srv/media"}\n',
        tmp_path / "folder" / "greenroom.toml",
    )
    settings = load_settings(path, environ={}, cwd=Path("/"))
    assert settings.state == tmp_path / "home" / "state"
    assert settings.storage == tmp_path / "beside"
    assert settings.catalog == f"sqlite:///{tmp_path}/folder/own/catalog.db"
    site = settings.site("app")
    assert site.sqlite_path == tmp_path / "home" / "app.db"
    assert site.files == {"uploads": tmp_path / "folder" / "up", "media": Path("/srv/media")}


def test_a_path_with_dots_after_a_link_means_what_the_system_means(write: Write, tmp_path: Path) -> None:
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far/deep")
    path = write(f'state = "state"\nstorage = "link/../backups"\n{SITE}')
    assert load_settings(path, environ={}).storage == tmp_path / "far" / "backups"


def test_a_driver_of_the_applications_is_accepted(write: Write, tmp_path: Path) -> None:
    path = write(TOP + '[sites.app]\ndatabase = "sqlite+aiosqlite:///app.db"\n')
    assert load_settings(path, environ={}).site("app").sqlite_path == tmp_path / "app.db"


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("sqlite://", "is a database in memory"),
        ("sqlite:///", "is a database in memory"),
        ("sqlite:///:memory:", "is a database in memory"),
        ("sqlite://host/app.db", "needs three slashes"),
        ("sqlite:///app.db?mode=memory", "has options"),
        ("sqlite:///file:app.db", "has options"),
        ("sqlite:///${HOME}/app.db", r"${...} is for passwords only"),
        ("sqlite+pysqlcipher:///app.db", "names the driver pysqlcipher"),
        ("sqlite:///~root/app.db", "another user's ~"),
        ("sqlite:///a\\u0000b", "cannot be printed"),
        ("/srv/app.db", "is not a database URL"),
        ("", "is not a database URL"),
        ("oracle://u:hunter2@h/db", "Oracle is not a supported kind of database"),
        ("postgresql://u:hunter2@h:port/db", "is not a database URL that SQLAlchemy knows"),
        ("mariadb://u:${A B}hunter2@h/db", "holds a ${ that is not ${NAME}"),
        ("sqllite:///app.db", '"sqllite" is not a supported kind of database (did you mean "sqlite"?)'),
    ],
)
def test_a_database_that_cannot_be(refused: Refused, url: str, wrong: str) -> None:
    message = refused(f'{TOP}[sites.app]\ndatabase = "{url}"\n')
    assert "sites.app.database: " in message
    assert wrong in message
    assert "allowed: " in message
    assert "sqlite:///" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('files = "uploads"', "sites.app.files: is neither a list nor a table"),
        ('files = ["a", "b"]', "sites.app.files: lists 2 folders without naming them"),
        ("files = [7]", "sites.app.files: is a whole number"),
        ('files = {"" = "a"}', "sites.app.files: has a folder without a name"),
        ('files = {"../a" = "a"}', 'sites.app.files."../a": is not a name that can be used for a folder'),
        ('files = ["~root/a"]', 'sites.app.files: the path "~root/a" begins with another user\'s ~'),
        ('files = [" "]', 'sites.app.files: the path " " is empty'),
        ('files = {a = "x\\ny"}', 'sites.app.files.a: the path "x\\ny" holds characters that cannot be printed'),
        ("exclude = 3", "sites.app.exclude: is a whole number; allowed: a list"),
        ('exclude = ["ok", ""]', "sites.app.exclude, entry 2: is empty"),
        ('exclude = ["/abs"]', 'sites.app.exclude, entry 1: "/abs" would never match'),
        ('exclude = ["cache/"]', 'sites.app.exclude, entry 1: "cache/" would never match'),
        ('exclude_tables = [""]', "sites.app.exclude_tables, entry 1: is empty"),
        ("exclude_tables = [true]", "sites.app.exclude_tables, entry 1: is true or false"),
        ('time_zone = "Europe/Berln"', '(did you mean "Europe/Berlin"?)'),
        ('time_zone = "../../etc/passwd"', '"../../etc/passwd" is not a known time zone'),
        ('time_zone = "Europe"', '"Europe" is not a known time zone'),
        ("time_zone = 2020-01-01", "sites.app.time_zone: is a date or time; allowed: text in quotes"),
        ("version = 1.4", "sites.app.version: is a number; allowed: text in quotes"),
        ('version = ""', "sites.app.version: is empty"),
        (f'version = "{"9" * 201}"', "sites.app.version: is longer than 200 letters"),
        ('version_command = ""', "sites.app.version_command: is empty"),
        ('version_command = "app \'"', "sites.app.version_command: is no command: no closing quotation"),
        ("version_command = \"''\"", "sites.app.version_command: is no command: the command is empty"),
        ('version_command = "a"\nversion = "1"', "sites.app.version_command: stands beside version; allowed: one of"),
        ('max_archive_bytes = "20 GoB"', '"20 GoB" is not a size; allowed: bytes, or a number and a unit'),
        ("max_archive_bytes = 0", "sites.app.max_archive_bytes: is out of range"),
        ("max_archive_bytes = -5", "sites.app.max_archive_bytes: is out of range"),
        ('max_archive_bytes = "99999999999 TiB"', "sites.app.max_archive_bytes: is out of range"),
        ("max_archive_bytes = true", "sites.app.max_archive_bytes: is not a size"),
        ("max_archive_bytes = 1.5", "sites.app.max_archive_bytes: is not a size"),
        ('file = ["a"]', 'sites.app.file: unknown key (did you mean "files"?); allowed: database, files, exclude'),
        ('"\\u001b[31m" = 1', 'sites.app."\\u001b[31m": unknown key'),
        ('password_file = "p"', "sites.app.password_file: an SQLite database has no password"),
        ('password_command = "p"', "sites.app.password_command: an SQLite database has no password"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(refused: Refused, line: str, expected: str) -> None:
    assert expected in refused(f"{TOP}{SITE}{line}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "state: is missing"),
        (f'storage = "b"\n{SITE}', "state: is missing; allowed: a folder"),
        (TOP, "sites: is missing; allowed: a table [sites.NAME]"),
        (f"{TOP}sites = {{}}\n", "sites: names no site"),
        (f"{TOP}sites = 3\n", "sites: is a whole number; allowed: a table"),
        (f"{TOP}[sites]\napp = 3\n", "sites.app: is a whole number; allowed: a table"),
        (f"{TOP}[sites.app]\n", "sites.app.database: is missing; allowed: sqlite:///"),
        (f'{TOP}[sites.App]\ndatabase = "sqlite:///a.db"\n', "sites.App: is not a name that can be used"),
        (f'{TOP}[sites."../x"]\ndatabase = "sqlite:///a.db"\n', 'sites."../x": is not a name that can be used'),
        (f'{TOP}[sites.{"a" * 64}]\ndatabase = "sqlite:///a.db"\n', "is not a name that can be used"),
        (f"{TOP}{SITE}[site.other]\n", 'site: unknown key (did you mean "sites"?)'),
        (f'state = 1\nstorage = "b"\n{SITE}', 'state: is a whole number; allowed: text in quotes ("...")'),
        (f"_env_file = '/etc/hostname'\n{TOP}{SITE}", "_env_file: unknown key"),
        (f"document = 1\n{TOP}{SITE}", "document: unknown key"),
        (f'State = "x"\n{TOP}{SITE}', 'State: unknown key (did you mean "state"?)'),
        (f"{TOP}{'a.' * 300}b = 1\n{SITE}", "a: unknown key"),
        (f'catalog = "nothing"\n{TOP}{SITE}', "catalog: is not a database URL"),
        (f'catalog = "sqlite://"\n{TOP}{SITE}', "catalog: is a database in memory"),
        (f'catalog = "nosuch://u:hunter2@h/db"\n{TOP}{SITE}', "catalog: is not a database URL that SQLAlchemy knows"),
        (f'catalog = "postgresql://u:hunter2@h:x/db"\n{TOP}{SITE}', "catalog: is not a database URL that SQLAl"),
        (f'catalog = "postgresql://u:${{A B}}@h/db"\n{TOP}{SITE}', "catalog: holds a ${ that is not ${NAME}"),
        (f'catalog_password_file = "x"\n{TOP}{SITE}', "catalog_password_file: an SQLite database has no password"),
    ],
)
def test_a_wrong_whole(refused: Refused, text: str, expected: str) -> None:
    message = refused(text)
    assert expected in message
    assert "hunter2" not in message


def test_a_password_told_twice_is_refused(refused: Refused) -> None:
    two = 'catalog_password_file = "f"\ncatalog_password_command = "c"\n'
    message = refused(f'catalog = "postgresql://u@h/db"\n{two}{TOP}{SITE}')
    assert "catalog_password_command: stands beside catalog_password_file" in message
    message = refused(f'catalog = "postgresql://u:${{PW}}@h/db"\ncatalog_password_file = "f"\n{TOP}{SITE}')
    assert "catalog_password_file: the URL holds a password already" in message


def test_all_problems_are_told_at_once(write: Write) -> None:
    """Also those between two keys, beside a key that is wrong by itself, and nothing of a secret."""
    path = write(
        'state = "state"\nstorage = "uploads/backups"\nstoragge = 1\n'
        '[sites.app]\ndatabase = "sqlite:///app.db"\nfiles = ["uploads"]\n'
        '[sites.shop]\ndatabase = "oracle://u:hunter2@h/db"\nversion = 1\nversion_command = "v"\n'
    )
    with pytest.raises(InvalidConfigError) as caught:
        load_settings(path, environ={})
    error = caught.value
    assert error.message.startswith(f"{path} has 5 problems:\n  ")
    assert {problem.key for problem in error.problems} == {
        "storagge",
        "sites.shop.database",
        "sites.shop.version",
        "sites.shop.version_command",
        "sites.app.files",
    }
    assert error.source == path
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "hunter2" not in repr(error) + str(error)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'state = "x"\nstorage = \n', "is not valid TOML: .*line 2"),
        (b'state = "x"\nstate = "y"\n', "is not valid TOML: .*line 2"),
        (b'state = "x"\n\xff\n', r"is not UTF-8 text \(at line 2\)"),
        (b"a = " + b"[" * 100_000, "is nested too deeply"),
        (b"a = " + b"9" * 5000, "is not valid TOML"),
    ],
)
def test_what_is_no_toml(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "greenroom.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=expected) as caught:
        load_settings(path, environ={})
    assert str(path) in caught.value.message


def test_the_systems_zone(tmp_path: Path) -> None:
    """It is named by what /etc/localtime links to; anything else is UTC."""
    link = tmp_path / "localtime"
    assert system_zone(link) == ZoneInfo("UTC")
    for target, expected in [
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/No/Such", "UTC"),
        ("/somewhere/else", "UTC"),
    ]:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert system_zone(link) == ZoneInfo(expected)
