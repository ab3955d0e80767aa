"""What stands above the inbox's list: the filters that are on, and menus of what else there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never
from uuid import UUID

from opensink_web import clock
from opensink_web.models import InputRequest, InputRequestKind, Workspace
from opensink_web.models.base import first_id_at
from opensink_web.operations.accounts.queries import address_of_member
from opensink_web.operations.requests.ending import Ending
from opensink_web.operations.requests.facets import (
    VALUES_MAX,
    Facet,
    Facets,
    GroupBy,
    facet_counts,
    names_of_agents,
)
from opensink_web.operations.requests.listing import ListOrder
from opensink_web.web.forms.choice import Choice, member_choice
from opensink_web.web.requests.ended_filter import EndedFilter, is_day, words_of
from opensink_web.web.requests.inbox_filter import Age, InboxFilter

_TYPED: dict[str, Any] = {"agent_id": None, "function": "", "key": "", "tag": ""}
"""Of what there may be more values than are offered; with the value for none."""


@dataclass(frozen=True, slots=True)
class Option:
    """A link of a menu; `count` is how many it would show, in words, "" where that is not known."""

    text: str
    href: str
    count: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """Values of one sort; `name` is unique on the page, and the argument that has the value.

    `note` says what the counts leave out. `kept` are arguments that stay where another value than
    those of the options is typed; None where there is no other.
    """

    name: str
    label: str
    options: Sequence[Option]
    note: str = ""
    kept: Mapping[str, str] | None = None

    @property
    def is_on(self) -> bool:
        return any(each.is_chosen for each in self.options)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on; `href` leads to the list without it."""

    label: str
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class EndedForm:
    """Where it is chosen when what is listed was decided, how and by whom; `kept` stays as it is.

    A moment that the address has, and no day, stands in no field: it is there until a day is.
    """

    first: str
    last: str
    zone: str
    endings: Sequence[tuple[str, str]]
    ending: str
    members: Choice
    kept: Mapping[str, str]
    is_on: bool


@dataclass(frozen=True, slots=True)
class InboxMenus:
    """All of it; `order` and `grouping` are menus too."""

    chips: Sequence[Chip]
    filters: Sequence[Menu]
    order: Menu | None
    grouping: Menu
    ended: EndedForm | None = None


def menus_of(
    workspace: Workspace, filters: InboxFilter, whole: Sequence[InputRequest] | None = None
) -> InboxMenus:
    """Draw up what a list can be changed to, with counts of what there is.

    `whole` is all that is in the list, where that is known.
    """
    facets = facet_counts(workspace, filters.listed, whole)
    names = facets.names
    if filters.agent_id is not None and filters.agent_id not in names:
        names = {**names, **names_of_agents(workspace, [filters.agent_id])}
    return InboxMenus(
        chips=[*_chips(filters, names, _decider(workspace, filters))],
        filters=[each for each in _filters(filters, facets, names) if each.options],
        order=_order(filters) if filters.view.is_waiting else None,
        grouping=_grouping(filters),
        ended=None if filters.view.is_waiting else _ended(workspace, filters),
    )


def _ended(workspace: Workspace, filters: InboxFilter) -> EndedForm:
    ended = filters.ended
    first, last = (each if is_day(each) else "" for each in (ended.first, ended.last))
    return EndedForm(
        first,
        last,
        ended.zone or "UTC",
        [(each.value, words_of(each)) for each in Ending],
        ended.ending or "",
        member_choice(workspace, ended.decided_by),
        filters.changed(ended=EndedFilter()).args,
        ended.narrows,
    )


def _filters(filters: InboxFilter, facets: Facets, names: dict[UUID, str]) -> Iterator[Menu]:
    agents = [each for each in facets.agents if each.value in names]
    kinds, ages = (
        {each: _kind(each) for each in InputRequestKind},
        {each: each.words for each in Age},
    )
    yield _menu(filters, facets, "kind", "Kind", facets.kinds, kinds)
    yield _menu(filters, facets, "agent_id", "Agent", agents, names)
    yield _menu(filters, facets, "function", "Function", facets.functions)
    yield _menu(filters, facets, "key", "Key", facets.keys)
    yield _menu(filters, facets, "tag", "Tag", facets.tags)
    if filters.view.is_waiting:
        yield _menu(filters, facets, "age", "Age", _ages(facets), ages)


def _menu(
    filters: InboxFilter,
    facets_of: Facets,
    field: str,
    label: str,
    facets: Sequence[Facet[Any]],
    words: dict[Any, str] | None = None,
) -> Menu:
    chosen, name = getattr(filters, field), field.removesuffix("_id")
    is_sampled = facets_of.sampled is not None and (filters.narrows or field == "tag")
    has_others = field in _TYPED and (is_sampled or len(facets) >= VALUES_MAX)
    options = [
        Option(
            text=str(each.value) if words is None else words[each.value],
            href=filters.changed(**{field: each.value}).inbox_href(),
            count=_count(each),
            is_chosen=each.value == chosen,
        )
        for each in facets
    ]
    others = filters.changed(**{field: _TYPED[field]}).args if has_others else None
    note = f"Counted among the first {facets_of.sampled}" if is_sampled else ""
    return Menu(name, label, options, note, others)


def _ages(facets: Facets) -> list[Facet[Age]]:
    """Count by age what was looked at, the oldest first: in a long list there are more yet."""
    now, ids = clock.now(), facets.oldest_ids
    counts = {age: sum(each < first_id_at(now - age.least) for each in ids) for age in Age}
    return [
        Facet(age, count, has_more=count == len(ids) and not facets.are_all_oldest)
        for age, count in counts.items()
        if count
    ]


def _count(facet: Facet[Any]) -> str:
    """Write how many there are of a value; nothing where none was seen of those there may be."""
    if facet.has_more:
        return f"{facet.count}+" if facet.count else ""
    return str(facet.count)


def _order(filters: InboxFilter) -> Menu:
    options = [
        Option(
            _ordered(order),
            filters.changed(order=order).inbox_href(),
            is_chosen=order is filters.order,
        )
        for order in ListOrder
    ]
    return Menu("order", _ordered(filters.order), options)


def _grouping(filters: InboxFilter) -> Menu:
    options = [
        Option(
            f"By {group}",
            filters.changed(group=group).inbox_href(),
            is_chosen=group is filters.group,
        )
        for group in GroupBy
    ]
    ungrouped = filters.changed(group=None).inbox_href()
    options.append(Option("Not grouped", ungrouped, is_chosen=filters.group is None))
    return Menu("group", f"By {filters.group}" if filters.group else "Group", options)


def _chips(filters: InboxFilter, names: dict[UUID, str], decider: str) -> Iterator[Chip]:
    agent = names.get(filters.agent_id, "gone") if filters.agent_id else ""
    for field, label, text in (
        ("search", "Search", filters.search),
        ("kind", "Kind", _kind(filters.kind) if filters.kind else ""),
        ("agent_id", "Agent", agent),
        ("function", "Function", filters.function),
        ("key", "Key", filters.key),
        ("tag", "Tag", filters.tag),
        ("age", "Age", filters.age.words if filters.age else ""),
        ("asks", "Asks", "me" if filters.asks else ""),
        ("session_id", "Session", _short(filters.session_id)),
        ("batch_id", "Batch", _short(filters.batch_id)),
    ):
        if text:
            without = "" if field in {"search", "function", "key", "tag"} else None
            yield Chip(label, text, filters.changed(**{field: without}).inbox_href())
    ended = filters.ended
    for fields, label, text in (
        ({"first": "", "last": ""}, "Decided", _range_text(ended)),
        ({"ending": None}, "Outcome", words_of(ended.ending) if ended.ending else ""),
        ({"decided_by": None}, "By", decider or _short(ended.decided_by)),
    ):
        if text and not filters.view.is_waiting:
            without_it = replace(ended, **fields)
            yield Chip(label, text, filters.changed(ended=without_it).inbox_href())


def _decider(workspace: Workspace, filters: InboxFilter) -> str:
    by = filters.ended.decided_by
    return (address_of_member(workspace, by) or "") if by else ""


def _range_text(ended: EndedFilter) -> str:
    """Say which time a list is of, in the words of its address."""
    parts = [("from", ended.first), ("to", ended.last)]
    text = " ".join(f"{word} {value}" for word, value in parts if value)
    return f"{text} ({ended.zone})" if text and ended.zone else text


def _kind(kind: InputRequestKind) -> str:
    match kind:
        case InputRequestKind.INPUT:
            return "Questions"
        case InputRequestKind.APPROVAL:
            return "Approvals"
        case _:
            assert_never(kind)


def _ordered(order: ListOrder) -> str:
    match order:
        case ListOrder.OLDEST:
            return "Oldest first"
        case ListOrder.NEWEST:
            return "Newest first"
        case ListOrder.DUE:
            return "Due first"
        case ListOrder.PRIORITY:
            return "Most urgent first"
        case _:
            assert_never(order)


def _short(row_id: UUID | None) -> str:
    """Return the end of an id, by which rows can be told apart."""
    return f"…{str(row_id)[-8:]}" if row_id else ""
