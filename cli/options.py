"""The options that every command takes, before or after its name, and the kinds of command that take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from cli.interrupts import Interrupts


@dataclass
class Options:
    """What was asked for besides the command itself."""

    config: Path | None = None
    read_only: bool = False
    as_json: bool = False
    quiet: bool = False
    command: str = "greenroom"
    interrupts: Interrupts = field(default_factory=Interrupts)


pass_options = click.make_pass_decorator(Options)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep what was given; what was not given here leaves what stood before the command."""
    if value and parameter.name:
        setattr(context.find_object(Options), parameter.name, value)


def _note_command(context: click.Context) -> None:
    """Keep the command's name before its words are read: they may be wrong, and that is told too."""
    options = context.find_object(Options)
    if options is not None:
        options.command = context.command_path.partition(" ")[2] or context.command_path


def _common_options() -> list[click.Parameter]:
    kept: dict[str, Any] = {"expose_value": False, "callback": _remember}
    return [
        click.Option(
            ["--config"], type=click.Path(path_type=Path), metavar="FILE", help="The greenroom.toml to use.", **kept
        ),
        click.Option(["--read-only"], is_flag=True, help="Refuse everything that changes or writes something.", **kept),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as one JSON object.", **kept),
        click.Option(["--quiet"], is_flag=True, help="No progress and no remarks, only results and errors.", **kept),
    ]


class Verb(click.Command):
    """A command that also takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _note_command(ctx)
        return super().parse_args(ctx, args)


class VerbGroup(click.Group):
    """A group of such commands, which takes the common options too."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _note_command(ctx)
        return super().parse_args(ctx, args)


site_option = click.option("--site", metavar="SITE", help="The site, where several have such a backup.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
accept_version_option = click.option(
    "--accept-version",
    metavar="VERSION",
    help="Consent to a backup made by this other version of the application.",
)
