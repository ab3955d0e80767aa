"""What executions gave, as far as a list has room for it. Nothing is written here."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, func, select

from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import Execution, Workspace, db
from opensink_web.schema.secrets import hide_at, paths_from

OUTPUT_CHARACTERS_MAX = 8 * 1024
"""Of a longer output, sealed as it is stored, a list tells no more than that it is there."""


@dataclass(frozen=True, slots=True)
class Result:
    """Where an execution stands, and its output without secrets; `has_more` where it is too long.

    `execution` has what names and draws it alone. `error` is left out where it may repeat a secret.
    """

    execution: Execution
    output: JSONValue = None
    has_more: bool = False
    error: str | None = None


def results_of(workspace: Workspace, execution_ids: Collection[UUID]) -> dict[UUID, Result]:
    """Look up what each of these executions gave, in one query."""
    if not execution_ids:
        return {}
    output = Execution.sealed_output_data
    short = case((func.length(output) <= OUTPUT_CHARACTERS_MAX, output))
    rows = db.session.execute(
        select(
            Execution.id,
            Execution.user_id,
            Execution.status,
            Execution.error_code,
            Execution.sealed_error,
            Execution.sealed_secret_input_paths,
            Execution.sealed_secret_output_paths,
            short.label("short_output"),
            output.is_not(None).label("has_output"),
        ).where(Execution.id.in_(execution_ids), Execution.workspace_id == workspace.id)
    )
    results = {}
    for row in rows:
        # never added to the session: no more than a value that words.py can draw
        execution = Execution(
            id=row.id, user_id=row.user_id, status=row.status, error_code=row.error_code
        )
        sealed_paths = (row.sealed_secret_input_paths, row.sealed_secret_output_paths)
        has_secrets = any(each is not None for each in sealed_paths)
        try:
            paths = Execution.secret_output_paths.unseal(row.id, row.sealed_secret_output_paths)
            shown = hide_at(
                Execution.output_data.unseal(row.id, row.short_output), paths_from(paths)
            )
            error = None if has_secrets else Execution.error.unseal(row.id, row.sealed_error)
        except UnreadableSecret as unreadable:
            shown, error = None, unreadable.message
        has_more = row.has_output and row.short_output is None
        results[row.id] = Result(execution, shown, has_more, error)
    return results
