"""The types of the JavaScript client: those of the API's OpenAPI document, and of its methods."""

import re
from collections.abc import Iterator
from typing import Any

NAMES = {
    "SessionResponse": "AgentSession",
    "FunctionResponse": "FunctionDefinition",
    "SuccessResponse": "SuccessOutcome",
    "ErrorResponse": "ErrorOutcome",
    "RuleResponse": "NotificationRule",
    "ChannelResponse": "NotificationChannel",
    "MessageResponse": "NotificationMessage",
    "RevisionResponse": "PolicyRevision",
    "TranscriptResponse": "Transcript",
    "PermissionsResponse": "PermissionsCheckResult",
    "JsonValue": "unknown",
}
"""What is called otherwise here than it is there without `Response`."""
PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


class Types:
    """Writes what a document describes as TypeScript."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._shapes: dict[str, Any] = document["components"]["schemas"]
        self._operations = {
            (method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def method(self, name: str, method: str, path: str, words: list[str]) -> str:
        """Return the line of a method of the client's, as its table says what it calls."""
        http = "GET" if method == "LIST" else method
        operation = self._operations[http, re.sub(r"\{\w+\}", "{}", path)]
        arguments = [f"{each}: string" for each in re.findall(r"\{(\w+)\}", path)]
        body = _content(operation.get("requestBody", {}))
        if body:
            shape = self._shapes[_name_in(body["$ref"])]
            properties = shape["properties"]
            needed = shape.get("required", [])
            arguments += [
                f"{word}{'' if word in needed else '?'}: {self.written(properties[word], True)}"
                for word in words
            ]
            rest = [each for each in properties if each not in words]
            if rest:
                omitted = " | ".join(f'"{word}"' for word in words)
                whole = self._name(_name_in(body["$ref"]))
                kind = f"Omit<{whole}, {omitted}>" if words else whole
                is_needed = any(each in needed for each in rest)
                arguments.append(f"settings{'' if is_needed else '?'}: {kind}")
        filters = [
            f"{each['name']}?: {self.written(each['schema'], True)}"
            for each in operation.get("parameters", [])
            if each["in"] == "query" and each["name"] != "$trail"
        ]
        if filters and not body:
            arguments.append(f"filters?: {{ {'; '.join(filters)} }}")
        returns = self._returned(operation, method)
        return f"  /** {operation['summary']} */\n  {name}({', '.join(arguments)}): {returns};"

    def shapes(self) -> Iterator[str]:
        """Yield the declaration of everything that the document names."""
        for name, shape in self._shapes.items():
            if name.startswith(("PageResponse_", "ListResponse_")) or name == "JsonValue":
                continue
            if "properties" not in shape:
                yield f"export type {self._name(name)} = {self.written(shape)};"
                continue
            is_response = name.endswith("Response")
            required = set(shape.get("required", []))
            lines = [
                f"  {_key(each)}{'' if is_response or each in required else '?'}: "
                f"{self.written(value, not is_response)};"
                for each, value in shape["properties"].items()
            ]
            yield "\n".join([f"export interface {self._name(name)} {{", *lines, "}"])

    def written(self, shape: Any, is_sent: bool = False) -> str:
        """Return a schema as a type; what is sent may be a Date where a moment is meant."""
        match shape:
            case {"$ref": str(reference)}:
                return self._name(_name_in(reference))
            case {"anyOf": branches} | {"oneOf": branches}:
                return " | ".join(dict.fromkeys(self.written(each, is_sent) for each in branches))
            case {"const": value}:
                return _literal(value)
            case {"enum": values}:
                return " | ".join(map(_literal, values))
            case {"type": list(kinds)}:
                return " | ".join(self.written({**shape, "type": kind}, is_sent) for kind in kinds)
            case {"type": "array"}:
                return f"({self.written(shape.get('items', {}), is_sent)})[]"
            case {"type": "object"}:
                return self._object(shape, is_sent)
            case {"type": "string", "format": "date-time"} if is_sent:
                return "string | Date"
            case {"type": str(kind)}:
                return PRIMITIVES[kind]
        return "unknown"

    def _object(self, shape: Any, is_sent: bool) -> str:
        if "properties" not in shape:
            values = shape.get("additionalProperties")
            kind = self.written(values, is_sent) if isinstance(values, dict) else "unknown"
            return f"Record<string, {kind}>"
        required = shape.get("required", [])
        fields = (
            f"{_key(name)}{'' if name in required else '?'}: {self.written(each, is_sent)}"
            for name, each in shape["properties"].items()
        )
        return f"{{ {'; '.join(fields)} }}"

    def _returned(self, operation: Any, method: str) -> str:
        (response,) = (
            each for code, each in operation["responses"].items() if code.startswith("2")
        )
        content = _content(response)
        if not content:
            return "Promise<void>"
        name = _name_in(content.get("$ref", ""))
        if listed := re.fullmatch(r"PageResponse_(\w+)_", name):
            return f"AsyncGenerator<{self._name(listed[1])}>"
        if name.startswith("ListResponse_"):
            return f"Promise<{self.written(self._shapes[name])}>"
        if method == "LIST":
            items = self._shapes[name]["properties"]["items"]["items"]
            return f"AsyncGenerator<{self.written(items)}>"
        return f"Promise<{self.written(content)}>"

    def _name(self, name: str) -> str:
        if "__" in name:
            *_, module, last = name.split("__")
            name = "".join(map(str.title, module.split("_"))) + last
        short = name.removesuffix("Response")
        return NAMES.get(name, name if short in self._shapes else short)


def _content(part: Any) -> Any:
    return part.get("content", {}).get("application/json", {}).get("schema", {})


def _name_in(reference: str) -> str:
    return reference.rpartition("/")[2]


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return {True: "true", False: "false", None: "null"}.get(value, str(value))
