"""What was decided, in a line for a list, and what the function gave after it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.models import (
    ExecutionStatus,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
)
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.executions.queries.result import Result, results_of
from opensink_web.schema.described import in_words
from opensink_web.schema.one_click import one_click
from opensink_web.schema.part_checker import PartChecker
from opensink_web.schema.titles import Titles
from opensink_web.schema.tree.building import field_tree
from opensink_web.web.executions.reach import reaches_rows_of
from opensink_web.web.rendering.words import Badge, badge, decided

LENGTH = 120
_TITLES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Decided:
    """`word` is the decision itself: `No`, `Approved`, the choice; `detail` goes on from there.

    `edited` names what was changed of a proposal. `result` is how the function's execution stands
    and `output` what it gave, or why it failed; all None where the reader may not see that, or
    nothing went on.
    """

    word: str
    detail: str = ""
    edited: str = ""
    result: Badge | None = None
    output: str = ""


def decided_of(principal: Principal, requests: Sequence[InputRequest]) -> dict[UUID, Decided]:
    """Say of each request that does not wait what was decided, with one query for all of them."""
    over = [each for each in requests if each.status is not InputRequestStatus.PENDING]
    went_on = {
        each.execution_id
        for each in over
        if each.execution_id is not None and each.status is InputRequestStatus.RESOLVED
    }
    results = results_of(principal.workspace, went_on)
    return {each.id: _decided(principal, each, results) for each in over}


def _decided(principal: Principal, request: InputRequest, results: dict[UUID, Result]) -> Decided:
    word, detail, edited = decided(request), "", ""
    with suppress(UnreadableSecret):
        if request.decided_as is InputRequestStatus.DECLINED:
            detail = _cut((request.decline_reason or "").partition("\n")[0])
        elif request.response is not None:
            value, whole = answer_in_short(request.schema, request.response)
            if value and request.kind is not InputRequestKind.APPROVAL:
                word = value
            else:
                detail = whole
            edited = edited_in_short(request.schema, request.edited or [])
    result = results.get(request.execution_id) if request.execution_id else None
    if result is None or not reaches_rows_of(
        principal, "executions", Action.READ, result.execution.user_id
    ):
        return Decided(word, detail, edited)
    return Decided(word, detail, edited, badge(result.execution), _output(result))


def answer_in_short(schema: JSONValue, response: JSONObject) -> tuple[str, str]:
    """Return the one value that an answer consists of, "" where it has more, and all in a line.

    Secrets are left out of both.
    """
    click = one_click(schema)
    if click is not None and dump(response) in {dump(click.yes), dump(click.no)}:
        label = click.yes_label if dump(response) == dump(click.yes) else click.no_label
        return label, label
    tree, checker = field_tree(schema), PartChecker(schema)
    shown = tree.secrets.hide(response)
    if not isinstance(shown, dict):  # all of it is secret
        return "", ""
    whole = in_words(tree, shown, lambda node, part: checker.fits(node.schema, part), LENGTH)
    values = [value for value in shown.values() if not isinstance(value, dict | list)]
    value = whole.partition(": ")[2] if len(shown) == len(values) == 1 else ""
    return value, whole


def edited_in_short(schema: JSONValue, edited: Sequence[str]) -> str:
    """Name the fields that were changed: `Amount, Note and 2 more`."""
    titles = Titles(schema)
    names = dict.fromkeys(_title_of(titles, pointer) for pointer in edited)
    more = len(names) - _TITLES_SHOWN
    words = ", ".join([*names][:_TITLES_SHOWN])
    return f"{words} and {more} more" if more > 0 else words


def _title_of(titles: Titles, pointer: str) -> str:
    steps = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    while steps and steps[-1].isdecimal():  # an entry of a list goes by what the list is called
        steps.pop()
    if not steps:
        return "the whole"
    path = tuple(int(each) if each.isdecimal() else each for each in steps[:-1])
    return titles.of(path, steps[-1])


def _output(result: Result) -> str:
    if result.execution.status is ExecutionStatus.FAILED:
        return _cut((result.error or "").partition("\n")[0])
    if result.has_more:
        return "its output is on its page"
    return "" if result.output is None else _cut(dump(result.output))


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else text[:LENGTH] + "…"
