"""A valid body for each route that takes one, made of what the route itself declares."""

from collections.abc import Mapping
from typing import Any

from opensink_web.contract.route import Route
from opensink_web.json_value import JSONObject
from opensink_web.schema.example import example_of

FIELDS: JSONObject = {
    "context": [],
    "default_response": None,
    "execution_endpoint": {"url": "http://127.0.0.1:9/"},
    "execution_endpoint_error": None,
    "expires_at": "2090-01-01T00:00:00Z",
    "input": {},
    "input_schema": {},
    "inputs": [{"message": "x"}],
    "links": [],
    "member": "bob@example.com",
    "message": "x",
    "metadata": {},
    "on_expire": "none",
    "output_schema": {},
    "permissions": ["sinas.*:all"],
    "public_slug": None,
    "resources": [],
    "response": {"approved": True},
    "schema": {},
    "source": "agent",
    "state": {},
    "target": {"kind": "python", "entry_point": "x"},
    "type": "message",
    "url": "https://example.com/",
}
"""Fields for which a schema alone makes up nothing that is valid, or nothing that goes far."""


def valid_body(route: Route, ids: Mapping[str, Any] | None = None) -> JSONObject:
    """Return every field of the body that a route takes; those in `ids` have these values."""
    example = example_of(route.body.model_json_schema())
    known = {**FIELDS, **(ids or {})}
    return {name: known.get(name, value) for name, value in example.items()}
