"""A call that works as it is pasted: a function that the reader may execute, a fitting input."""

from dataclasses import dataclass

from opensink_web.json_value import JSONObject
from opensink_web.models import Function
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.executions.permission import may_execute
from opensink_web.operations.executions.queries.function import FunctionFilter, list_functions
from opensink_web.operations.page import PageRequest
from opensink_web.schema.example import example_of
from opensink_web.schema.validation import validate

_LOOKED_AT_MAX = 20


@dataclass(frozen=True, slots=True)
class SampleCall:
    """`address` is the path of the function, `is_permitted` says whether the reader may call it."""

    address: str
    input: JSONObject
    is_permitted: bool


def sample_call(principal: Principal) -> SampleCall | None:
    """Make one for a function of the newest; one that the reader may execute, if there is any."""
    newest = list_functions(
        principal.workspace, PageRequest(limit=_LOOKED_AT_MAX), FunctionFilter(is_active=True)
    )
    permitted = {function.id for function in newest.items if may_execute(principal, function)}
    for function in sorted(newest.items, key=lambda each: each.id not in permitted):
        example = example_of(function.input_schema)
        if example_fits(function, example):
            address = f"/functions/{function.namespace}/{function.name}"
            return SampleCall(address, example, function.id in permitted)
    return None


def example_fits(function: Function, example: JSONObject) -> bool:
    """Return True if the function would take it."""
    return not validate(function.input_schema, example)
