"""restore --into: a portable backup into an empty database that is no site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.ask import ask_for_word, require_person
from cli.opening import backup_and_site
from cli.options import Options
from cli.output import Json, emit, emit_json, remark, table, warn
from cli.preview import loss_lines
from cli.work import working
from core.context import Context
from core.errors import ExitCode
from core.reports import backup_report
from core.restore.address import parse_address
from core.restore.elsewhere import (
    ElsewhereOutcome,
    ElsewherePreview,
    inspect_elsewhere,
    restore_elsewhere,
)
from core.words import plural, printable


def restore_into(
    options: Options,
    context: Context,
    words: tuple[str, str | None, str],
    tables: Sequence[str],
    files_into: Path | None,
    *,
    now: bool,
    yes: bool,
) -> int:
    """Restore a backup into the database of a URL, or only say what that would bring there; return the exit code.

    `words` are the backup, the site that it is of, and the URL, as they were typed.
    """
    backup, site, url = words
    into = parse_address(url, Path.cwd())
    folder = None if files_into is None else Path.cwd() / files_into
    record, its_site = backup_and_site(context, backup, site)
    preview = None
    if not now or require_person(yes=yes):
        with working(options) as reporter:
            preview = inspect_elsewhere(context, its_site, record, into, reporter, tables, folder)
    if not now and preview is not None:
        if options.as_json:
            _tell(options, context, preview, None)
        else:
            emit(*_preview_lines(preview))
            remark(options, "", "nothing was changed")
        return ExitCode.DONE
    if preview is not None:
        warn(*_preview_lines(preview), "")
        ask_for_word("Type the name of the database to fill", into.name)
    with working(options) as reporter:
        outcome = restore_elsewhere(context, its_site, record, into, reporter, tables, folder)
    if options.as_json:
        _tell(options, context, preview, outcome)
    else:
        emit(
            f"{outcome.into.shown} holds {record.name}: {plural(outcome.tables, 'table')} with "
            f"{plural(outcome.records, 'row')}, counted and compared",
            *([f"{folder} holds {plural(outcome.files, 'file')}"] if folder is not None else []),
        )
    return ExitCode.DONE


def _preview_lines(preview: ElsewherePreview) -> list[str]:
    lines = [
        f"restore  {preview.backup.site}/{preview.backup.name}, of {preview.source}",
        f"into     {preview.into.shown}, {preview.engine}, empty now",
        *([f"files    {plural(preview.files, 'file')} into {preview.files_into}"] if preview.files_into else []),
        "",
        *table(("TABLE", "ROWS"), [(printable(name), str(rows)) for name, rows in preview.tables.items()], right=[1]),
    ]
    lines += ["", "What cannot be kept exactly:" if preview.losses else "Everything can be kept exactly."]
    lines += [f"  {line}" for line in loss_lines(preview.losses)]
    return [*lines, "", "Good to know:", *(f"  {printable(notice)}" for notice in preview.notices)]


def _tell(
    options: Options, context: Context, preview: ElsewherePreview | None, outcome: ElsewhereOutcome | None
) -> None:
    shown: Json = {"mode": "dry-run" if outcome is None else "now", "preview": None, "pending": None, "outcome": None}
    if preview is not None:
        shown["preview"] = {
            "into": preview.into.shown,
            "backup": backup_report(preview.backup, context.store),
            "files_into": None if preview.files_into is None else str(preview.files_into),
            "files": preview.files,
            "engine": preview.engine,
            "tables": [{"name": name, "rows": rows} for name, rows in preview.tables.items()],
            "losses": [{"table": one.table, "column": one.column, "what": one.what} for one in preview.losses],
            "notices": list(preview.notices),
        }
    if outcome is not None:
        shown["outcome"] = {
            "into": outcome.into.shown,
            "action": "restore",
            "backup": outcome.backup.name,
            "tables": outcome.tables,
            "records": outcome.records,
            "files_into": None if outcome.files_into is None else str(outcome.files_into),
            "files": outcome.files,
            "losses": [{"table": one.table, "column": one.column, "what": one.what} for one in outcome.losses],
        }
    emit_json(options, shown)
