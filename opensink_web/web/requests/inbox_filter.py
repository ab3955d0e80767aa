"""What the inbox shows, as its address says it: read from the address, and written into others.

The same stands in the address of a request that was opened from a list, so that the way to the next
one and back is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self, assert_never
from urllib.parse import urlencode
from uuid import UUID

from flask import g, request, url_for

from opensink_web.models import InputRequestKind, Workspace
from opensink_web.operations.requests.facets import GroupBy
from opensink_web.operations.requests.listing import ListedFilter, ListOrder, ListView
from opensink_web.web.forms.choice import chosen_agent
from opensink_web.web.rendering.listing import chosen_id, chosen_text, chosen_word
from opensink_web.web.requests.ended_filter import EndedFilter

NOT_NARROWED = EndedFilter()


class Age(StrEnum):
    """How long something waits at least."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"

    @property
    def least(self) -> timedelta:
        match self:
            case Age.HOUR:
                return timedelta(hours=1)
            case Age.DAY:
                return timedelta(days=1)
            case Age.WEEK:
                return timedelta(days=7)
            case _:
                assert_never(self)

    @property
    def words(self) -> str:
        match self:
            case Age.HOUR:
                return "Over an hour"
            case Age.DAY:
                return "Over a day"
            case Age.WEEK:
                return "Over a week"
            case _:
                assert_never(self)


class Asks(StrEnum):
    """Who is asked by a comment and has not answered; views that are saved are each person's."""

    ME = "me"


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """One list of the inbox: which tab, filters and order; "" and None mean any."""

    view: ListView = ListView.WAITING
    order: ListOrder = ListOrder.OLDEST
    kind: InputRequestKind | None = None
    agent_id: UUID | None = None
    function: str = ""
    key: str = ""
    tag: str = ""
    age: Age | None = None
    asks: Asks | None = None
    session_id: UUID | None = None
    batch_id: UUID | None = None
    search: str = ""
    group: GroupBy | None = None
    saved: UUID | None = None
    ended: EndedFilter = NOT_NARROWED

    @classmethod
    def from_address(cls, workspace: Workspace) -> Self:
        """Read the filter of the page that is asked for. Raises: InvalidInput."""
        view = chosen_word(ListView, "view") or ListView.WAITING
        return cls(
            view=view,
            order=chosen_word(ListOrder, "order") or ListOrder.OLDEST,
            kind=chosen_word(InputRequestKind, "kind"),
            agent_id=chosen_agent(workspace),
            function=chosen_text("function"),
            key=chosen_text("key"),
            tag=chosen_text("tag"),
            age=chosen_word(Age, "age"),
            asks=chosen_word(Asks, "asks"),
            session_id=chosen_id("session"),
            batch_id=chosen_id("batch"),
            search=chosen_text("q"),
            group=chosen_word(GroupBy, "group"),
            saved=chosen_id("saved"),
            ended=NOT_NARROWED if view.is_waiting else EndedFilter.from_address(workspace),
        )

    @property
    def listed(self) -> ListedFilter:
        """Return what the list is looked up by."""
        return ListedFilter(
            view=self.view,
            order=self.order,
            kind=self.kind,
            agent_id=self.agent_id,
            function_name=self.function or None,
            key=self.key or None,
            tag=self.tag or None,
            older_than=self.age.least if self.age else None,
            session_id=self.session_id,
            batch_id=self.batch_id,
            search=self.search or None,
            reader_id=g.principal.user.id if self.view is ListView.MINE else None,
            asked_id=g.principal.user.id if self.asks is Asks.ME else None,
            ended=None if self.view.is_waiting else self.ended.ended,
            counted_as=self.ended.counted_as(g.principal.workspace.id),
        )

    @property
    def waiting(self) -> "InboxFilter":
        """Return the same of what waits."""
        if self.view.is_waiting:
            return self
        return self.changed(view=ListView.WAITING, ended=NOT_NARROWED)

    @property
    def args(self) -> dict[str, str]:
        """Return it as arguments of an address; what is as usual is left out."""
        usual = InboxFilter()
        named = {
            "view": (self.view, usual.view),
            "order": (self.order, usual.order),
            "kind": (self.kind, None),
            "agent": (self.agent_id, None),
            "function": (self.function, ""),
            "key": (self.key, ""),
            "tag": (self.tag, ""),
            "age": (self.age, None),
            "asks": (self.asks, None),
            "session": (self.session_id, None),
            "batch": (self.batch_id, None),
            "q": (self.search, ""),
            "group": (self.group, None),
            "saved": (self.saved, None),
        }
        args = {name: str(value) for name, (value, same) in named.items() if value != same}
        return args if ListView(self.view).is_waiting else args | self.ended.args

    @property
    def query(self) -> str:
        """Return it as a saved view keeps it: what stands behind the question mark."""
        return urlencode(self.changed(saved=None).args)

    @property
    def narrows(self) -> bool:
        """Return True if it leaves anything of its tab out."""
        return replace(self, order=ListOrder.OLDEST, group=None, saved=None) != InboxFilter(
            view=self.view
        )

    @property
    def cleared(self) -> "InboxFilter":
        """Return the tab without any filter, in the same order."""
        return InboxFilter(view=self.view, order=self.order, group=self.group)

    def changed(self, **values: Any) -> "InboxFilter":
        """Return it with other values; the fields by their names."""
        return replace(self, **values)

    def inbox_href(self, **more: str | None) -> str:
        """Return the address of the list; `more` are arguments besides, None for none."""
        return _address("inbox.show", self._with(more))

    def request_href(self, request_id: UUID, **more: str | None) -> str:
        """Return the address of a request that is opened from this list."""
        return _address("input_request.show", {**self._with(more), "request_id": str(request_id)})

    def address(self, endpoint: str, **more: str | UUID | None) -> str:
        """Return the address of what is done with this list, or with something that is in it."""
        return _address(endpoint, self._with(more))

    def _with(self, more: Mapping[str, object]) -> dict[str, str]:
        return {**self.args, **{name: str(value) for name, value in more.items() if value}}


def _address(endpoint: str, values: dict[str, Any]) -> str:
    """Return an address in the workspace of the page that is asked for."""
    return url_for(endpoint, workspace_slug=(request.view_args or {})["workspace_slug"], **values)
