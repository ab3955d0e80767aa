"""Sealed columns as a whole: with which keys their values are encrypted, and encrypting them anew.

A value is replaced only while it is what was read, and rows that somebody has locked are left for
the next pass, so servers go on reading and writing meanwhile.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, func, select, update

from opensink_web.errors import ConfigurationError, UnreadableSecret
from opensink_web.keyring import KEY_ID_LENGTH
from opensink_web.models import Workspace, db
from opensink_web.models.sealed import keyring, seal_json, sealed_columns, unseal_json
from opensink_web.models.transaction import rows_changed, writing

VALUES_AT_ONCE = 100
"""How many values one transaction encrypts anew: about 10 ms of SQLite's one writer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: values encrypted anew, and those that no key opens."""

    done: int
    unreadable: int


def check_keys() -> None:
    """Find out, before anything starts, whether the keys are this database's.

    Every installation has a workspace and every workspace a secret, so those tell. One of several
    that is unreadable is no reason to stop the others' work. Raises: ConfigurationError.
    """
    query = select(_key_id(Workspace.__table__.c.execution_secret)).distinct()
    used = set(db.session.scalars(query))
    if used and used.isdisjoint(keyring().ids()):
        file = keyring().file
        place = f"in {file.path}" if file is not None else "in ENCRYPTION_KEYS"
        raise ConfigurationError(
            f"The database's secrets are encrypted with a key that is not {place}"
            f" (key id {', '.join(sorted(used))}). Put the key back, from a backup or from"
            " another part of this installation; nothing can be read without it."
        )


def count_by_key() -> Counter[str]:
    """Count the sealed values of each key, by its id."""
    counts: Counter[str] = Counter()
    for table, name in sealed_columns():
        key_id = _key_id(table.c[name])
        query = select(key_id, func.count()).where(table.c[name].is_not(None)).group_by(key_id)
        for each, count in db.session.execute(query):
            counts[each] += count
    return counts


def reseal() -> Iterator[Batch]:
    """Encrypt with the first key whatever is not, a transaction at a time; commits each."""
    for table, name in sealed_columns():
        after: UUID | None = None
        while True:
            with writing():
                batch, after = _reseal_some(table, table.c[name], after)
            if after is None:
                break
            yield batch


def _reseal_some(
    table: Table, column: Column[str], after: UUID | None
) -> tuple[Batch, UUID | None]:
    """Take the next values of a column; also return the last row's id, None without any."""
    ring = keyring()
    query = (
        select(table.c.id, column)
        .where(column.is_not(None), _key_id(column) != ring.ids()[0])
        .order_by(table.c.id)
        .limit(VALUES_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    # it says the same as before, so it has not changed (`onupdate` would say that it has)
    kept = {"updated_at": table.c.updated_at} if "updated_at" in table.c else {}
    rows = db.session.execute(query if after is None else query.where(table.c.id > after)).all()
    done = unreadable = 0
    for row_id, stored in rows:
        place = f"{table.name}.{column.name}"
        try:
            anew = seal_json(ring, place, row_id, unseal_json(ring, place, row_id, stored))
        except UnreadableSecret:
            unreadable += 1
            continue
        same = (table.c.id == row_id, column == stored)
        done += rows_changed(update(table).where(*same).values({column.name: anew} | kept))
    return Batch(done, unreadable), rows[-1][0] if rows else None


def _key_id(column: ColumnElement[str]) -> ColumnElement[str]:
    return func.substr(column, 1, KEY_ID_LENGTH)
