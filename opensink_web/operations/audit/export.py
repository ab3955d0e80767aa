"""The audit as a file, written as it is read: CSV for a spreadsheet, JSON Lines for a program."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from enum import StrEnum
from typing import assert_never

from opensink_web.json_value import JSONValue
from opensink_web.models import AuditEntry
from opensink_web.operations.audit.queries import Said, details_of, origin_of
from opensink_web.operations.spreadsheet import csv_line


class ExportFormat(StrEnum):
    """What is written, which is also how a file's name ends."""

    CSV = "csv"
    JSONL = "jsonl"


COLUMNS = (
    "seq",
    "at",
    "action",
    "actor",
    "email",
    "key",
    "address",
    "user_agent",
    "user_id",
    "via_id",
    "subject",
    "subject_id",
    "details",
    "id",
    "origin_digest",
    "details_digest",
    "hash",
)
_ERASED = "erased"
_UNREADABLE = "cannot be read"


def written(entries: Iterable[AuditEntry], kind: ExportFormat) -> Iterator[str]:
    """Yield lines of a file; those of CSV begin with the columns' names."""
    match kind:
        case ExportFormat.CSV:
            yield csv_line(COLUMNS)
            for entry in entries:
                row = _row_of(entry)
                yield csv_line([row[name] for name in COLUMNS])
        case ExportFormat.JSONL:
            for entry in entries:
                yield json.dumps(_row_of(entry), ensure_ascii=False) + "\n"
        case _:
            assert_never(kind)


def _row_of(entry: AuditEntry) -> dict[str, JSONValue]:
    origin, details = origin_of(entry), details_of(entry)
    came_from: dict[str, JSONValue] = {
        name: origin.values.get(name, _missing(origin))
        for name in ("email", "key", "address", "user_agent")
    }
    return {
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "action": entry.action.value,
        "actor": entry.actor.value,
        **came_from,
        "user_id": _id(entry.user_id),
        "via_id": _id(entry.via_id),
        "subject": entry.subject.value,
        "subject_id": _id(entry.subject_id),
        "details": details.values or _missing(details),
        "id": _id(entry.id),
        "origin_digest": entry.origin_digest,
        "details_digest": entry.details_digest,
        "hash": entry.hash,
    }


def _missing(said: Said) -> str | None:
    if said.is_unreadable:
        return _UNREADABLE
    return _ERASED if said.is_erased else None


def _id(value: object) -> str | None:
    return None if value is None else str(value)
