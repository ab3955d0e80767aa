"""The document, as a page shows it: for each operation what is sent, what is answered, and a call.

All of it is read from the OpenAPI document, so that the page can say nothing else.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opensink_web import json_value
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.operations.sinks.secret import SECRET_HEADER

_DEPTH_MAX = 4
_WORDS_MAX = 8
"""How many of the values that a field can have are named."""
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, or a field of a body: `name` is its whole path, as in `retry.max_attempts`."""

    name: str
    kind: str
    about: str
    is_required: bool
    example: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What several operations answer, whole or as each item of a list: said once on a page."""

    name: str
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """Return its name without the module, which it has where another is called the same."""
        return self.name.rpartition("__")[2]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method at a path. `answer` are the fields of what it answers, if `shape` does not say."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Part, ...]
    body: tuple[Part, ...]
    status: str
    answer: tuple[Part, ...]
    shape: Shape | None
    is_list: bool
    answer_example: str
    error_statuses: tuple[str, ...]
    curl: str

    def has(self, words: list[str]) -> bool:
        """Return True if all of these words are said of it."""
        said = f"{self.name} {self.method} {self.path} {self.summary} {self.about}".lower()
        return all(word in said for word in words)


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of a resource."""

    name: str
    title: str
    about: str
    operations: tuple[Operation, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return what its operations answer, each once."""
        shapes = {each.shape.name: each.shape for each in self.operations if each.shape}
        return tuple(shapes.values())

    def narrowed(self, words: list[str]) -> "Section":
        """Return it with the operations alone of which these words are said."""
        fitting = tuple(each for each in self.operations if each.has(words))
        return Section(self.name, self.title, self.about, fitting)


def sections_of(document: JSONObject, base: str) -> tuple[Section, ...]:
    """Read the document; `base` is where the server is, for the calls."""
    whole: Any = document
    reading = _Reading(whole, base)
    operations = [
        (operation["tags"][0], reading.operation(method, path, operation))
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
    ]
    return tuple(
        Section(
            tag["name"],
            tag["x-displayName"],
            tag["description"],
            tuple(operation for name, operation in operations if name == tag["name"]),
        )
        for tag in whole["tags"]
    )


class _Reading:
    """Reads operations of one document, and keeps the shapes that many of them answer."""

    def __init__(self, document: Any, base: str) -> None:
        self._document = document
        self._base = base.rstrip("/")
        self._shapes: dict[str, Shape] = {}

    def operation(self, method: str, path: str, said: Any) -> Operation:
        status = next(iter(said["responses"]))
        answer = said["responses"][status].get("content", {}).get(_JSON, {})
        schema = answer.get("schema", {})
        listed = self._listed(schema)
        shape = listed or schema
        body = said.get("requestBody", {}).get("content", {}).get(_JSON, {})
        return Operation(
            name=said["operationId"],
            method=method.upper(),
            path=path,
            summary=said["summary"],
            about=said["description"],
            parameters=tuple(self._parameter(each) for each in said["parameters"]),
            body=tuple(self._parts(body.get("schema", {}))),
            status=status,
            answer=() if "$ref" in shape else tuple(self._parts(schema)),
            shape=self._shape(shape) if "$ref" in shape else None,
            is_list=listed is not None,
            answer_example=_pretty(answer["example"]) if "example" in answer else "",
            error_statuses=tuple(each for each in said["responses"] if each != status),
            curl=self._curl(method.upper(), path, said, body.get("example")),
        )

    def _listed(self, schema: Any) -> Any:
        """Return the schema of each item of a page, or of a list; None for what is neither."""
        whole = self._resolved(schema)
        if whole.get("properties", {}).keys() == {"items", "trail"}:
            whole = whole["properties"]["items"]
        return whole.get("items") if whole.get("type") == "array" else None

    def _shape(self, schema: Any) -> Shape:
        name = schema["$ref"].rpartition("/")[2]
        if name not in self._shapes:
            self._shapes[name] = Shape(name, tuple(self._parts(schema)))
        return self._shapes[name]

    def _parameter(self, said: Any) -> Part:
        about = said.get("description", "")
        kind = f"{said['in']}, {self._kind(said['schema'])}"
        return Part(said["name"], kind, about, said["required"], str(said.get("example", "")))

    def _curl(self, method: str, path: str, said: Any, body: JSONValue) -> str:
        query: list[str] = []
        headers: dict[str, str] = {}
        for each in said["parameters"]:
            if each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", str(each["example"]))
            elif each["in"] == "query" and "example" in each:
                query.append(f"{each['name']}={each['example']}")
            elif each["in"] == "header" and "example" in each:
                headers[each["name"]] = each["example"]
        address = f"{self._base}{path}" + (f"?{'&'.join(query)}" if query else "")
        lines = [f"curl {'' if method == 'GET' else f'-X {method} '}{shlex.quote(address)}"]
        if said.get("security") != [] and SECRET_HEADER not in headers:
            lines.append('-H "Authorization: Bearer $OPENSINK_API_KEY"')
        lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
        if body is not None:
            lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(_pretty(body))}"]
        return " \\\n  ".join(lines)

    def _resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self._document["components"]["schemas"][name]
        return schema

    def _parts(self, schema: Any, prefix: str = "", depth: int = 0) -> Iterator[Part]:
        """Yield the fields of an object, each followed by its own."""
        schema = self._resolved(schema)
        branches = [each for each in _branches(schema) if each.get("type") != "null"]
        if branches:
            for each in branches:
                yield from self._parts(each, prefix, depth)
            return
        if schema.get("type") == "array":
            yield from self._parts(schema.get("items", {}), f"{prefix.rstrip('.')}[].", depth)
            return
        if depth >= _DEPTH_MAX:
            return
        for name, field in schema.get("properties", {}).items():
            about = field.get("description") or self._resolved(field).get("description", "")
            is_required = name in schema.get("required", [])
            yield Part(prefix + name, self._kind(field), about, is_required)
            yield from self._parts(field, f"{prefix}{name}.", depth + 1)

    def _kind(self, schema: Any) -> str:
        """Say of what type a value is, in a few words."""
        schema = self._resolved(schema)
        if branches := _branches(schema):
            words = dict.fromkeys(self._kind(each) for each in branches)
            return " or ".join(words) + _default(schema)
        if "const" in schema:
            return json_value.dump(schema["const"])
        if "enum" in schema:
            named = [str(each) for each in schema["enum"]]
            more = ["…"] if len(named) > _WORDS_MAX else []
            return f"one of {', '.join(named[:_WORDS_MAX] + more)}" + _default(schema)
        kind = schema.get("type", "any JSON")
        if kind == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        said = [kind, schema.get("format"), _range(schema)]
        return ", ".join(filter(None, said)) + _default(schema)


def _branches(schema: Any) -> list[Any]:
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def _range(schema: Any) -> str:
    for least, most, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
    ):
        if least in schema and most in schema:
            return f"{schema[least]} to {schema[most]}{unit}"
        if most in schema:
            return f"up to {schema[most]}{unit}"
        if least in schema:
            return f"at least {schema[least]}{unit}"
    return ""


def _default(schema: Any) -> str:
    default = schema.get("default")
    return "" if default in (None, "", [], {}) else f", by default {json_value.dump(default)}"


def _pretty(value: JSONValue) -> str:
    return json_value.dump(value, indent=2)
