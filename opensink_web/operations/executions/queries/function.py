"""Functions, read: finding and listing them.

Nothing is written here, and nothing of what writes is imported.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import Function, FunctionKind, Workspace, db
from opensink_web.operations import page


@dataclass(frozen=True, slots=True)
class FunctionFilter:
    """Which functions to list; None means any. `search` is part of a name or description."""

    namespace: str | None = None
    kind: FunctionKind | None = None
    is_active: bool | None = None
    search: str | None = None


def find_function(workspace: Workspace, namespace: str, name: str) -> Function:
    """Raises: NotFound."""
    return _one(_named(workspace, namespace, name).options(joinedload(Function.created_by)))


def description_of(function_id: UUID) -> str | None:
    """Return what a function says of itself; nothing once it is deleted."""
    return db.session.scalar(select(Function.description).where(Function.id == function_id))


def list_functions(
    workspace: Workspace, page_request: page.PageRequest, filters: FunctionFilter
) -> page.Page[Function]:
    """Return the workspace's functions that a filter lets through."""
    query = select(Function).where(Function.workspace_id == workspace.id)
    query = page.narrowed(
        query,
        (Function.namespace, filters.namespace),
        (Function.kind, filters.kind),
        (Function.is_active, filters.is_active),
    )
    if filters.search:
        columns = (Function.namespace + "/" + Function.name, Function.description)
        query = query.where(
            or_(*(each.icontains(filters.search, autoescape=True) for each in columns))
        )
    return page.fetch(query.options(joinedload(Function.created_by)), Function.id, page_request)


def function_names(workspace: Workspace, most: int) -> list[str]:
    """Return the first of the workspace's functions as `namespace/name`, to choose one."""
    columns = (Function.namespace, Function.name)
    query = select(*columns).where(Function.workspace_id == workspace.id).order_by(*columns)
    query = query.limit(most)
    return [f"{namespace}/{name}" for namespace, name in db.session.execute(query)]


def functions_by_name(workspace: Workspace, most: int) -> list[Function]:
    """Return the first of the functions, to choose one."""
    query = select(Function).where(Function.workspace_id == workspace.id)
    query = query.order_by(Function.namespace, Function.name).limit(most)
    return list(db.session.scalars(query))


def _named(workspace: Workspace, namespace: str, name: str) -> Select[Function]:
    return select(Function).where(
        Function.workspace_id == workspace.id,
        Function.namespace == namespace,
        Function.name == name,
    )


def _one(query: Select[Function]) -> Function:
    function = db.session.scalars(query).one_or_none()
    if function is None:
        raise NotFound("There is no such function.")
    return function
