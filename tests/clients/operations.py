"""Which operations the API has, and which a client calls: found out by having it call them."""

import re
from typing import Any

from flask import Flask

from tests.support.http_server import HttpServer, Received, Reply


class Refusing(HttpServer):
    """Has nothing that anybody calls for, and keeps what was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def respond(self, received: Received) -> Reply:
        self.calls.append((received.method, received.path.partition("?")[0]))
        return Reply(404, b'{"error": "Not here.", "detail": "Not here.", "code": "not_found"}')


BY_ANOTHER_ADDRESS = {"create_sink_items_in_bulk": "create_many_sink_items"}
"""What needs no method, for it is what another operation is, as this path too is promised."""


def operations_of(app: Flask) -> dict[str, tuple[str, re.Pattern[str]]]:
    """Return each operation of the API: its id, method, and how its path looks."""
    document: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return {
        operation["operationId"]: (
            method.upper(),
            re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def compare(app: Flask, calls: list[tuple[str, str]]) -> tuple[set[str], set[tuple[str, str]]]:
    """Return operations that none of the calls was to, and calls to what is no operation.

    An operation of fixed words goes before one with a name in their place.
    """
    operations = operations_of(app)
    by_words = sorted(operations, key=lambda each: operations[each][1].pattern.count("[^/]+"))
    called, unknown = set(), set()
    for method, path in calls:
        fitting = [
            each
            for each in by_words
            if operations[each][0] == method and operations[each][1].fullmatch(path)
        ]
        called.update(fitting[:1])
        if not fitting:
            unknown.add((method, path))
    return operations.keys() - called - BY_ANOTHER_ADDRESS.keys(), unknown
