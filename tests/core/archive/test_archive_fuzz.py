"""Whatever happens to the bytes of an archive: it is refused, or what it yields is right."""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.archive import Archive, Attributes, Kind, Limits, open_archive
from core.archive.names import link_leaves, problem_with_name
from core.errors import GreenroomError
from core.progress import Reporter
from tests.core.archive.rawzip import Raw, bare, build, folder, link, native

LIMITS = Limits(max_bytes=16 << 20)
Content = list[tuple[str, Kind, Attributes | None, bytes]]

SITE = [
    Raw("files/x.png", bytes(range(256)) * 8),
    folder("files/a/"),
    Raw("files/a/y", b"text " * 300),
    Raw("files/a/stored", b"as it is", method=0),
    link("files/a/l", "y"),
]
FORMS = {"native": build(native(SITE)), "bare": build(bare(SITE))}


def content_of(archive: Archive) -> Content:
    """Attributes count for what lies in the folders of files: those of the other members are used nowhere."""
    archive.verify(Reporter())
    return [
        (
            entry.name,
            entry.kind,
            None if entry.folder is None else entry.attributes,
            b"" if entry.kind is Kind.FOLDER else b"".join(archive.read(entry)),
        )
        for entry in archive.entries
    ]


def read(data: bytes) -> Content:
    with TemporaryDirectory() as folder_name:
        path = Path(folder_name) / "archive.zip"
        path.write_bytes(data)
        with open_archive(path, LIMITS) as archive:
            return content_of(archive)


@functools.cache
def sound(form: str) -> Content:
    return read(FORMS[form])


def check(form: str, data: bytes) -> None:
    """Refused, or right; a bare archive has nothing that protects its names and attributes."""
    try:
        found = read(data)
    except GreenroomError:
        return
    if form == "native":
        assert found == sound(form)
    else:
        assert [content for *_, content in found] == [content for *_, content in sound(form)]


@pytest.mark.parametrize("form", FORMS)
@settings(derandomize=True, max_examples=200, deadline=None)
@given(data=st.data())
def test_flipped_bits_are_refused_or_harmless(form: str, data: st.DataObject) -> None:
    archive = bytearray(FORMS[form])
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(archive) - 1))
        archive[position] ^= 1 << data.draw(st.integers(0, 7))
    check(form, bytes(archive))


@pytest.mark.parametrize("form", FORMS)
@settings(derandomize=True, max_examples=100, deadline=None)
@given(data=st.data())
def test_overwritten_bytes_are_refused_or_harmless(form: str, data: st.DataObject) -> None:
    archive = bytearray(FORMS[form])
    position = data.draw(st.integers(0, len(archive) - 1))
    value = data.draw(st.sampled_from([b"\0\0\0\0", b"\xff\xff", b"\xff\xff\xff\xff", b"PK\x01\x02", b"../", b"/"]))
    archive[position : position + len(value)] = value
    check(form, bytes(archive))


@pytest.mark.parametrize("form", FORMS)
@settings(derandomize=True, max_examples=100, deadline=None)
@given(data=st.data())
def test_cut_and_doubled_parts_are_refused(form: str, data: st.DataObject) -> None:
    archive = FORMS[form]
    start = data.draw(st.integers(0, len(archive) - 1))
    end = data.draw(st.integers(start + 1, len(archive)))
    for damaged in (archive[:start], archive[:start] + archive[end:], archive[:end] + archive[start:]):
        with pytest.raises(GreenroomError):
            read(damaged)


PARTS = st.sampled_from(["a", "b", "c", "..", "."])
TARGETS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(links=st.dictionaries(PATHS, TARGETS, min_size=1, max_size=6))
def test_links_that_are_allowed_never_lead_out_together(links: dict[str, str]) -> None:
    """Made for real and followed by the system, however they lead through each other."""
    with TemporaryDirectory() as folder_name:
        root = Path(folder_name).resolve() / "root"
        root.mkdir()
        made = []
        for relative, target in links.items():
            path = root / relative
            below_a_link = any(parent.is_symlink() for parent in path.parents)
            if below_a_link or link_leaves(relative, target):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and not path.is_symlink():
                path.symlink_to(target)
                made.append(path)
        for path in made:
            try:
                resolved = path.resolve(strict=True)
            except (FileNotFoundError, RuntimeError, OSError):
                continue  # it leads nowhere, or in circles
            assert resolved.is_relative_to(root)


@settings(derandomize=True, max_examples=300)
@given(name=st.text(st.sampled_from(["a", "/", ".", "\\", ":", "\n", "é", "\x00", "\ud800"]), max_size=8))
def test_a_good_name_stays_below_where_it_is_put(name: str) -> None:
    if problem_with_name(name) is None:
        path = Path("/target") / name
        assert path.is_relative_to("/target")
        assert ".." not in path.parts
        assert str(path) == "/target/" + name.removesuffix("/")
