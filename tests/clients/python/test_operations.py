"""Every operation of the API has a method of the client, and every call is one of the API's."""

import contextlib
import inspect
from types import FunctionType
from typing import Any

from flask import Flask

from opensink_client import AgentSession, Client, OpenSinkError, add_to_sink, sign_in
from tests.clients.operations import Refusing, compare

SESSION = AgentSession("s", "a", "running", {}, {}, None)


def value_for(annotation: Any) -> Any:
    """Return something that an argument may be."""
    text = str(annotation)
    if annotation is AgentSession:
        return SESSION
    if "list[" in text or "Iterable[" in text:
        return []
    if text.startswith("dict[") or annotation is Any:
        return {}
    return 1 if annotation is int else "2090-01-01T00:00:00Z"


def call(client: Client, method: FunctionType) -> None:
    """Call a method with something for each argument that it must have."""
    given = {
        name: value_for(parameter.annotation)
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "self"
        and parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    if method.__name__ == "ask":
        with contextlib.suppress(OpenSinkError):
            client.ask("x", session=SESSION, schema={})
    with contextlib.suppress(OpenSinkError):
        result = client.ask("x", schema={}) if method.__name__ == "ask" else method(client, **given)
        if inspect.isgenerator(result):
            next(result)


def test_every_operation_has_a_method_and_every_call_is_an_operation(app: Flask) -> None:
    with Refusing() as server, Client(server.origin, "key") as client:
        for name, method in inspect.getmembers(Client, inspect.isfunction):
            if not name.startswith("_") and name != "close":
                before = len(server.calls)
                call(client, method)
                assert len(server.calls) > before, f"{name} calls nothing"
        with contextlib.suppress(OpenSinkError):
            sign_in("alice@example.com", "x", base_url=server.origin)
        with contextlib.suppress(OpenSinkError):
            add_to_sink("x", "x", secret="x", base_url=server.origin)
    assert compare(app, server.calls) == (set(), set())
