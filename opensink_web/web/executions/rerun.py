"""Running again what has ended: an execution, or those of a batch that failed."""

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import InvalidInput, OpenSinkError, PermissionMissing
from opensink_web.models import Batch, Execution, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions.queries.batch import find_batch
from opensink_web.operations.executions.queries.execution import find_execution
from opensink_web.operations.executions.queries.rerun import callback_urls_of, reruns_of
from opensink_web.operations.executions.rerun import (
    RerunOrder,
    check_execution,
    check_failed,
    may_rerun,
    may_tell,
    rerun_execution,
    rerun_failed,
)
from opensink_web.operations.executions.staging import stage
from opensink_web.operations.idempotency import HeldKey
from opensink_web.outbound.redaction import redact_address
from opensink_web.web.access import requires, services
from opensink_web.web.executions.reach import only_user

blueprint = Blueprint("rerun", __name__)


@dataclass(frozen=True, slots=True)
class Reruns:
    """How something was run again before, and how it can be.

    `done` are the addresses of what ran it again, oldest first, `original` that of what it ran
    again itself. `callback_urls` are without their secrets; nothing is sent there unless
    `may_tell`.
    """

    is_offered: bool
    done: list[str]
    original: str | None
    callback_urls: list[str]
    may_tell: bool


def reruns(principal: Principal, original: Execution | Batch, *, has_ended: bool) -> Reruns:
    """Look up what is told of running something again."""
    slug = principal.workspace.slug
    href = _batch_href if isinstance(original, Batch) else _execution_href
    first_id = original.rerun_of_id
    is_there = first_id is not None and db.session.get(type(original), first_id) is not None
    return Reruns(
        is_offered=has_ended and may_rerun(principal, original),
        done=[href(slug, each) for each in reruns_of(original)],
        original=href(slug, first_id) if first_id and is_there else None,
        callback_urls=[redact_address(url) for url in callback_urls_of(original)],
        may_tell=may_tell(principal, original),
    )


@blueprint.post("/w/<workspace_slug>/executions/<uuid:execution_id>/rerun")
@requires("executions", Action.READ, least=Reach.OWN)
def execution(principal: Principal, execution_id: UUID) -> ResponseReturnValue:
    """Have an execution's call made once more."""
    slug = principal.workspace.slug
    order = _order(only_user(principal, "executions", Action.READ))
    original = find_execution(principal.workspace, execution_id, user_id=order.user_id)
    try:
        _check_callbacks(original, order)
        checked = check_execution(principal, execution_id, order)
        with writing():
            execution_id = rerun_execution(principal, execution_id, checked, order)
    except PermissionMissing:
        raise
    except OpenSinkError as error:
        _tell(error)
    else:
        flash("It is running again: this is the new execution.", "success")
    return redirect(_execution_href(slug, execution_id), 303)


@blueprint.post("/w/<workspace_slug>/batches/<uuid:batch_id>/rerun")
@requires("batches", Action.READ, least=Reach.OWN)
def batch(principal: Principal, batch_id: UUID) -> ResponseReturnValue:
    """Have what failed of a batch executed once more."""
    slug = principal.workspace.slug
    order = _order(only_user(principal, "batches", Action.READ))
    original = find_batch(principal.workspace, batch_id, user_id=order.user_id)
    try:
        _check_callbacks(original, order)
        failed = check_failed(principal, batch_id, order, services().templates)
        with stage(failed, lambda: principal, HeldKey(None)) as draft, writing():
            rerun_failed(principal, draft, order)
        batch_id = failed.batch_id
    except PermissionMissing:
        raise
    except OpenSinkError as error:
        _tell(error)
    else:
        flash("The failed executions are running again: this is the new batch.", "success")
    return redirect(_batch_href(slug, batch_id), 303)


def _execution_href(slug: str, execution_id: UUID) -> str:
    return url_for("execution.show", workspace_slug=slug, execution_id=execution_id)


def _batch_href(slug: str, batch_id: UUID) -> str:
    return url_for("batch.show", workspace_slug=slug, batch_id=batch_id)


def _order(user_id: UUID | None) -> RerunOrder:
    """Read the form. Raises: InvalidInput."""
    known = request.form.get("known", "")
    if not (known.isascii() and known.isdigit() and len(known) < 8):
        raise InvalidInput(
            "This page is out of date: it does not say how often "
            "this was run again. Reload it and try again."
        )
    return RerunOrder(
        known_count=int(known),
        with_callbacks="with_callbacks" in request.form,
        size_max=services().settings.max_batch_size,
        user_id=user_id,
    )


def _check_callbacks(original: Execution | Batch, order: RerunOrder) -> None:
    """Raises: InvalidInput. Asks a name server, so no transaction may be open."""
    if not order.with_callbacks:
        return
    for url in callback_urls_of(original):
        refusal = services().callback_policy.check_url(url)
        if refusal is not None:
            raise InvalidInput(f"{refusal} It can be run again without the callback.")


def _tell(error: OpenSinkError) -> None:
    why = error.errors[0].message if error.errors else ""
    text = error.message if why in error.message else f"{error.message} {why}"
    flash(f"Nothing was run again. {text}", "danger")
