"""What commands that edit data as JSON share: texts in and out, differences, and the shape of their results."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from cli.options import Options
from cli.output import Json, discard, emit, emit_json, error_object, remark, tell_error
from core.context import Context
from core.documents import Problem, said_changes, said_meeting, said_path
from core.edits import Comparison, ConflictError, DraftHead, EntryHead, NotPublishedError, Replaced
from core.errors import GreenroomError, UsageError
from core.forms import AmbiguousError, Answers, Written
from core.library.exchange.files import ZIP_MAGIC, read_file
from core.library.exchange.reading import MOST_BYTES
from core.reports import format_age
from core.words import plural, printable

P = ParamSpec("P")

STANDARD_STREAM = "-"
_MOST_REPLACED = 20

on_conflict_option = click.option(
    "--on-conflict",
    type=click.Choice(["stop", "ours", "theirs"]),
    default="stop",
    show_default=True,
    help="What wins where somebody else changed the same since: nothing, the draft, what is live.",
)
answer_option = click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="KIND:NAME=ID",
    help="Who is meant by a name that several have: person:NAME=ID, or person:NAME=new.",
)
source_option = click.option(
    "--source", "origin", type=click.Choice(["manual", "llm-generated", "tmdb"]), help="Where the data comes from."
)
merge_lists_option = click.option(
    "--merge-lists", is_flag=True, help="Lists change the items with the same key and add the others."
)
publish_option = click.option("--publish", "at_once", is_flag=True, help="Make it live at once.")
output_option = click.option(
    "-o",
    "--output",
    metavar="FILE|DIR|-",
    help="Where to: a file, a folder for it, or - for standard output.",
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace the file that is there.")


def telling_results(
    function: Callable[Concatenate[Options, P], int | None],
) -> Callable[Concatenate[Options, P], int | None]:
    """Let a command's error be a result with --json, in the shape that its results have."""

    def told(options: Options, /, *args: P.args, **kwargs: P.kwargs) -> int | None:
        try:
            return function(options, *args, **kwargs)
        except GreenroomError as error:
            if not options.as_json:
                raise
            emit_json(options, failure(error))
            tell_error(error)
            return int(error.exit_code)

    return update_wrapper(told, function)


def success(message: str, updated_fields: Iterable[str] = (), **more: object) -> Json:
    """Return a result in the shape of all of them."""
    return {"success": True, "message": message, "updated_fields": list(updated_fields), "errors": [], **more}


def failure(error: GreenroomError) -> Json:
    """Return an error in the shape of results; `errors` has each problem, question or conflict."""
    shape: Json = {"success": False, "updated_fields": [], "errors": errors_of(error)}
    told = {**error_object(error), "message": error.message, "hint": error.hint}
    told.pop("problems", None)
    return {**shape, **told}


def errors_of(error: GreenroomError) -> list[Json]:
    """Return each thing that an error tells, as JSON."""
    problems = getattr(error, "problems", ())
    if problems:
        return [problem_object(problem) for problem in problems]
    if isinstance(error, AmbiguousError):
        return [
            {
                "message": str(question),
                "path": said_path(question.paths[0]),
                "kind": question.kind,
                "wanted": question.wanted,
                "candidates": [{"id": one.id, "name": one.name, "about": one.about} for one in question.candidates],
            }
            for question in error.questions
        ]
    if isinstance(error, NotPublishedError):
        return [
            {"message": each.message, "form": subject.form, "key": subject.key}
            for subject, each in error.by_subject.items()
        ]
    if isinstance(error, ConflictError):
        return [{"message": line} for line in difference_lines(error.comparison)]
    return [{"message": error.message}]


def problem_object(problem: Problem) -> Json:
    """Return a problem as JSON; line and column are null where its text is not known."""
    start = problem.span.start if problem.span else None
    return {
        "message": str(problem),
        "path": said_path(problem.path),
        "line": start.line if start else None,
        "column": start.column if start else None,
        "found": problem.found,
        "allowed": problem.allowed,
    }


def difference_lines(comparison: Comparison) -> list[str]:
    """Return what would change, a line each; in a conflict what both sides did."""
    if not comparison.conflict:
        return said_changes(comparison.changes)
    if not comparison.base_known:
        head = "nobody knows which state this was made from; beside what is live:"
        return [head, *said_changes(comparison.changes)]
    head = "somebody else changed it since; here is the draft, there what is live:"
    return [head, *(line for meeting in comparison.meetings for line in said_meeting(meeting))]


def changes_object(comparison: Comparison) -> Json:
    """Return a difference as JSON."""
    return {
        "changes": said_changes(comparison.changes),
        "conflict": comparison.conflict,
        "meetings": [said_meeting(meeting) for meeting in comparison.meetings],
    }


NOTHING_TO_PUBLISH = "nothing to publish: it changes nothing of what it was made from, or of what is live"


@contextmanager
def telling_replaced(options: Options, context: Context) -> Iterator[Replaced]:
    """Give what notes the drafts that others take the place of, and tell of them when the block is left."""
    gone: list[str] = []
    count = 0

    def note(head: DraftHead) -> None:
        nonlocal count
        count += 1
        if count <= _MOST_REPLACED:
            age = format_age(context.clock() - head.updated_at)
            gone.append(f"in place of the draft of {head.subject} that {printable(head.updated_by)} made {age}")

    yield note
    remark(options, *gone, *([f"and of {plural(count - len(gone), 'draft')} more"] if count > len(gone) else []))


def tell_written(options: Options, written: Written) -> None:
    """Say which keys changed, and who and what was matched or created."""
    for change in written.changes:
        emit(f"  {change.field}: {change.words}")
    remark(options, *(f"  {note}" for note in written.notes))


def draft_object(draft: DraftHead) -> Json:
    """Return a draft without its data as JSON."""
    return {
        "form": draft.subject.form,
        "key": draft.subject.key,
        "source": draft.source,
        "base_revision": draft.base_revision,
        "updated_by": draft.updated_by,
        "updated_at": draft.updated_at.isoformat(),
    }


def entry_object(entry: EntryHead) -> Json:
    """Return a line of the log as JSON."""
    return {
        "id": entry.id,
        "form": entry.subject.form,
        "key": entry.subject.key,
        "status": entry.status,
        "source": entry.source,
        "fields": list(entry.fields),
        "notes": list(entry.notes),
        "by": entry.by,
        "at": entry.at.isoformat(),
        "reverts": entry.reverts,
        "reverted_by": entry.reverted_by,
    }


def answers_of(given: Sequence[str]) -> Answers:
    """Return answers as they are typed, `person:Jane Doe=nm1` or `person:Jane Doe=new`; raise UsageError."""
    answers: dict[tuple[str, str], str | None] = {}
    for text in given:
        kind, colon, rest = text.partition(":")
        name, equals, answer = rest.rpartition("=")
        if not (colon and equals and kind and name and answer):
            raise UsageError(
                f"the answer {printable(text)} cannot be read", hint="as in person:Jane Doe=nm1, or person:Jane Doe=new"
            )
        answers[kind, name] = None if answer == "new" else answer
    return answers


def read_text(source: str) -> bytes:
    """Return what a file holds, or standard input for `-`; raise UsageError where it is too long to be an envelope."""
    if source == STANDARD_STREAM:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UsageError(
                f"standard input holds more than {MOST_BYTES >> 20} MiB",
                hint="nothing was changed; one category is given at a time, or many in a ZIP file",
            )
        if data.startswith(ZIP_MAGIC):
            raise UsageError("standard input holds a ZIP file", hint="name it as a file: it is not read from its start")
        return data
    try:
        return read_file(Path(source))
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error


def write_text(content: bytes) -> None:
    """Write the bytes of a document to standard output as they are; raise GreenroomError where it takes no more."""
    raw = getattr(sys.stdout, "buffer", None)
    try:
        sys.stdout.flush()
        if raw is None:
            sys.stdout.write(content.decode())
        else:
            raw.write(content)
            raw.flush()
    except BrokenPipeError:
        raise  # who has read enough closes the pipe
    except OSError as error:
        discard(sys.stdout)
        raise GreenroomError(
            f"standard output takes no more: {error.strerror}", hint="what is there of the document is not whole"
        ) from error


def place_of(output: str, name: str) -> Path:
    """Return the file that `--output` means; a folder gets one of this name."""
    path = Path(output)
    is_folder = os.path.isdir(path)  # noqa: PTH112  # unlike `is_dir` false for a name that nobody can look up
    return path / name if is_folder or output.endswith("/") else path
