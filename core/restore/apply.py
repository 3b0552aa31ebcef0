"""Apply a staged restore, or finish one that was interrupted: old or new, never between.

The steps are those of docs/atomicity.md, "Apply".
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path

from core.backup import BackupRequest, back_up_held
from core.config import Site
from core.context import Context
from core.databases.sqlite import (
    DatabaseDamagedError,
    DatabaseMissingError,
    count_database,
    database_files,
    hold_exclusively,
    probe_database,
)
from core.errors import BusyError, CancelledError, GreenroomError, VerificationError
from core.holders import find_holders
from core.progress import Reporter
from core.recovery import discard_unannounced, tidy
from core.restore.build import build_database
from core.restore.digest import count_path, digest_path
from core.restore.finish import Outcome, finish_new, finish_old
from core.restore.marker import DATABASE, Marker, Phase, Target, as_staged, marker_path, read_marker, write_marker
from core.restore.server import (
    back_up_before,
    change_of,
    finish_on_server,
    refuse_connections,
    refuse_other_database,
    switching,
)
from core.restore.switch import move_back, move_in, move_out, plan_moves
from core.restore.targets import blocking_reasons, plan_targets
from core.tree import UnreadableTreeError


class _HolderFoundError(BusyError):
    """Somebody still had the old database open when it was moved aside."""


def apply_restore(context: Context, site: Site, reporter: Reporter) -> Outcome | None:
    """Make the site what its staged restore says, or finish an interrupted one; None where nothing is pending.

    Raise BusyError with nothing changed where somebody has the database open; raise what made the restore fail
    after the site is the old one again.
    """
    context.require_writable("apply a restore")
    path = marker_path(context, site)
    if read_marker(path) is None:
        return None  # also while another verb works on the site, and where the storage is missing
    with context.lock(site, "apply"):
        discard_unannounced(context, site)
        marker = read_marker(path)
        if marker is None:
            return None
        if not marker.changed_site:  # a half-done switch is finished without the storage, too
            tidy(context, site)
        return apply_held(context, site, marker, reporter)


def apply_held(context: Context, site: Site, marker: Marker, reporter: Reporter, *, fresh: bool = False) -> Outcome:
    """As `apply_restore`, with the site's lock held; what is `fresh` was staged under it, and is not read again."""
    try:
        if marker.database is not None:
            refuse_other_database(site, marker)
            return _apply_on_server(context, site, marker, reporter, fresh=fresh)
        if marker.phase is Phase.STAGED:
            return _apply_staged(context, site, marker, reporter, fresh=fresh)
        if marker.phase is Phase.SWITCHED:
            return finish_new(context, site, marker)
        _refuse_holders(_databases(marker))
        if marker.phase is Phase.SWITCHING:
            return _resume_switch(context, site, marker, reporter)
        return finish_old(context, site, marker, reporter)
    except OSError as error:
        raise GreenroomError(
            f"{marker.action} of {site.name}, phase {marker.phase}: {error}",
            hint=f"do not start the application; clear the cause, then `greenroom apply {site.name}` finishes it",
        ) from error


def refuse_open_database(site: Site) -> None:
    """Raise BusyError naming them where other processes have the site's database open."""
    if site.sqlite_path is not None:
        _refuse_holders([site.sqlite_path], hint="stop the application, then try again")
    else:
        refuse_connections(site)


def _resume_switch(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Outcome:
    """Where no name was moved yet, the site may have been in use since: begin anew, with a safety backup of now.

    Where only some were moved, what was written since went with them: then they are set aside as they are.
    """
    path = marker_path(context, site)
    if not any(move.done for move in marker.moves):
        write_marker(context, path, as_staged(marker))
        tidy(context, site)
        return _apply_staged(context, site, as_staged(marker), reporter, fresh=False)
    if not all(move.done for move in marker.moves if move.way == "out"):
        marker = write_marker(context, path, marker.but(set_aside=True))
    return _switch(context, site, marker, reporter)


def _apply_staged(context: Context, site: Site, marker: Marker, reporter: Reporter, *, fresh: bool) -> Outcome:
    with ExitStack() as held:
        try:
            _refuse_other_targets(site, marker)
            _refuse_blocked(marker)
            if not fresh:
                _check_staging(marker, reporter)
            marker = _keep_present(context, site, marker, reporter, held)
        except (BusyError, CancelledError):
            raise
        except (GreenroomError, OSError) as error:
            raise _go_back(context, site, marker, reporter, error) from error
        switching = marker.but(phase=Phase.SWITCHING, moves=plan_moves(marker.targets))
        write_marker(context, marker_path(context, site), switching)
        return _switch(context, site, switching, reporter, held)


def _apply_on_server(context: Context, site: Site, marker: Marker, reporter: Reporter, *, fresh: bool) -> Outcome:
    """Of a switch that was interrupted the database tells whether it came to its commit; if not it is begun anew."""
    if marker.phase is Phase.REVERTING:
        return finish_old(context, site, marker, reporter)
    change = change_of(context, site, marker)
    if marker.phase is Phase.SWITCHED or (marker.phase is Phase.SWITCHING and change.is_done()):
        return finish_on_server(context, site, marker)
    if marker.phase is Phase.SWITCHING:
        change.take_back()
        move_back(marker.moves, context.disk)
        marker = write_marker(context, marker_path(context, site), as_staged(marker))
        tidy(context, site)
        fresh = False
    try:
        _refuse_other_targets(site, marker)
        _refuse_blocked(marker)
        if not fresh:
            _check_staging(marker, reporter)
        refuse_connections(site)
        marker = back_up_before(context, site, marker, reporter)
    except (BusyError, CancelledError):
        raise
    except (GreenroomError, OSError) as error:
        raise _go_back(context, site, marker, reporter, error) from error
    return _load_and_switch(context, site, marker, reporter)


def _load_and_switch(context: Context, site: Site, marker: Marker, reporter: Reporter) -> Outcome:
    change = change_of(context, site, marker)
    try:
        with change.prepared(reporter) as expected:
            marker = write_marker(context, marker_path(context, site), switching(marker, expected))
            move_out(marker.moves, marker.targets, context.disk)
            move_in(marker.moves, context.disk)
            for target in marker.targets:
                _compare(target, marker)
            context.disk.commit(change)
    except (GreenroomError, OSError) as error:
        if marker.phase is Phase.STAGED:
            with suppress(GreenroomError):  # what is left of it is of no effect, and made anew the next time
                change.take_back()
            if isinstance(error, CancelledError):
                raise
            raise _go_back(context, site, marker, reporter, error) from error
        if not change.is_done():
            change.take_back()
            raise _go_back(context, site, marker, reporter, error) from error
    return finish_on_server(context, site, marker)


def _keep_present(context: Context, site: Site, marker: Marker, reporter: Reporter, held: ExitStack) -> Marker:
    """Hold the database and make the safety backup; what cannot be read whole will be set aside instead.

    What a portable backup makes of the database is built then.
    """
    database = _live_database(marker)
    _refuse_holders([database])
    try:
        probe_database(database, reporter)
        connection = held.enter_context(hold_exclusively(database))
        safety = back_up_held(
            context,
            site,
            reporter,
            BackupRequest(
                role="safety",
                description=f"before the {marker.action} of {marker.backup_filename}",
                safety_for=marker.restore_id,
            ),
            connection,
        )
    except (DatabaseMissingError, DatabaseDamagedError):
        held.close()
        return _with_rows(context, site, marker.but(set_aside=True), None, reporter)
    except UnreadableTreeError:
        marker = _with_rows(context, site, marker.but(set_aside=True), connection, reporter)
        held.close()
        return marker
    marker = _with_rows(context, site, marker, connection, reporter)
    seen = {target.name: safety.fingerprints.get(target.live) for target in marker.targets}
    return marker.but(
        safety_id=safety.record.id,
        safety_name=safety.record.name,
        fingerprints={name: one for name, one in seen.items() if one is not None},
    )


def _with_rows(
    context: Context, site: Site, marker: Marker, held: sqlite3.Connection | None, reporter: Reporter
) -> Marker:
    if marker.rows is None:
        return marker
    built = build_database(context, site, marker, marker.rows, held, reporter)
    return marker.but(expected={**marker.expected, DATABASE: built})


def _switch(context: Context, site: Site, marker: Marker, reporter: Reporter, held: ExitStack | None = None) -> Outcome:
    """Go forward through the renames; on a failure go back through them.

    `held` holds the database until it is moved; a switch that is gone on with after a kill has nothing to hold.
    """
    try:
        move_out(marker.moves, marker.targets, context.disk)
        if held is not None:
            held.close()
        _refuse_holders([target.old / target.live.name for target in _database_targets(marker)], _HolderFoundError)
        move_in(marker.moves, context.disk)
        for target in marker.targets:
            _compare(target, marker)
    except _HolderFoundError:
        if held is not None:
            move_back(marker.moves, context.disk)
            write_marker(context, marker_path(context, site), as_staged(marker))
        raise
    except (GreenroomError, OSError) as error:
        raise _go_back(context, site, marker, reporter, error) from error
    switched = write_marker(context, marker_path(context, site), marker.but(phase=Phase.SWITCHED))
    return finish_new(context, site, switched)


def _go_back(
    context: Context, site: Site, marker: Marker, reporter: Reporter, error: GreenroomError | OSError
) -> GreenroomError:
    """Make the site the old one again; return the error that says so."""
    reverting = marker.but(phase=Phase.REVERTING, error=str(error))
    write_marker(context, marker_path(context, site), reverting)
    outcome = finish_old(context, site, reverting, reporter)
    kind = type(error) if isinstance(error, VerificationError) else GreenroomError
    found = "".join(f"; found where nothing should be, and kept: {path}" for path in outcome.unexpected)
    return kind(
        f"the {marker.action} failed, {site.name} is exactly as it was before: {error}",
        hint=f"it is not tried again by itself; `greenroom restore-cancel {site.name}` removes what was staged{found}",
    )


def _refuse_other_targets(site: Site, marker: Marker) -> None:
    """The safety backup is one of the site as it is configured now, so that must be what is replaced."""
    now = {(target.kind, target.key, target.live) for target in plan_targets(site, marker.restore_id)}
    for target in marker.targets:
        if (target.kind, target.key, target.live) not in now:
            raise GreenroomError(
                f"{target.live} was staged for, and is not the {target.name} of {site.name} any more",
                hint="greenroom.toml, or a link in a path, changed since: stage again",
            )


def _refuse_blocked(marker: Marker) -> None:
    """What stood in nobody's way at staging, a mount point for one, can be there now."""
    for target in marker.targets:
        for reason in blocking_reasons(target):
            raise GreenroomError(reason, hint="clear that, then stage again")


def _check_staging(marker: Marker, reporter: Reporter) -> None:
    """The staging may have waited for days: compare every byte with what was staged."""
    reporter.phase("reading the staged restore", sum(one.size_bytes for one in marker.expected.values()))
    for target in marker.targets:
        wanted = marker.expected.get(target.name)
        if wanted is None:
            continue
        if not target.staged.exists() or digest_path(target.staged, reporter).hex != wanted.digest:
            raise VerificationError(
                f"{target.staged} is not what was staged any more",
                hint=f"`greenroom restore-cancel {marker.site}`, then stage again",
            )


def _compare(target: Target, marker: Marker) -> None:
    """Count what now stands in the target's place; success is said only after this."""
    wanted = marker.expected.get(target.name)
    if wanted is None:
        return
    found = count_path(target.live)
    if (found.entries, found.size_bytes) != (wanted.entries, wanted.size_bytes):
        raise GreenroomError(
            f"{target.live} holds {found.entries} entries of {found.size_bytes} bytes after the switch, "
            f"not {wanted.entries} of {wanted.size_bytes}",
            hint="look for a process that writes there",
        )
    if target.kind == "database" and wanted.tables is not None:
        tables = count_database(target.live, Reporter())
        if tables != wanted.tables:
            raise GreenroomError(
                f"{target.live} does not hold the rows of the backup", hint="look for a process that writes there"
            )


def _database_targets(marker: Marker) -> list[Target]:
    return [target for target in marker.targets if target.kind == "database"]


def _live_database(marker: Marker) -> Path:
    return _database_targets(marker)[0].live


def _databases(marker: Marker) -> list[Path]:
    """Every place where the old or the new database can lie in the middle of a switch."""
    return [
        path
        for target in _database_targets(marker)
        for path in (target.live, target.old / target.live.name, target.new / target.live.name)
    ]


def _refuse_holders(
    databases: list[Path],
    kind: type[BusyError] = BusyError,
    hint: str = "stop the application, then run apply again; the restore stays pending",
) -> None:
    files = [file for database in databases for file in database_files(database)]
    found = find_holders(files).found
    if found:
        raise kind(f"{databases[0].name} is open in {', '.join(map(str, found))}; nothing was changed", hint=hint)
