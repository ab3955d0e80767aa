"""From the numbers of the insights to the lists of just these requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, final

from flask import url_for

from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.insights.collecting import Narrowing
from opensink_web.operations.insights.outcome import milliseconds, moment_of
from opensink_web.operations.requests.ending import Ending


@final
@dataclass(frozen=True, slots=True)
class ListLinks:
    """Where the requests are that a row counts."""

    ended: str
    decided: str
    approved: str
    edited: str
    declined: str
    expired: str

    @classmethod
    def of(
        cls, principal: Principal, narrowing: Narrowing, begin: datetime, end: datetime
    ) -> Self | None:
        """Return those of a range, or None to who may not see them."""
        if not principal.may("agent_session_input_requests", Action.READ):
            return None
        args = {**_args(narrowing), "view": "decided", "from": _said(begin), "to": _said(end)}
        # a page has hundreds: the address is built once, and how they ended stands behind it
        list_href = url_for("inbox.show", workspace_slug=principal.workspace.slug, **args)

        def href(ending: Ending) -> str:
            return f"{list_href}&outcome={ending.value}"

        return cls(
            ended=href(Ending.ENDED),
            decided=href(Ending.DECIDED),
            approved=href(Ending.APPROVED),
            edited=href(Ending.EDITED),
            declined=href(Ending.DECLINED),
            expired=href(Ending.EXPIRED),
        )


def _args(narrowing: Narrowing) -> dict[str, Any]:
    """Return what the inbox calls the same."""
    what, _, name = (narrowing.asker or "").partition(":")
    named = {
        "agent": name if what == "agent" else "",
        "function": name if what == "function" else "",
        "key": narrowing.key,
        "user": narrowing.reviewer,
    }
    return {each: value for each, value in named.items() if value}


def _said(moment: datetime) -> str:
    """Write a moment as it is counted by: in milliseconds."""
    said = moment_of(milliseconds(moment)).replace(tzinfo=None)
    return f"{said.isoformat(timespec='milliseconds')}Z"
