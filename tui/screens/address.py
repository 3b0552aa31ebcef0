"""Asks for the URL of an empty database, into which a portable backup goes."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from core.errors import UsageError
from core.restore.address import Address, parse_address
from tui.format import plain_lines
from tui.paths import working_folder
from tui.screens.ask import Box
from tui.widgets.choice import Choice

_TOLD = """\
sqlite:///FILE
postgresql://USER:${NAME}@HOST/DATABASE
mariadb://USER:${NAME}@HOST/DATABASE

It must be empty: its tables are made. Never type a password here:
${NAME} is a variable that was set before greenroom was started."""


class AddressScreen(Box[Address | None]):
    """Nothing is connected to yet: only what cannot be a database is refused here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="address.cancel", tooltip="Leave it as it was")
    ]
    AUTO_FOCUS = "#url"

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text("Into the empty database of a URL", "bold"), classes="box-title", markup=False)
            yield Static(Text(_TOLD), markup=False)
            yield Input(id="url", placeholder="_" * 40, compact=True, select_on_focus=False)
            yield Static(id="url-problem", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Use it", "go")
                yield Choice("Cancel", "cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        try:
            address = parse_address(self.query_one(Input).value.strip(), working_folder(), called="the URL")
        except UsageError as error:
            text = plain_lines(f"Not possible: {error.message}.\n{error.hint}")
            self.query_one("#url-problem", Static).update(Text(text, "bold"))
        else:
            self.dismiss(address)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
