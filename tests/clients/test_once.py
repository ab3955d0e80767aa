"""Which POST the clients repeat: each that takes an Idempotency-Key, and no other."""

import re
from typing import Any

from flask import Flask

from opensink_client.once import SENT_ONCE
from tests.javascript_client import SOURCES


def without_key(app: Flask) -> list[str]:
    """Return the path of each POST of which the document names no Idempotency-Key."""
    document: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    shared = document["components"].get("parameters", {})

    def name_of(parameter: dict[str, Any]) -> str:
        reference = parameter.get("$ref")
        named = shared[reference.rpartition("/")[2]] if reference else parameter
        return str(named["name"])

    return sorted(
        path
        for path, methods in document["paths"].items()
        if "post" in methods
        and "Idempotency-Key" not in map(name_of, methods["post"].get("parameters", []))
    )


def test_what_is_sent_once_is_what_the_api_keeps_no_response_of(app: Flask) -> None:
    assert [*SENT_ONCE] == without_key(app)
    in_javascript = re.findall(r'^  "(/.+)",$', (SOURCES / "once.js").read_text(), re.MULTILINE)
    assert in_javascript == [*SENT_ONCE]
