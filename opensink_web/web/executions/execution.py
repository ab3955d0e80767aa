"""Executions: the list with its filters, one with all that happened to it, and cancelling it."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web import json_value
from opensink_web.contract.public_address import public_root
from opensink_web.errors import Conflict, NotFound
from opensink_web.json_value import JSONValue
from opensink_web.models import Execution, ExecutionStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.disclosure import shown_input, shown_output
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions.execution import cancel_execution
from opensink_web.operations.executions.queries.execution import (
    ExecutionFilter,
    count_by_status,
    find_execution,
    list_executions,
)
from opensink_web.operations.page import Page
from opensink_web.web.access import requires
from opensink_web.web.executions.execution_data import has_output
from opensink_web.web.executions.execution_page import execution_page
from opensink_web.web.executions.execution_target import TargetChoice, target_choice
from opensink_web.web.executions.reach import only_user
from opensink_web.web.executions.sample_call import sample_call
from opensink_web.web.forms.choice import Choice, chosen_member, member_choice
from opensink_web.web.rendering.listing import (
    chosen_id,
    chosen_text,
    chosen_word,
    counted,
    page_request,
    same_list,
)
from opensink_web.web.rendering.live import UNCHANGED, is_unchanged, version_of
from opensink_web.web.rendering.words import badge

blueprint = Blueprint("execution", __name__)
_EXECUTIONS = "/w/<workspace_slug>/executions"
_EXECUTION = _EXECUTIONS + "/<uuid:execution_id>"
_TABS = (
    None,
    ExecutionStatus.QUEUED,
    ExecutionStatus.RUNNING,
    ExecutionStatus.AWAITING_INPUT,
    ExecutionStatus.FAILED,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.CANCELLED,
)
_COUNTED = (
    ExecutionStatus.QUEUED,
    ExecutionStatus.RUNNING,
    ExecutionStatus.AWAITING_INPUT,
    ExecutionStatus.FAILED,
)


@dataclass(frozen=True, slots=True)
class ExecutionList:
    """One page of the list as it is drawn.

    `members` are those who may have started something, where others' is shown. `refresh_href` is
    asked for news, and None where nothing arrives or it would be a search again and again.
    """

    executions: list[Execution]
    filters: ExecutionFilter
    targets: TargetChoice
    members: Choice | None
    tabs: list[tuple[str, str, bool, str | None]]
    is_filtered: bool
    next_href: str | None
    first_href: str | None
    refresh_href: str | None


@blueprint.get(_EXECUTIONS)
@requires("executions", Action.READ, least=Reach.OWN)
def index(principal: Principal) -> ResponseReturnValue:
    """List executions, newest first, or to htmx the part that updates itself."""
    href = _href_of_id(principal, chosen_text("search"))
    if href is not None:
        return redirect(href, 303)
    targets = target_choice(principal.workspace)
    filters = _filters(principal, targets)
    page = list_executions(principal.workspace, filters, page_request())
    tabs = _tabs(principal, filters)
    rows = [(execution.id, execution.status, execution.updated_at) for execution in page.items]
    version = version_of(rows, [count for *_, count in tabs])
    if is_unchanged(version):
        return UNCHANGED
    return render_template(
        "execution/_list.html" if request.htmx else "execution/index.html",
        page=_list(principal, filters, targets, page, tabs, version),
        base_url=public_root(),
        sample=None if page.items else sample_call(principal),
    )


@blueprint.get(_EXECUTION)
@requires("executions", Action.READ, least=Reach.OWN)
def show(principal: Principal, execution_id: UUID) -> ResponseReturnValue:
    """Show an execution, or to htmx the part that updates itself."""
    page = execution_page(principal, _find(principal, execution_id))
    if is_unchanged(page.version):
        return UNCHANGED
    template = "execution/_execution.html" if request.htmx else "execution/show.html"
    return render_template(template, page=page, execution=page.execution)


@blueprint.get(_EXECUTION + "/input.json")
@requires("executions", Action.READ, least=Reach.OWN)
def download_input(principal: Principal, execution_id: UUID) -> ResponseReturnValue:
    """Hand out an execution's input as a file."""
    execution = _find(principal, execution_id)
    return _as_file(shown_input(execution), f"execution-{execution_id}-input.json")


@blueprint.get(_EXECUTION + "/output.json")
@requires("executions", Action.READ, least=Reach.OWN)
def download_output(principal: Principal, execution_id: UUID) -> ResponseReturnValue:
    """Hand out an execution's output as a file."""
    execution = _find(principal, execution_id)
    if not has_output(execution):
        raise NotFound("This execution has no output.")
    return _as_file(shown_output(execution), f"execution-{execution_id}-output.json")


@blueprint.post(_EXECUTION + "/cancel")
@requires("executions", "cancel", least=Reach.OWN)
def cancel(principal: Principal, execution_id: UUID) -> ResponseReturnValue:
    """End an execution that has not ended."""
    user_id = only_user(principal, "executions", "cancel")
    try:
        with writing():
            cancel_execution(principal.workspace, execution_id, user_id=user_id)
    except Conflict as error:
        flash(error.message, "danger")
    else:
        flash("The execution has been cancelled.", "success")
    return redirect(_href(principal, execution_id), 303)


def _as_file(value: JSONValue, name: str) -> Response:
    answer = Response(json_value.dump(value, indent=2) + "\n", mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _find(principal: Principal, execution_id: UUID) -> Execution:
    user_id = only_user(principal, "executions", Action.READ)
    return find_execution(principal.workspace, execution_id, user_id=user_id)


def _href(principal: Principal, execution_id: UUID) -> str:
    slug = principal.workspace.slug
    return url_for("execution.show", workspace_slug=slug, execution_id=execution_id)


def _href_of_id(principal: Principal, text: str) -> str | None:
    """Return where an id leads that somebody pasted whole."""
    with suppress(ValueError, NotFound):
        return _href(principal, _find(principal, UUID(text)).id)
    return None


def _filters(principal: Principal, targets: TargetChoice) -> ExecutionFilter:
    chosen = targets.chosen
    return ExecutionFilter(
        user_id=only_user(principal, "executions", Action.READ)
        or chosen_member(principal.workspace),
        target_namespace=chosen.namespace,
        target_name=chosen.name,
        function_id=chosen.function_id,
        agent_id=chosen.agent_id,
        status=chosen_word(ExecutionStatus, "status"),
        batch_id=chosen_id("batch"),
        search=chosen_text("search") or None,
    )


def _list(
    principal: Principal,
    filters: ExecutionFilter,
    targets: TargetChoice,
    found: Page[Execution],
    tabs: list[tuple[str, str, bool, str | None]],
    version: str,
) -> ExecutionList:
    is_first_page = page_request().trail is None
    sees_others = only_user(principal, "executions", Action.READ) is None
    return ExecutionList(
        executions=found.items,
        filters=filters,
        targets=targets,
        members=member_choice(principal.workspace, filters.user_id) if sees_others else None,
        tabs=tabs,
        is_filtered=_is_filtered(),
        next_href=same_list(trail=found.trail) if found.trail else None,
        first_href=None if is_first_page else same_list(),
        refresh_href=(
            same_list(version=version) if is_first_page and filters.search is None else None
        ),
    )


def _is_filtered() -> bool:
    return any(chosen_text(name) for name in ("search", "target", "user", "batch"))


def _tabs(
    principal: Principal, filters: ExecutionFilter
) -> list[tuple[str, str, bool, str | None]]:
    """Return the tabs above the list, as the macro takes them: all, and each status.

    How many there are of what is not done or went wrong is counted where an index does it.
    """
    counts: dict[ExecutionStatus, int] = {}
    if not _is_filtered() and filters.user_id is None:
        counts = count_by_status(principal.workspace, _COUNTED)
    return [
        (
            badge(status).text if status else "All",
            same_list(status=status and status.value, trail=None),
            filters.status is status,
            (counted(counts.get(status, 0)) or None) if status else None,
        )
        for status in _TABS
    ]
