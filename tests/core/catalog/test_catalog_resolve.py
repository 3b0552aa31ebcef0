"""How a person names a backup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.catalog import BackupRecord, Catalog, FoundBackup
from core.errors import ExitCode, UsageError

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Make = Callable[..., BackupRecord]


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    """Names that try to be something else; the same name in two sites."""
    for minute, (site, name) in enumerate(
        [
            ("app", "backup_20260301_120000"),
            ("app", "shared"),
            ("shop", "shared"),
            ("app", "123"),
            ("app", "latest"),
            ("app", "dotted.name"),
            ("shop", "newest"),
        ]
    ):
        catalog.insert_found(
            FoundBackup(
                name=name,
                site=site,
                kind="snapshot",
                created_at=NOON + timedelta(minutes=minute),
                created_by="ada",
                completed_at=NOON,
                role="manual",
            )
        )
    return catalog


@pytest.mark.parametrize(
    ("reference", "site", "found"),
    [
        ("1", None, "app/backup_20260301_120000"),
        ("1", "app", "app/backup_20260301_120000"),
        ("0001", None, "app/backup_20260301_120000"),
        ("app/1", None, "app/backup_20260301_120000"),
        ("backup_20260301_120000", None, "app/backup_20260301_120000"),
        ("backup_20260301_120000.zip", None, "app/backup_20260301_120000"),
        ("app/backup_20260301_120000.zip", "app", "app/backup_20260301_120000"),
        ("shop/shared", None, "shop/shared"),
        ("shared.zip", "app", "app/shared"),
        ("123.zip", None, "app/123"),
        ("latest.zip", None, "app/latest"),
        ("latest", "shop", "shop/newest"),
        ("app/latest", None, "app/dotted.name"),
        ("dotted.name", None, "app/dotted.name"),
        ("dotted.name.zip", None, "app/dotted.name"),
    ],
)
def test_a_backup_is_found_by_id_name_or_latest(filled: Catalog, reference: str, site: str | None, found: str) -> None:
    record = filled.resolve(reference, site)
    assert f"{record.site}/{record.name}" == found


@pytest.mark.parametrize(
    ("reference", "site", "message"),
    [
        ("shared", None, "several sites have a backup shared: app/shared, shop/shared"),
        ("latest", None, "several sites have a backup latest: app/latest, shop/latest"),
        ("123", None, "there is no backup 123"),
        ("1", "shop", "there is no backup 1 of shop"),
        ("shop/1", None, "there is no backup 1 of shop"),
        ("app/1", "shop", "app/1 is not of the site shop"),
        ("latest", "none", "there is no completed backup of none"),
        ("Shared", "app", "there is no backup Shared of app"),
        ("shared.zip.zip", "app", "there is no backup shared.zip.zip of app"),
        ("", None, "there is no backup ''"),
        ("/", None, "there is no backup '' of ''"),
        ("app/", None, "there is no backup '' of app"),
        ("../../etc/passwd", None, "there is no backup ../etc/passwd of .."),
        ("9" * 5000, None, f"there is no backup '{'9' * 80}'"),
        ("99999999999999999999", None, "there is no backup 99999999999999999999"),
        ("9999999999999999999", None, "there is no backup 9999999999999999999"),
        ("٣", None, "there is no backup ٣"),
        ("one\n\x1b[31mtwo", None, "there is no backup 'one??[31mtwo'"),
        ("\udc80\0", None, r"there is no backup '\\udc80\\x00'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(
    filled: Catalog, reference: str, site: str | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        filled.resolve(reference, site)
    assert caught.value.message == message
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_latest_needs_no_site_where_only_one_has_backups(catalog: Catalog, complete: Make, begin: Make) -> None:
    with pytest.raises(UsageError, match="there is no completed backup") as caught:
        catalog.resolve("latest")
    assert "greenroom backup SITE" in caught.value.hint
    complete("one")
    begin("of_shop", "shop")
    assert catalog.resolve("latest").name == "one"


def test_a_running_or_failed_backup_can_be_named(catalog: Catalog, begin: Make) -> None:
    running = begin("one")
    assert catalog.resolve("one") == running
    failed = catalog.fail_backup(running.id, "disk full")
    assert catalog.resolve(str(failed.id)) == failed


def test_many_candidates_are_not_all_listed(catalog: Catalog, begin: Make) -> None:
    for number in range(12):
        begin("one", f"site{number:02}")
    with pytest.raises(UsageError, match=r"site09/one and 2 more$"):
        catalog.resolve("one")


@settings(
    derandomize=True, max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.text(alphabet=st.characters(), max_size=40),
        st.from_regex(r"(app|shop|no)?/?(latest|shared|[0-9]{1,25}|dotted.name)(\.zip){0,3}", fullmatch=True),
    ),
    st.sampled_from([None, "app", "shop", "no", "", "\0"]),
)
@example("%", None)
@example("_", "app")
def test_any_reference_is_a_backup_or_a_usage_error(filled: Catalog, reference: str, site: str | None) -> None:
    refused = None
    try:
        record = filled.resolve(reference, site)
    except UsageError as error:
        refused = error
    if refused is None:
        assert record in filled.backups(record.site)
        assert site in (None, record.site)
    else:
        assert refused.message.isprintable()
        assert len(refused.message) < 600


def test_every_listed_backup_can_be_named_in_every_way(filled: Catalog) -> None:
    for record in filled.backups():
        whole = f"{record.site}/{record.name}.zip"
        for found in (
            filled.resolve(str(record.id)),
            filled.resolve(whole),
            filled.resolve(f"{record.name}.zip", record.site),
        ):
            assert found == record
