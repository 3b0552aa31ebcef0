"""demo: a site to try greenroom on."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from cli.opening import refuse_read_only
from cli.options import Options, Verb, pass_options
from cli.output import emit, emit_json
from cli.work import working
from core.config import load_settings, prepare_folders
from core.context import open_context
from core.filesystem import Filesystem
from core.library.demo import DEFAULT_SEED, write_demo
from core.words import plural


@click.command(cls=Verb)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--movies", type=int, metavar="N", help="How many movies; those beyond the real ones are made up.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, metavar="N", help="The same, the same demo.")
@pass_options
def demo(options: Options, folder: Path, movies: int | None, seed: int) -> None:
    """Write a demo site into DIR: a movie library with its posters and its greenroom.toml, initialised."""
    refuse_read_only(options, "write a demo site")
    disk = Filesystem()
    with working(options) as reporter:
        made = write_demo(folder, movies=movies, seed=seed, disk=disk, reporter=reporter)
        context = open_context(load_settings(made.config), disk=disk)
        prepare_folders(context.settings, disk)
        context.catalog.initialise()
    if options.as_json:
        emit_json(
            options,
            {
                "folder": str(made.folder),
                "configuration": str(made.config),
                "site": made.site,
                "movies": made.movies,
                "seed": made.seed,
                "created": made.created,
            },
        )
    else:
        done = "written" if made.created else "there already"
        emit(
            f"demo site {done}: {made.folder}, {plural(made.movies, 'movie')}, seed {made.seed}",
            f"try it: cd {shlex.quote(os.fspath(made.folder))} && greenroom",
        )
