"""What carries a function out: an endpoint that is called, or an entry point of a package.

Checking it, keeping it, showing it without its credentials. Whether an entry point is there only
the workers know, each for its own machine.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models import Function, FunctionKind
from opensink_web.operations.agents.endpoint import call_to_json, check_call, without_credentials
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy

ENTRY_POINT = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$"
"""What the name of an entry point looks like."""


@dataclass(frozen=True, slots=True)
class EntryPointSpec:
    """An entry point of the group `opensink.functions` that an installed package advertises."""

    entry_point: str


FunctionTarget: TypeAlias = EndpointSpec | EntryPointSpec
"""An endpoint's timeout is the function's, and it has no attempts but one."""


def kind_of(target: FunctionTarget) -> FunctionKind:
    return FunctionKind.PYTHON if isinstance(target, EntryPointSpec) else FunctionKind.HTTP


def check_target(
    target: FunctionTarget, policy: EndpointPolicy, current: FunctionTarget | None
) -> FunctionTarget:
    """Return the target to keep: masked headers get back the value that they have in `current`.

    Raises: InvalidInput with a pointer for each thing that is wrong.
    """
    if isinstance(target, EndpointSpec):
        return check_call(target, policy, current if isinstance(current, EndpointSpec) else None)
    if not re.fullmatch(ENTRY_POINT, target.entry_point):
        message = (
            "The name of an entry point has letters, digits, _, . and -, begins with a letter, a "
            "digit or _, and has at most 255 characters."
        )
        raise InvalidInput(message, errors=(FieldError("/entry_point", message),))
    return target


def target_of(function: Function) -> FunctionTarget:
    """Return the function's target with its credentials. Raises: UnreadableSecret."""
    stored: dict[str, Any] = dict(function.target)
    if stored.pop("kind") == FunctionKind.PYTHON:
        return EntryPointSpec(**stored)
    headers = tuple(stored.pop("headers").items())
    return EndpointSpec(**stored, headers=headers, timeout_seconds=function.timeout_seconds)


def target_to_json(target: FunctionTarget) -> JSONObject:
    """Return the target as the API and the database write it."""
    if isinstance(target, EntryPointSpec):
        return {"kind": FunctionKind.PYTHON.value, "entry_point": target.entry_point}
    return {"kind": FunctionKind.HTTP.value, **call_to_json(target)}


def target_without_credentials(target: FunctionTarget) -> FunctionTarget:
    """Return the target as it is shown to those who may not change it."""
    return without_credentials(target) if isinstance(target, EndpointSpec) else target
