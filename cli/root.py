"""The tree of commands, of which only the one that runs is imported: the others cost half a second."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from cli.options import VerbGroup
from core import __version__
from core.errors import UsageError

# name: (module, attribute, what the list of commands says)
COMMANDS = {
    "init": ("cli.setup", "init", "Make the catalog; do this first."),
    "status": ("cli.setup", "status", "Tell how the sites are."),
    "check": ("cli.check", "check", "Tell whether all is well, to a person or a monitor."),
    "alarm": ("cli.alarm", "alarm", "Try the ways that alarms go."),
    "config": ("cli.config", "config", "Check and show the configuration."),
    "backup": ("cli.backups", "backup", "Make a backup."),
    "list": ("cli.backups", "list_backups", "List backups, newest first."),
    "show": ("cli.backups", "show", "Show what is in a backup."),
    "verify": ("cli.keep", "verify", "Read backups back and compare every hash."),
    "drill": ("cli.drill", "drill", "Restore a backup into a scratch place, try it, remove that."),
    "restore": ("cli.restore", "restore", "Preview, stage or make a restore."),
    "apply": ("cli.restore", "apply", "Carry out what is staged, or finish what was interrupted."),
    "restore-cancel": ("cli.restore", "restore_cancel", "Remove a staged restore, or what a failed one left."),
    "undo": ("cli.undo", "undo", "Go back to before the last restore."),
    "history": ("cli.undo", "history", "List restores and undos, the last one first."),
    "copy": ("cli.keep", "copy", "Copy an archive out of the storage."),
    "adopt": ("cli.keep", "adopt", "Take in an archive from elsewhere."),
    "pin": ("cli.keep", "pin", "Keep a backup until it is unpinned."),
    "unpin": ("cli.keep", "unpin", "Take a pin back."),
    "prune": ("cli.prune", "prune", "Tell what retention keeps and why, and remove the rest."),
    "delete": ("cli.keep", "delete", "Delete a backup."),
    "schedule": ("cli.schedule", "schedule", "Show and set when a site is backed up by itself."),
    "category": ("cli.category", "category", "Take a movie's data out as JSON, and put it back enriched."),
    "record": ("cli.record", "record", "Take a row of any table out as JSON, and put it back mended."),
    "library": ("cli.library_users", "library", "Users' libraries: out as JSON, in again, daily copies, back."),
    "catalog": ("cli.setup", "catalog", "Look after the catalog."),
    "systemd": ("cli.systemd", "systemd", "Print units for systemd."),
    "demo": ("cli.demo", "demo", "Write a demo site to try greenroom on."),
}


class Root(VerbGroup):
    """`greenroom` itself: its commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])


@click.group(cls=Root, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="greenroom")
@click.option("--daemon", is_flag=True, help="Run the schedules without a screen, until a signal ends it.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal, for its own selection. App only.")
@click.pass_context
def root(context: click.Context, *, daemon: bool, no_mouse: bool) -> Any:
    """Back up an application's database and files, prove the backup, restore it, undo that.

    Without a command the terminal app opens. SITE may be left out where there is only one. B is a backup: its id, its
    name, or `latest`; SITE/B where several sites have it.
    """
    if context.invoked_subcommand is not None:
        if daemon:
            raise UsageError("--daemon goes with no command", hint="`greenroom --daemon` runs the schedules")
        if no_mouse:
            raise UsageError("--no-mouse belongs to the app", hint="`greenroom --no-mouse` opens it")
        return None
    if context.obj.as_json:
        raise UsageError("--json belongs to a command", hint="`greenroom --help` lists the commands")
    if daemon:
        return import_module("cli.daemon").run_daemon(context.obj)
    return import_module("cli.app").open_app(context.obj, mouse=not no_mouse)
