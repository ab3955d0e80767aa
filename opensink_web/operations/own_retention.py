"""How long a workspace keeps what has ended, where it says so for itself.

A workspace keeps things for less time than the server does, never for more: what whoever runs the
server has promised, or must do, holds for all.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, SubjectKind, Workspace, db
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.kept import Kept, Term, column_of, term_of
from opensink_web.operations.retention import Scope, count_prunable, days_in_force

DAYS_MIN = 7
"""Somebody may be away for a week, and look for what was decided."""
DAYS_MAX = 36_500
COUNTED_MAX = 10_000
"""What would go is counted so far: an admin waits for it."""


def own_days(workspace: Workspace) -> dict[Term, int | None]:
    """Return what a workspace says for itself."""
    row = db.session.execute(
        select(*(column_of(term) for term in Term)).where(Workspace.id == workspace.id)
    ).one()
    return dict(zip(Term, row, strict=True))


def set_retention(
    workspace: Workspace, days: Mapping[Term, int | None], of_server: Mapping[Term, int]
) -> None:
    """Say for how many days things are kept; None is as long as the server keeps them.

    Raises: InvalidInput.
    """
    check_days(days, of_server)
    before = own_days(workspace)
    for term, span in days.items():
        setattr(workspace, column_of(term).key, span)
    said: JSONObject = {f"retention_days_{term}": span for term, span in before.items()}
    says: JSONObject = {f"retention_days_{term}": days.get(term) for term in before}
    if changes := changes_between(said, says):
        subject = (SubjectKind.WORKSPACE, workspace.id)
        record(AuditAction.WORKSPACE_CHANGED, workspace.id, *subject, {"changes": changes})


def check_days(days: Mapping[Term, int | None], of_server: Mapping[Term, int]) -> None:
    """Raises: InvalidInput, saying of each that cannot be why."""
    errors = []
    for term, span in days.items():
        most = of_server[term] or DAYS_MAX
        if span is not None and not DAYS_MIN <= span <= most:
            errors.append(FieldError(f"/{term}", _why_not(most, is_limited=bool(of_server[term]))))
    if errors:
        raise InvalidInput("Things cannot be kept for so long.", errors=tuple(errors))


def _why_not(most: int, *, is_limited: bool) -> str:
    if most < DAYS_MIN:
        return f"This server keeps them for {most} days, and nothing shorter can be set here."
    limit = ", for which this server keeps them" if is_limited else ""
    return f"Enter {DAYS_MIN} to {most:,} days{limit}."


def count_going(
    workspace: Workspace, days: Mapping[Term, int | None], of_server: Mapping[Term, int]
) -> dict[Kept, int]:
    """Count what would be deleted of each kind, up to COUNTED_MAX."""
    moment, scope = clock.now(), Scope(workspace.id)
    going = {}
    for kind in Kept:
        term = term_of(kind)
        if span := days_in_force(of_server[term], days.get(term)):
            cutoff = moment - timedelta(days=span)
            going[kind] = count_prunable(kind, cutoff, scope, most=COUNTED_MAX)
    return {kind: count for kind, count in going.items() if count}
