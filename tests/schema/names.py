"""How a schema calls its keys and values: what a person who knows the question would look for."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.lookalike import spelled
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import walk

ABSENT = re.compile("no answer|leave out|left out|leave it out|not answered|nothing", re.IGNORECASE)
NULL = re.compile(r"\bnone\b|\bnull\b", re.IGNORECASE)
EMPTY_TEXT = re.compile("empty text|without a letter", re.IGNORECASE)
EMPTY_LIST = re.compile("empty list|no entries", re.IGNORECASE)
EMPTY_OBJECT = re.compile(r"empty object|without|empty|no entries \(\{\}\)", re.IGNORECASE)
ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "writeOnly"}
IN_PLACE = ("allOf", "anyOf", "oneOf")
KINDS = {
    "str": "text",
    "int": "whole number integer",
    "float": "number decimal",
    "bool": "yes no boolean",
    "NoneType": "none null nothing empty",
    "list": "list entries several array",
    "dict": "object group fields part names",
}

WRITTEN = {"true": ["Yes"], "false": ["No"], "null": ["None"], '""': ["(empty text)"]}


def plain(text: str) -> str:
    """Return only letters and digits, so that "Limit price" is `limit_price`."""
    return re.sub(r"[\W_]", "", text).lower()


class Names:
    """The titles of keys and values, wherever the schema gives them."""

    def __init__(self, schema: JSONValue) -> None:
        self._references = References(schema)
        self._titles: dict[str, set[str]] = defaultdict(set)
        self._options: dict[str, set[str]] = defaultdict(set)
        self._anything: set[str] = set()
        for _, part in walk(schema):
            self._take_keys(part)
            self._take_options(part)

    def _take_keys(self, part: JSONObject) -> None:
        properties = part.get("properties")
        for key, child in properties.items() if isinstance(properties, dict) else ():
            for each in self._applying(child):
                if not each.keys() - ANNOTATIONS:
                    self._anything |= {plain(key), plain(str(each.get("title", key)))}
                if isinstance(each.get("title"), str):
                    self._titles[key].add(" ".join(str(each["title"]).split()))

    def _applying(self, schema: JSONValue, depth: int = 0) -> Iterator[JSONObject]:
        if not isinstance(schema, dict) or depth > 6:
            return
        yield schema
        if isinstance(schema.get("$ref"), str):
            yield from self._applying(self._references.resolve(schema["$ref"]), depth + 1)
        for name in IN_PLACE:
            listed = schema.get(name)
            for each in listed if isinstance(listed, list) else ():
                yield from self._applying(each, depth + 1)

    def _take_options(self, part: JSONObject) -> None:
        if "const" in part and isinstance(part.get("title"), str):
            self._options[dump(part["const"])].add(" ".join(str(part["title"]).split()))
        values, names = part.get("enum"), part.get("enumNames")
        if isinstance(values, list) and isinstance(names, list):
            for value, name in zip(values, names, strict=False):
                self._options[dump(value)].add(str(name))

    def found(self, key: str, labels: list[str]) -> str | None:
        """Return the label of a key among those that are shown."""
        collapsed = " ".join(key.split())
        ending = " ".join(f"({spelled(key)})".split())
        with_key = [each for each in labels if each.endswith(ending)]
        titled = [each for each in labels if each in self._titles[key]]
        named = [each for each in labels if each == (collapsed or "(no name)")]
        alike = [each for each in labels if plain(each) == plain(key) != ""]
        alike.sort(key=lambda label: label.lower() != collapsed.lower())
        return next(iter([*with_key, *titled, *named, *alike]), None)

    def found_key(self, label: str, keys: Iterable[str]) -> str | None:
        """Return the key that a label is of."""
        return next((key for key in keys if self.found(key, [label]) == label), None)

    def option(self, value: JSONValue, labels: list[str]) -> str | None:
        """Return the label of a value among those that are offered."""
        titled = sorted(self._options.get(dump(value), ()))
        written = WRITTEN.get(dump(value), [])
        text = [value] if isinstance(value, str) and value else []
        wanted = [*titled, *written, dump(value), *text]
        offered = {" ".join(each.split()): each for each in labels}
        for each in (" ".join(words.split()) for words in wanted):
            if each in offered:
                return offered[each]
        return None

    def is_anything(self, label: str) -> bool:
        """Return True if a field of this name may hold whatever JSON there is."""
        return plain(label) in self._anything

    def likeness(self, label: str, value: JSONValue) -> int:
        """Return how well the words of a choice fit a value: its kind, its marks, its keys."""
        words = set(re.findall(r"\w+", label.lower()))
        points = 2 * len(words & set(KINDS[type(value).__name__].split()))
        if isinstance(value, dict):
            points += sum(plain(key) in plain(label) for key in value)
            marks = [each for each in value.values() if isinstance(each, str | int | bool)]
            points += sum(
                4 for each in marks if plain(str(each)) and plain(str(each)) == plain(label)
            )
        elif dump(value) == label or value == label:
            points += 5
        return points
