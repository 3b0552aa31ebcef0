"""JSON texts as people edit them: read with places, mended, compared, written. Pure; knows no database and no site."""

from core.documents.difference import Change, Item, KeyOf, Steps, apply, by_value, difference, same
from core.documents.document import Document, Lines
from core.documents.mend import Mend, said_mends
from core.documents.parse import MOST_CHARACTERS, MOST_LEVELS, MOST_VALUES, parse
from core.documents.placing import placed
from core.documents.problems import DocumentError, Path, Place, Problem, Span, said_path, said_value
from core.documents.read import Reading, read
from core.documents.three_way import Meeting, conflicts, merge, three_way
from core.documents.words import said_change, said_changes, said_meeting, said_steps
from core.documents.write import fingerprint, write

__all__ = [
    "MOST_CHARACTERS",
    "MOST_LEVELS",
    "MOST_VALUES",
    "Change",
    "Document",
    "DocumentError",
    "Item",
    "KeyOf",
    "Lines",
    "Meeting",
    "Mend",
    "Path",
    "Place",
    "Problem",
    "Reading",
    "Span",
    "Steps",
    "apply",
    "by_value",
    "conflicts",
    "difference",
    "fingerprint",
    "merge",
    "parse",
    "placed",
    "read",
    "said_change",
    "said_changes",
    "said_meeting",
    "said_mends",
    "said_path",
    "said_steps",
    "said_value",
    "same",
    "three_way",
    "write",
]
