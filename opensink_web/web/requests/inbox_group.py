"""One line of the inbox where it is put together: what its requests share, how many, how old."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from opensink_web.operations.requests.facets import Group, GroupBy
from opensink_web.web.requests.inbox_filter import InboxFilter


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group; `href` leads to its requests, by the same filters and in the same order.

    `decide_href` leads to where all of those that wait are decided together.
    """

    value: str
    title: str
    detail: str
    count: str
    oldest_at: datetime
    href: str
    decide_href: str | None


def group_row(filters: InboxFilter, by: GroupBy, group: Group, *, may_decide: bool) -> GroupRow:
    """Draw up a group's line."""
    title, detail = _words(by, group)
    narrowed = filters.changed(group=None, **{by.column.key: group.value})
    is_waiting = filters.view.is_waiting
    return GroupRow(
        value=str(group.value),
        title=title,
        detail=detail,
        count=f"{group.count}+" if group.has_more else str(group.count),
        oldest_at=group.oldest_at,
        href=narrowed.inbox_href(),
        decide_href=narrowed.address("bulk.show") if may_decide and is_waiting else None,
    )


def _words(by: GroupBy, group: Group) -> tuple[str, str]:
    """Say what a group is, and something by which it can be told from others."""
    first = group.first
    asker = first.agent.name if first.agent else first.key
    match by:
        case GroupBy.AGENT:
            return asker, ""
        case GroupBy.KEY:
            return first.key, asker if first.agent else "Function"
        case GroupBy.SESSION:
            return first.title, f"{asker}, session …{str(group.value)[-8:]}"
        case GroupBy.BATCH:
            return f"A batch of {first.key}", f"Batch …{str(group.value)[-8:]}"
        case _:
            assert_never(by)
