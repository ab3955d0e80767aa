"""Write the JavaScript client's one module, of the modules in which it is written, and its types.

    python -m tests.javascript_client

A test compares (tests/clients/javascript/test_package.py).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opensink_web import json_value
from opensink_web.contract.openapi import openapi_document
from opensink_web.factory import ROUTES
from tests.javascript_types import Types

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "clients" / "javascript" / "src"
TYPES = ROOT / "clients" / "javascript" / "opensink.d.ts"
MODULE = ROOT / "static" / "sdk" / "opensink.js"
PARTS = (
    "errors",
    "operations",
    "once",
    "exchange",
    "surroundings",
    "question",
    "verification",
    "client",
)
"""In this order, for what is made at the beginning needs what stands before it."""


def written() -> str:
    """Return the module: its parts without what they take from one another."""
    index = (SOURCES / "index.js").read_text()
    exported = set(re.findall(r"\w+", " ".join(re.findall(r"export \{(.+?)\}", index))))
    texts = [index.partition("\nexport ")[0].rstrip()]
    for name in PARTS:
        text = re.sub(r"^import .*\n", "", (SOURCES / f"{name}.js").read_text(), flags=re.MULTILINE)
        if name != "errors":  # which is exported as a whole
            text = re.sub(
                r"^export ((?:async )?(?:function\*?|class|const) (\w+))",
                lambda match: match[0] if match[2] in exported else match[1],
                text,
                flags=re.MULTILINE,
            )
        texts.append(re.sub(r"\n{3,}", "\n\n", text).strip())
    return "\n\n".join(texts) + "\n"


def written_types() -> str:
    """Return the types: what is written by hand, the calls of operations.js, and the API's."""
    document: dict[str, Any] = json.loads(json_value.dump(openapi_document(ROUTES, None)))
    types = Types(document)
    methods = [types.method(*each) for each in operations()]
    head = (SOURCES / "head.d.ts").read_text().rstrip()
    return "\n".join([head, *methods, "}", "", *types.shapes()]) + "\n"


def operations() -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield what operations.js says: method of the client, of HTTP, path, names of arguments."""
    table = (SOURCES / "operations.js").read_text()
    for root, quoted, plain in re.findall(
        r'^  "(.+?)":\s+(?:`([^`]+)`|"([^"]+)"),$', table, re.MULTILINE
    ):
        for operation in (quoted or plain).split(";"):
            name, method, *words = operation.split()
            path = words.pop(0) if words and words[0].startswith("/") else ""
            yield name, method, root + path, words


if __name__ == "__main__":
    MODULE.parent.mkdir(exist_ok=True)
    MODULE.write_text(written())
    TYPES.write_text(written_types())
