"""Batches: the list, one with how far it is, and cancelling it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.contract.public_address import public_root
from opensink_web.errors import Conflict
from opensink_web.models import Batch, BatchStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.executions.queries.batch import BatchFilter, find_batch, list_batches
from opensink_web.operations.page import Page
from opensink_web.web.access import requires
from opensink_web.web.executions.batch_page import batch_page
from opensink_web.web.executions.batch_progress import BatchRow, rows_of
from opensink_web.web.executions.execution_target import TargetChoice, target_choice
from opensink_web.web.executions.reach import only_user
from opensink_web.web.executions.sample_call import sample_call
from opensink_web.web.forms.choice import Choice, chosen_member, member_choice
from opensink_web.web.rendering.listing import chosen_text, chosen_word, page_request, same_list
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.rendering.words import badge

blueprint = Blueprint("batch", __name__)
_BATCHES = "/w/<workspace_slug>/batches"
_BATCH = _BATCHES + "/<uuid:batch_id>"


class View(StrEnum):
    """The tabs: what is not done, and how what is done ended."""

    OPEN = "open"
    PARTIAL = "partial"
    FAILED = "failed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def text(self) -> str:
        """What the tab is called."""
        match self:
            case View.OPEN:
                return "Not done"
            case View.PARTIAL:
                return badge(BatchStatus.PARTIAL).text
            case View.FAILED:
                return badge(BatchStatus.FAILED).text
            case View.COMPLETED:
                return badge(BatchStatus.COMPLETED).text
            case View.CANCELLED:
                return badge(BatchStatus.CANCELLED).text
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class BatchList:
    """One page of the list as it is drawn.

    `members` are those who may have submitted something, where others' is shown. `refresh_href` is
    asked for news, and None below the first page, where nothing arrives.
    """

    rows: list[BatchRow]
    filters: BatchFilter
    view: View | None
    targets: TargetChoice
    members: Choice | None
    is_filtered: bool
    next_href: str | None
    first_href: str | None
    refresh_href: str | None


@blueprint.get(_BATCHES)
@requires("batches", Action.READ, least=Reach.OWN)
def index(principal: Principal) -> ResponseReturnValue:
    """List batches, newest first, or to htmx the part that updates itself."""
    targets = target_choice(principal.workspace)
    filters = _filters(principal, targets)
    page = list_batches(principal.workspace, filters, page_request())
    rows = rows_of(page.items)
    version = version_of([(row.batch.id, row.status, row.bar) for row in rows])
    if is_unchanged(version):
        return UNCHANGED
    return render_template(
        "batch/_list.html" if request.htmx else "batch/index.html",
        page=_list(principal, filters, targets, page, rows, version),
        tabs=_tabs(),
        base_url=public_root(),
        sample=None if rows else sample_call(principal),
    )


@blueprint.get(_BATCH)
@requires("batches", Action.READ, least=Reach.OWN)
def show(principal: Principal, batch_id: UUID) -> ResponseReturnValue:
    """Show a batch, or to htmx the part that updates itself."""
    user_id = only_user(principal, "batches", Action.READ)
    page = batch_page(principal, find_batch(principal.workspace, batch_id, user_id=user_id))
    if is_unchanged(page.version):
        return UNCHANGED
    template = "batch/_batch.html" if request.htmx else "batch/show.html"
    return render_template(template, page=page, batch=page.batch)


@blueprint.post(_BATCH + "/cancel")
@requires("batches", "cancel", least=Reach.OWN)
def cancel(principal: Principal, batch_id: UUID) -> ResponseReturnValue:
    """Cancel what of a batch has not begun or waits for a person."""
    user_id = only_user(principal, "batches", "cancel")
    try:
        with writing():
            count = cancel_batch(principal.workspace, batch_id, user_id=user_id)
    except Conflict as error:
        flash(error.message, "danger")
    else:
        flash(f"The batch has been cancelled: {count:,} executions will not run.", "success")
    slug = principal.workspace.slug
    return redirect(url_for("batch.show", workspace_slug=slug, batch_id=batch_id), 303)


def _filters(principal: Principal, targets: TargetChoice) -> BatchFilter:
    chosen, view = targets.chosen, chosen_word(View, "view")
    is_open = None if view is None else view is View.OPEN
    return BatchFilter(
        user_id=only_user(principal, "batches", Action.READ) or chosen_member(principal.workspace),
        target_namespace=chosen.namespace,
        target_name=chosen.name,
        function_id=chosen.function_id,
        agent_id=chosen.agent_id,
        is_open=is_open,
        ended_as=None if view in {None, View.OPEN} else BatchStatus(str(view)),
    )


def _list(
    principal: Principal,
    filters: BatchFilter,
    targets: TargetChoice,
    found: Page[Batch],
    rows: list[BatchRow],
    version: str,
) -> BatchList:
    is_first_page = page_request().trail is None
    sees_others = only_user(principal, "batches", Action.READ) is None
    return BatchList(
        rows=rows,
        filters=filters,
        view=chosen_word(View, "view"),
        targets=targets,
        members=member_choice(principal.workspace, filters.user_id) if sees_others else None,
        is_filtered=any(chosen_text(name) for name in ("target", "user")),
        next_href=same_list(trail=found.trail) if found.trail else None,
        first_href=None if is_first_page else same_list(),
        refresh_href=same_list(version=version) if is_first_page else None,
    )


def _tabs() -> list[tuple[str, str, bool, None]]:
    chosen = chosen_word(View, "view")
    return [
        (
            view.text if view else "All",
            same_list(view=view and view.value, trail=None),
            chosen is view,
            None,
        )
        for view in (None, *View)
    ]
