"""What a user may set: whether the library is copied each day."""

from __future__ import annotations

from core.config import Site
from core.context import Context
from core.databases.sessions import writing
from core.library.transfer import UserRow, find_user, set_backup
from core.library.transfer.daily import folder_of
from core.library.users.places import copies_folder
from core.recovery import refuse_half_restored


def switch_backup(context: Context, site: Site, user_id: str, *, enabled: bool) -> UserRow:
    """Say whether a user's library is copied daily; return the user as it is then.

    Raise BusyError, UsageError, GreenroomError where the user's id can be no name of a folder for copies.
    """
    context.require_writable("change a user's settings")
    if enabled:
        folder_of(copies_folder(context, site), user_id)
    with context.lock(site, "settings"):
        refuse_half_restored(context, site)
        with writing(site.database_url()) as session:
            set_backup(session, user_id, enabled=enabled)
            user = find_user(session, user_id)
            context.disk.commit(session)
    return user
