"""No key without a test: what the classes of tui bind, against what the markers of the tests beside this one name."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

import tui
from tui.app import GreenroomApp

_PREFIX = "key_"  # a method of that name answers a key too

Pair = tuple[str, str]


def _ours() -> list[type[DOMNode]]:
    """Every class of tui that may bind keys."""
    found = []
    for module in walk_packages(tui.__path__, "tui."):
        for _, one in inspect.getmembers(import_module(module.name), inspect.isclass):
            if one.__module__ == module.name and issubclass(one, DOMNode):
                found.append(one)
    return found


def _own_keys(one: type) -> Iterator[str]:
    for binding in Binding.make_bindings(one.__dict__.get("BINDINGS", ())):
        yield binding.key
    yield from (name.removeprefix(_PREFIX) for name in one.__dict__ if name.startswith(_PREFIX))


def _bound() -> set[Pair]:
    """Each key of each screen and widget that a person meets: those of the app too, but not where a box covers it."""
    ours = _ours()
    pairs = set()
    for one in ours:
        is_base = any(other is not one and issubclass(other, one) for other in ours)
        if is_base or issubclass(one, GreenroomApp):
            continue
        keys = {key for each in one.__mro__ if each in ours for key in _own_keys(each)}
        if issubclass(one, Screen) and not issubclass(one, ModalScreen):
            keys.update(_own_keys(GreenroomApp))
        pairs.update((one.__name__, key) for key in keys)
    return pairs


def _words(argument: ast.expr) -> list[str]:
    """Given an argument of a marker, return its key, or the keys that stand for one letter each: `*"123"`."""
    is_many = isinstance(argument, ast.Starred)
    word: str = ast.literal_eval(argument.value if is_many else argument)
    return list(word) if is_many else [word]


def _named(source: str) -> set[Pair]:
    """Given the source of tests, return what their markers name; that it is pressed is seen when they run."""
    pairs = set()
    for test in ast.walk(ast.parse(source)):
        if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
            for decorator in test.decorator_list:
                for call in ast.walk(decorator):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.keys":
                        where, *keys = (word for argument in call.args for word in _words(argument))
                        pairs.update((where, key) for key in keys)
    return pairs


def _all_named() -> set[Pair]:
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    return {pair for file in files for pair in _named(file.read_text())}


def test_every_key_of_every_screen_has_a_test() -> None:
    missing = _bound() - _all_named()
    assert not missing, f"no test names these: {sorted(missing)}"


def test_what_a_marker_names_is_there() -> None:
    known = {one.__name__ for one in _ours()} | {"Choice", "Input", "VerticalScroll"}
    assert {where for where, _ in _all_named()} <= known


def test_all_screens_are_looked_at() -> None:
    screens = {where for where, _ in _bound()}
    assert {"BackupsScreen", "BackupTable", "LogList", "PathInput", "RestoringScreen", "HelpScreen"} <= screens
    assert not screens & {"Box", "TextBox", "TellScreen", "BackupVerbs", "RowList"}


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ('@pytest.mark.keys("A", "x", "y")\nasync def test_it(): ...', {("A", "x"), ("A", "y")}),
        (
            '@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.keys("A", "x"))])\ndef test_it(a): ...',
            {("A", "x")},
        ),
        ('@pytest.mark.keys("A", "x")\ndef helper(): ...', set()),
        ('pytest.mark.keys("A", "x")', set()),
    ],
)
def test_only_markers_of_tests_count(source: str, named: set[Pair]) -> None:
    assert _named(source) == named
