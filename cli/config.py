"""config check, show, schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from cli.opening import open_settings
from cli.options import Options, VerbGroup, pass_options
from cli.output import emit, emit_document, emit_json, warn
from core.config import Settings, loose_permissions, settings_schema, show_text
from core.config import show as show_settings
from core.config.extras import missing_extras


@click.group(cls=VerbGroup, no_args_is_help=False)
def config() -> None:
    """Check and show the configuration."""


@config.command()
@pass_options
def check(options: Options) -> None:
    """Read and check the configuration: all errors at once, each with its key. Nothing of it is run."""
    settings = open_settings(options)
    warnings = [*loose_permissions(settings), *_missing(settings)]
    if options.as_json:
        emit_json(options, {"configuration": str(settings.source), "sites": list(settings.sites), "warnings": warnings})
        return
    for line in warnings:
        warn(f"warning: {line}")
    emit(f"{settings.source} is right; sites: {', '.join(settings.sites)}")


@config.command()
@pass_options
def show(options: Options) -> None:
    """Print the configuration that took effect: paths absolute, secrets masked."""
    settings = open_settings(options)
    if options.as_json:
        emit_json(options, {"configuration": show_settings(settings)})
    else:
        emit(*show_text(settings).splitlines())


@config.command()
@pass_options
def schema(options: Options) -> None:
    """Print the JSON Schema of greenroom.toml."""
    if options.as_json:
        emit_json(options, {"schema": settings_schema()})
    else:
        emit_document(json.dumps(settings_schema(), indent=2))


def _missing(settings: Settings) -> Iterator[str]:
    """What is not there yet is no error: a restore can bring it."""
    yield from missing_extras(settings)
    for site in settings.sites.values():
        if site.sqlite_path is not None and not site.sqlite_path.is_file():
            yield f"sites.{site.name}.database: there is no file {site.sqlite_path}"
        for folder in site.files.values():
            if not folder.is_dir():
                yield f"sites.{site.name}.files: there is no folder {folder}"
