"""Who may execute which function."""

from opensink_web.models import Function
from opensink_web.operations.accounts.permission import SERVICE, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.executions.queries.function import find_function


def executable_function(principal: Principal, namespace: str, name: str) -> Function:
    """Return a function that the principal may execute. Raises: NotFound; PermissionMissing."""
    function = find_function(principal.workspace, namespace, name)
    if not may_execute(principal, function):
        principal.require_reach(_permission_to_execute(function), Reach.ALL)
    return function


def may_execute(principal: Principal, function: Function) -> bool:
    """Return True if executable_function() would return this one.

    `own` is enough for a function that the permission's path names, since the execution is the
    user's own; one with `*` in its path reaches those that the user has made.
    """
    permission = _permission_to_execute(function)
    if function.created_by_id == principal.user.id:
        return principal.reach(permission) is not None
    return principal.reach(permission) is Reach.ALL or principal.is_named(permission)


def _permission_to_execute(function: Function) -> str:
    return f"{SERVICE}.functions/{function.namespace}/{function.name}.execute"
