"""What an import, a restore or an undo of a user's library did, or would do, in words and as JSON."""

from __future__ import annotations

from cli.library_user import House
from cli.output import Json, table
from core.errors import ExitCode
from core.library.transfer import Copy, ImportReport, UserRow
from core.library.transfer.words import COUNTED, counted_rows, lost_lines, refused_lines, remark_lines
from core.library.users import Done

__all__ = ["copy_object", "done_object", "exit_code_of", "lost_lines", "refused_lines", "report_lines", "user_object"]


def report_lines(report: ImportReport) -> list[str]:
    """Return what was done with each kind of record, and what a person should know of single ones."""
    counted = table(("", *COUNTED), counted_rows(report), right=range(1, 1 + len(COUNTED)))
    return [*counted, *remark_lines(report)]


def exit_code_of(report: ImportReport) -> ExitCode:
    """Records that were refused make it done in part; where they keep all of it back, it failed. So does a dry run."""
    if report.success:
        return ExitCode.DONE
    return ExitCode.FAILED if report.kept_back else ExitCode.PARTLY_DONE


def _report_object(house: House, user: UserRow, report: ImportReport) -> Json:
    """Return the report as JSON, with whose library it is about."""
    return {"site": house.site.name, "user": user_object(user), **report.as_json()}


def done_object(house: House, user: UserRow, done: Done) -> Json:
    """Return what was done as JSON: the report, the copy from before, and what else there is to know."""
    return {
        **_report_object(house, user, done.report),
        "safety": copy_object(done.safety),
        "remarks": list(done.notes),
    }


def user_object(user: UserRow) -> Json:
    """Return who a user is as JSON."""
    return {"id": user.id, "username": user.username}


def copy_object(copy: Copy | None) -> Json | None:
    """Return a copy of a library as JSON; `created_at` is in Unix seconds."""
    if copy is None:
        return None
    return {
        "filename": copy.file_name,
        "created_at": copy.created_at,
        "size_bytes": copy.size_bytes,
        "day": copy.day.isoformat() if copy.day else None,
    }
