"""The audit: who did what, with filters that stand in the address, and as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models import AuditAction
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import list_members
from opensink_web.operations.audit.checkpoint import last_checkpoint
from opensink_web.operations.audit.export import ExportFormat, written
from opensink_web.operations.audit.queries import (
    AuditFilter,
    all_entries,
    chain_state,
    list_entries,
)
from opensink_web.web.access import requires
from opensink_web.web.accounts.audit_row import row_of
from opensink_web.web.rendering.kind_words import audit_action
from opensink_web.web.rendering.listing import chosen_id, chosen_text, chosen_word, page_request

blueprint = Blueprint("audit", __name__)
_AUDIT = "/w/<workspace_slug>/admin/audit"
_FILTERS = ("user", "action", "subject", "since", "until")


@dataclass(frozen=True, slots=True)
class Export:
    """A file that can be had of what the page lists."""

    href: str
    text: str


@blueprint.get(_AUDIT)
@requires("audit", Action.READ)
def index(principal: Principal) -> ResponseReturnValue:
    """List what happened, newest first."""
    slug = principal.workspace.slug
    filters = _filters()
    page = list_entries(principal.workspace, filters, page_request())
    kept = _kept()
    members = {
        str(member.user_id): member.user.email for member in list_members(principal.workspace)
    }
    chosen = kept.get("user", "")
    if chosen and chosen not in members:
        members[chosen] = "Somebody who is no member"
    return render_template(
        "audit/index.html",
        rows=[row_of(slug, entry, kept) for entry in page.items],
        state=chain_state(principal.workspace),
        checkpoint=last_checkpoint(principal.workspace.id),
        filters=filters,
        kept=kept,
        people=sorted(members.items(), key=lambda each: each[1]),
        actions=[(action, audit_action(action)) for action in AuditAction],
        exports=[Export(_href(slug, f"export_{kind}"), kind.upper()) for kind in ExportFormat],
        next_href=_href(slug, trail=page.trail) if page.trail else None,
        first_href=_href(slug) if page_request().trail else None,
        here=url_for("audit.index", workspace_slug=slug),
    )


@blueprint.get(_AUDIT + "/export.csv")
@requires("audit", Action.READ)
def export_csv(principal: Principal) -> ResponseReturnValue:
    """Write what the page lists into a file for a spreadsheet, oldest first."""
    return _file(principal, ExportFormat.CSV, "text/csv")


@blueprint.get(_AUDIT + "/export.jsonl")
@requires("audit", Action.READ)
def export_jsonl(principal: Principal) -> ResponseReturnValue:
    """Write what the page lists into a file for a program, oldest first."""
    return _file(principal, ExportFormat.JSONL, "application/jsonl")


def _file(principal: Principal, kind: ExportFormat, content_type: str) -> ResponseReturnValue:
    workspace, filters = principal.workspace, _filters()
    lines = written(all_entries(workspace.id, filters), kind)
    name = f"audit-{workspace.slug}-{clock.now():%Y%m%d-%H%M%S}.{kind}"
    pieces = stream_with_context(_in_pieces(lines))
    response = Response(pieces, content_type=f"{content_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _in_pieces(lines: Iterator[str], size: int = 200) -> Iterator[str]:
    """Yield many lines at once: each piece is written to the network by itself."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == size:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _filters() -> AuditFilter:
    """Read the address. Raises: InvalidInput."""
    until = _day("until")
    return AuditFilter(
        user_id=chosen_id("user"),
        action=chosen_word(AuditAction, "action"),
        subject_id=chosen_id("subject"),
        since=_day("since"),
        before=until + timedelta(days=1) if until else None,
    )


def _day(name: str) -> datetime | None:
    """Return when a day begins, in UTC. Raises: InvalidInput."""
    text = chosen_text(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(f"{text}T00:00:00+00:00")
    except ValueError:
        raise InvalidInput("A day to filter by is written as 2026-01-31.") from None


def _kept() -> dict[str, str]:
    """Return the filters as the address has them."""
    return {name: request.args[name] for name in _FILTERS if request.args.get(name)}


def _href(slug: str, view: str = "index", **changes: str) -> str:
    args: dict[str, Any] = {**_kept(), **changes}
    return url_for(f"audit.{view}", workspace_slug=slug, **args)
