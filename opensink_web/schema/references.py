"""What a local `$ref` points at, within one document.

Documents that embed further `$id`s change what "#" means half-way down, and where two parts have
the same anchor it depends on the dialect which one counts; for those nothing is resolved here (the
validator still does), and the form shows such a part as JSON.
"""

from urllib.parse import unquote

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.subschemas import walk

REFERENCE_KEYWORDS = ("$ref", "$dynamicRef", "$recursiveRef")


class References:
    """The anchors and ids of one schema document."""

    def __init__(self, root: JSONValue) -> None:
        self._root = root
        self._anchors: dict[str, JSONObject] = {}
        self._ids: set[str] = set()
        self._has_namesakes = False
        for path, schema in walk(root):
            self._register(schema, at_root=not path)
        own = root.get("$id") if isinstance(root, dict) else None
        self._base = own.rstrip("#") if isinstance(own, str) else ""
        self.leads_astray = self._has_namesakes or bool(self._ids - {self._base})

    def is_local(self, reference: str) -> bool:
        """Return True if a reference stays within this document and what it embeds."""
        document = reference.partition("#")[0]
        return not document or any(
            own == document or own.endswith("/" + document) for own in self._ids
        )

    def resolve(self, reference: JSONValue) -> JSONValue:
        """Return the schema a reference points at, None where this module cannot tell."""
        if not isinstance(reference, str) or self.leads_astray:
            return None
        document, _, fragment = reference.partition("#")
        if document not in {"", self._base}:
            return None
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        return _at_pointer(self._root, fragment)

    def _register(self, schema: JSONObject, *, at_root: bool) -> None:
        for keyword in ("$anchor", "$dynamicAnchor"):
            anchor = schema.get(keyword)
            if isinstance(anchor, str):
                self._name(anchor, schema)
        own = schema.get("$id")
        if not isinstance(own, str):
            return
        if own.startswith("#") and not at_root:  # draft-07's way to write an anchor
            self._name(own[1:], schema)
        else:
            self._ids.add(own.rstrip("#"))

    def _name(self, anchor: str, schema: JSONObject) -> None:
        if self._anchors.setdefault(anchor, schema) is not schema:
            self._has_namesakes = True


def _at_pointer(root: JSONValue, pointer: str) -> JSONValue:
    part = root
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict) and key in part:
            part = part[key]
        elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        else:
            return None
    return part
