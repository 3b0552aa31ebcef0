"""Records: a row of any table of a site, with the rows that hang on it, as JSON that people edit."""

from __future__ import annotations

from core.records.envelope import RecordFrame, open_record
from core.records.form import RecordForm, form_name, record_form, table_of
from core.records.keys import format_parts, parse_parts
from core.records.layout import read_layout
from core.records.listing import Page, Row, TableRow, rows, tables
from core.records.reading import Taken, read_record
from core.records.record import GoneError, Record

__all__ = [
    "GoneError",
    "Page",
    "Record",
    "RecordForm",
    "RecordFrame",
    "Row",
    "TableRow",
    "Taken",
    "form_name",
    "format_parts",
    "open_record",
    "parse_parts",
    "read_layout",
    "read_record",
    "record_form",
    "rows",
    "table_of",
    "tables",
]
