"""What the editor asks of the core, each in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.documents import Change, Problem, difference, write
from core.edits import (
    Comparison,
    Draft,
    EntryHead,
    OnConflict,
    Origin,
    Preview,
    Published,
    Unsaved,
    compare,
    drop_draft,
    open_edits,
    origin_of,
    preview,
    publish_data,
    put_draft,
    revert,
    source_of,
)
from core.edits.comparison import resolved, taken_back
from core.errors import UsageError
from core.forms import Answers, InvalidDataError, Json, Source, Subject, encode_envelope, estimated_tokens, revision_of
from core.library.categories import Category
from core.library.exchange.templates import template
from tui.edit_meaning import Meant, Understood, put_back, understand
from tui.sheets import Sheet

MOST_ENTRIES = 50  # each with all of its data before and after


@dataclass(frozen=True, slots=True)
class SheetView:
    """What there is of a sheet: the thing in words, the keys of its envelope, its data, and what waits beside it."""

    about: str
    address: Json
    live: Json
    revision: str
    draft: Draft | None
    unsaved: Unsaved | None
    origin: Origin

    @property
    def start(self) -> str:
        """The text that an editor begins with: the draft's, where there is one."""
        return write(self.draft.data if self.draft is not None else self.live)


@dataclass(frozen=True, slots=True)
class Basis:
    """The state that a text was made from, as far as it is known, and where the text comes from."""

    base: Json | None
    revision: str | None
    source: Source = "manual"
    merge_lists: bool = False
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be published, what it was made from, and who is meant by its names."""

    data: Json
    merge_lists: bool
    base: Json | None
    base_revision: str | None
    source: Source
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtherDraft:
    """Nothing was kept: the draft is another one meanwhile."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the log, and what it changed."""

    head: EntryHead
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """Which subjects have a draft, and which a text that nobody has saved."""

    drafts: frozenset[Subject]
    unsaved: frozenset[Subject]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a text means, and what it would change; `tokens` are those of its envelope."""

    text: str
    understood: Understood
    comparison: Comparison | None
    tokens: int

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.understood.problems


def read_sheet(context: Context, site: Site, sheet: Sheet) -> SheetView:
    """Return how a sheet is; raise UsageError where the thing is not there, GreenroomError where it cannot be read."""
    edits = open_edits(context, site)
    with reading(site.database_url()) as session:
        thing = sheet.form.find(session, sheet.key)
        if thing is None:
            raise UsageError(
                f"{sheet.key} is not there any more", hint="somebody may have removed it; go back and look at the list"
            )
        live = sheet.form.read(thing)
        return SheetView(
            about=sheet.form.describe(thing),
            address=sheet.form.address(thing),
            live=live,
            revision=revision_of(live),
            draft=edits.draft(sheet.subject),
            unsaved=next((one for one in edits.unsaved() if one.subject == sheet.subject), None),
            origin=origin_of(edits, sheet.form, thing),
        )


def basis_of(view: SheetView) -> Basis:
    """Return what the text was made from that an editor begins with."""
    draft = view.draft
    if draft is None:
        return Basis(view.live, view.revision)
    return Basis(draft.base, draft.base_revision, draft.source, draft.merge_lists, draft.answers)


def basis_at(context: Context, site: Site, sheet: Sheet, revision: str | None) -> Basis:
    """Return the basis of a text that says of which revision it is."""
    base = open_edits(context, site).base(sheet.subject, revision) if revision is not None else None
    return Basis(base, revision)


def examine(context: Context, site: Site, sheet: Sheet, view: SheetView, basis: Basis, text: str) -> Examined:
    """Return what a text means and would change."""
    understood = understand(sheet, view.address, text)
    meant = understood.meant
    if meant is None:
        return Examined(text, understood, None, 0)
    basis = _basis_for(context, site, sheet, basis, meant)
    comparison = compare(
        sheet.form,
        view.live,
        meant.data,
        merge_lists=meant.merge_lists or basis.merge_lists,
        base=basis.base,
        base_revision=basis.revision,
    )
    envelope = {**view.address, "data": comparison.after, "metadata": {"revision": view.revision}}
    return Examined(text, understood, comparison, estimated_tokens(encode_envelope(envelope)))


def keep_draft(
    context: Context, site: Site, sheet: Sheet, basis: Basis, examined: Examined, known: Draft | None
) -> Draft | OtherDraft:
    """Keep what a text means as the draft, unless the present one is not the `known` one any more.

    Raise InvalidDataError where something is wrong with it.
    """
    present = open_edits(context, site).draft(sheet.subject)
    if present != known and present is not None:
        return OtherDraft(present)
    wanted = publication_of(context, site, sheet, basis, examined)
    return put_draft(
        context,
        site,
        sheet.form,
        sheet.key,
        wanted.data,
        merge_lists=wanted.merge_lists,
        source=wanted.source,
        base_revision=wanted.base_revision,
        base=wanted.base,
        answers=wanted.answers,
    )


def publication_of(context: Context, site: Site, sheet: Sheet, basis: Basis, examined: Examined) -> Publication:
    """Return what a text would publish; raise InvalidDataError where something is wrong with it."""
    meant = _sound(examined)
    basis = _basis_for(context, site, sheet, basis, meant)
    return Publication(
        meant.data,
        meant.merge_lists or basis.merge_lists,
        basis.base,
        basis.revision,
        meant.source or basis.source,
        basis.answers,
    )


def look_ahead(context: Context, site: Site, sheet: Sheet, wanted: Publication) -> Preview:
    """Return exactly what publishing would do; raise InvalidDataError, AmbiguousError, GreenroomError."""
    return preview(
        context,
        site,
        sheet.form,
        sheet.key,
        wanted.data,
        merge_lists=wanted.merge_lists,
        answers=wanted.answers,
        base=wanted.base,
        base_revision=wanted.base_revision,
    )


def decided(sheet: Sheet, wanted: Publication, seen: Comparison, on_conflict: OnConflict) -> Publication:
    """Given a conflict as a person saw it and the answer to it, return what is to be published in its place.

    It is made from what was seen as live: what somebody changes after that is a conflict again.
    """
    data = resolved(sheet.form, seen, wanted.base, on_conflict)
    return replace(wanted, data=data, merge_lists=False, base=seen.live, base_revision=revision_of(seen.live))


def make_live(context: Context, site: Site, sheet: Sheet, wanted: Publication, known: Draft | None) -> Published:
    """Publish; raise ConflictError where somebody else changed it since it was shown. The `known` draft goes."""
    present = open_edits(context, site).draft(sheet.subject)
    return publish_data(
        context,
        site,
        sheet.form,
        sheet.key,
        wanted.data,
        merge_lists=wanted.merge_lists,
        answers=wanted.answers,
        base=wanted.base,
        base_revision=wanted.base_revision,
        source=wanted.source,
        instead_of_draft=present is not None and present == known,
    )


def drop(context: Context, site: Site, sheet: Sheet) -> Draft:
    """Drop the draft of a sheet and return it."""
    return drop_draft(context, site, sheet.subject)


def template_text(site: Site, sheet: Sheet) -> str | None:
    """Return a template of a film's category for a language model; None where the sheet is none."""
    if not isinstance(sheet.form, Category):
        return None
    with reading(site.database_url()) as session:
        return write(template(sheet.form, sheet.form.find(session, sheet.key)))


def read_log(context: Context, site: Site, sheet: Sheet) -> list[Told]:
    """Return what was published of a sheet, the newest first, each with what it changed."""
    edits = open_edits(context, site)
    heads = edits.log(forms=[sheet.form.name], key=sheet.key, limit=MOST_ENTRIES)
    entries = [edits.entry(head.id) for head in heads]
    return [Told(one.head, difference(one.before, one.after, sheet.form.key_of)) for one in entries]


def look_back(context: Context, site: Site, sheet: Sheet, number: int) -> Comparison:
    """Return what taking back an entry would change."""
    entry = open_edits(context, site).entry(number)
    live = read_sheet(context, site, sheet).live
    return taken_back(sheet.form, live, entry.before, entry.after)


def take_back(context: Context, site: Site, sheet: Sheet, number: int, on_conflict: OnConflict) -> Published:
    """Take back an entry; raise ConflictError where somebody changed the same since, and nobody decided about it."""
    return revert(context, site, sheet.form, number, on_conflict=on_conflict)


def read_marks(context: Context, site: Site, sheets: Sequence[Sheet]) -> Marks:
    """Return which sheets have a draft or a text that nobody has saved."""
    edits, subjects = open_edits(context, site), {sheet.subject for sheet in sheets}
    drafts = edits.drafts(forms={one.form for one in subjects}, keys={one.key for one in subjects})
    return Marks(
        frozenset(head.subject for head in drafts) & subjects,
        frozenset(unsaved.subject for unsaved in edits.unsaved()) & subjects,
    )


def keep_unsaved(context: Context, site: Site, sheet: Sheet, basis: Basis, text: str) -> None:
    """Keep a text that nobody has saved, and what it was made from."""
    edits = open_edits(context, site)
    if basis.base is not None:
        edits.remember([(sheet.subject, basis.base)])
    edits.keep_unsaved(Unsaved(sheet.subject, text, basis.revision, context.actor, context.clock()))


def forget_unsaved(context: Context, site: Site, sheet: Sheet) -> None:
    """Let go of the text that nobody has saved."""
    open_edits(context, site).forget_unsaved(sheet.subject)


def source_words(view: SheetView) -> str:
    """Return where the live data comes from, as far as it is known."""
    return source_of(view.origin) or ""


def problems_of(error: InvalidDataError, examined: Examined) -> tuple[Problem, ...]:
    """Return what the core found wrong with the data, placed in the text."""
    return put_back(error.problems, examined.understood)


def _sound(examined: Examined) -> Meant:
    meant = examined.understood.meant
    if examined.problems or meant is None:
        raise InvalidDataError(examined.problems)
    return meant


def _basis_for(context: Context, site: Site, sheet: Sheet, basis: Basis, meant: Meant) -> Basis:
    """An envelope says itself which state it was made from; one without it leaves that open."""
    if not meant.is_envelope:
        return basis
    found = basis_at(context, site, sheet, meant.revision)
    if found.base is None and basis.revision == meant.revision:
        found = replace(found, base=basis.base)
    return replace(found, source=basis.source, answers=basis.answers)
