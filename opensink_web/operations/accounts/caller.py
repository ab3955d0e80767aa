"""Who calls: what was read of them the last time, if all of it still stands in the database.

Every call of the API asks who it is from, in its own transaction. Whatever decides on that is read
each time: key, user, membership, workspace and roles, by one statement past the ORM. Making objects
of those rows costs several times that, so the objects are kept beside the rows that they were made
of, and used again for as long as the very same rows are read. Nothing is believed for any time:
where somebody else, in whatever process, has changed or taken away anything, other rows are read.

The objects belong to no session, and several calls use them at once. Nobody may change them: an
operation that changes a workspace or a person locks a row of its own.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, inspect, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from opensink_web.models import CustomRole, Membership, MembershipRole, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.permission import granted
from opensink_web.operations.accounts.permission_pattern import Pattern

CALLERS_KEPT = 1000
RawRows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Caller:
    """The rows that a query named, detached; the names of the roles, and what they grant together.

    `rows` are of the query's models and columns, in its order.
    """

    rows: tuple[Any, ...]
    own_role_names: tuple[str, ...]
    own_patterns: frozenset[Pattern]


@dataclass(frozen=True, slots=True)
class _Kept:
    raw: RawRows
    caller: Caller


class CallerQuery:
    """A query for one member, by bound parameters, that is asked with every call."""

    def __init__(self, query: Select[*tuple[Any, ...]], *entities: Any) -> None:
        """Prepare; `query` joins what it is about, `entities` are the models and columns wanted."""
        query = (
            query.outerjoin(
                MembershipRole,
                (MembershipRole.user_id == Membership.user_id)
                & (MembershipRole.workspace_id == Membership.workspace_id),
            )
            .outerjoin(CustomRole, CustomRole.id == MembershipRole.role_id)
            .order_by(CustomRole.name)
        )
        roles = (CustomRole.name, CustomRole.permissions)
        raw = [
            # as the driver has it: comparing needs no types
            type_coerce(column, NullType()).label(f"raw_{number}")
            for number, column in enumerate(_columns_of(*entities, *roles))
        ]
        self._count = len(entities)
        self._raw = query.with_only_columns(*raw)
        self._whole = query.with_only_columns(*entities, *roles, *raw)
        self._kept: dict[Hashable, _Kept] = {}

    def find(self, identity: Mapping[str, Any], **moments: Any) -> Caller | None:
        """Return the member that the query finds now; None when it finds nobody (any more).

        `identity` and `moments` are what the query binds: who it is, and when it is asked.
        """
        key = tuple(identity.values())
        parameters = {**identity, **moments}
        kept = self._kept.get(key)
        if kept is not None and kept.raw == [
            tuple(row) for row in run_prepared(self._raw, parameters)
        ]:
            return kept.caller
        return self._read(key, parameters)

    def _read(self, key: Hashable, parameters: Mapping[str, Any]) -> Caller | None:
        # one statement for the objects and for what they are made of: nothing changes in between
        with Session(db.session.connection()) as apart:
            rows = apart.execute(self._whole, parameters).all()
            apart.expunge_all()
        if not rows:
            self._kept.pop(key, None)
            return None
        roles_at, raw_at = self._count, self._count + 2
        roles = [(row[roles_at], row[roles_at + 1]) for row in rows if row[roles_at] is not None]
        caller = Caller(
            tuple(rows[0][:roles_at]),
            tuple(name for name, _ in roles),
            granted(text for _, permissions in roles for text in permissions),
        )
        if len(self._kept) >= CALLERS_KEPT:
            self._kept.clear()
        self._kept[key] = _Kept([tuple(row[raw_at:]) for row in rows], caller)
        return caller


def _columns_of(*entities: Any) -> list[Any]:
    """Return the columns of models, and columns as they are."""
    return [
        column
        for entity in entities
        for column in (inspect(entity).local_table.c if isinstance(entity, type) else [entity])
    ]
