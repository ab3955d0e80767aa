"""The keywords of several schemas that apply to one value, as those of a single one.

Where two say the same, the stricter counts; of annotations, the first.
"""

from collections.abc import Callable, Iterable
from functools import partial
from math import lcm

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.tree.document import Document

TITLES, DESCRIPTIONS = "enumNames", "enumDescriptions"
_SPELLINGS = {
    TITLES: (TITLES, "x-enumNames", "x-enum-names", "x-enum-varnames"),
    DESCRIPTIONS: (DESCRIPTIONS, "x-enumDescriptions", "x-enum-descriptions"),
}
"""What programs that write schemas call the titles of an enum's values, in their order."""
_ALL_SPELLINGS = frozenset(name for names in _SPELLINGS.values() for name in names)


class NotPlain(Exception):
    """This schema is not one plain set of keywords."""


def merged(parts: list[JSONObject], document: Document) -> JSONObject:
    """Merge plain keywords, the outermost first; `type` is a list, without null.

    Raises: NotPlain for types that exclude each other.
    """
    both = dict(_MERGERS)
    for name, combine in _COMBINERS.items():
        both[name] = partial(combine, document)
    words: JSONObject = {}
    for part in map(_with_titles_mapped, map(_with_types_listed, parts)):
        for name, value in part.items():
            if name not in words:
                words[name] = value
            elif name in both:
                words[name] = both[name](words[name], value)
    if words.get("type") == []:
        words["const"] = None
    properties = _properties(parts, document)
    return words | ({"properties": properties} if "properties" in words else {})


def _with_types_listed(part: JSONObject) -> JSONObject:
    if "type" not in part:
        return part
    return part | {"type": [name for name in _listed(part["type"]) if name != "null"]}


def _with_titles_mapped(part: JSONObject) -> JSONObject:
    """Tie the titles of an enum to its values, before another part leaves some of them out."""
    if not _ALL_SPELLINGS & part.keys():
        return part
    values = _listed(part.get("enum", []))
    words = {name: value for name, value in part.items() if name not in _ALL_SPELLINGS}
    for keyword, names in _SPELLINGS.items():
        texts = next((part[name] for name in names if name in part), None)
        if isinstance(texts, dict):
            texts = [
                texts.get(value if isinstance(value, str) else dump(value)) for value in values
            ]
        if isinstance(texts, list) and len(texts) == len(values):
            pairs = zip(map(dump, values), texts, strict=True)
            words[keyword] = {key: text for key, text in pairs if isinstance(text, str) and text}
    return words


def _properties(parts: Iterable[JSONObject], document: Document) -> JSONObject:
    """Return the schema of each key that a part names: what every part says of it, combined."""
    objects = [
        (_mapping(part.get("properties")), part.get("additionalProperties", True), part)
        for part in parts
    ]
    several = sum(bool({"properties", "additionalProperties"} & part.keys()) for part in parts) > 1
    if not several:
        return next((properties for properties, _, _ in objects if properties), {})
    named: dict[str, list[JSONValue]] = {name: [] for own, _, _ in objects for name in own}
    for own, further, part in objects:
        for name, schemas in named.items():
            if name in own:
                schemas.append(own[name])
            elif not part.get("patternProperties"):
                schemas.append(further)
    return {name: document.all_of(schemas) for name, schemas in named.items()}


def fits_type(value: JSONValue, types: Iterable[JSONValue]) -> bool:
    """Return True if a value is of one of these types, or none is named."""
    names = list(types)
    return not names or any(_IS_OF[str(name)](value) for name in names)


_IS_OF: dict[str, Callable[[JSONValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _united(first: JSONValue, second: JSONValue) -> JSONValue:
    return list(dict.fromkeys(str(name) for name in [*_listed(first), *_listed(second)]))


def _shared(first: JSONValue, second: JSONValue) -> JSONValue:
    allowed = {dump(value) for value in _listed(second)}
    return [value for value in _listed(first) if dump(value) in allowed]


def _shared_types(first: JSONValue, second: JSONValue) -> JSONValue:
    ones, others = _listed(first), _listed(second)
    both = [name for name in ones if name in others]
    if ("integer" in ones and "number" in others) or ("number" in ones and "integer" in others):
        both = list(dict.fromkeys([*both, "integer"]))
    if not both and ones and others:
        raise NotPlain
    return both


def _number(pick: Callable[[Iterable[int | float]], int | float]) -> "_Merger":
    def picked(first: JSONValue, second: JSONValue) -> JSONValue:
        numbers = [each for each in (first, second) if isinstance(each, int | float)]
        return pick(numbers) if numbers else first

    return picked


def _multiple(first: JSONValue, second: JSONValue) -> JSONValue:
    if isinstance(first, int) and isinstance(second, int):
        return lcm(first, second)
    return first


def _either(first: JSONValue, second: JSONValue) -> JSONValue:
    return first is True or second is True


def _both_mapped(first: JSONValue, second: JSONValue) -> JSONValue:
    return _mapping(second) | _mapping(first)


def _combined(document: Document, first: JSONValue, second: JSONValue) -> JSONValue:
    return document.all_of([first, second])


def _combined_by_name(document: Document, first: JSONValue, second: JSONValue) -> JSONValue:
    ones, others = _mapping(first), _mapping(second)
    shared = ones.keys() & others.keys()
    return ones | others | {name: document.all_of([ones[name], others[name]]) for name in shared}


def _combined_by_position(document: Document, first: JSONValue, second: JSONValue) -> JSONValue:
    ones, others = _listed(first), _listed(second)
    longer = ones if len(ones) > len(others) else others
    both = [document.all_of([a, b]) for a, b in zip(ones, others, strict=False)]
    return [*both, *longer[len(both) :]]


def _mapping(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _listed(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else [value]


_Merger = Callable[[JSONValue, JSONValue], JSONValue]
_MERGERS: dict[str, _Merger] = {
    "required": _united,
    "enum": _shared,
    "type": _shared_types,
    "multipleOf": _multiple,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), _number(max)),
    **dict.fromkeys(("minProperties", "minContains"), _number(max)),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), _number(min)),
    **dict.fromkeys(("maxProperties", "maxContains"), _number(min)),
    **dict.fromkeys((TITLES, DESCRIPTIONS), _both_mapped),
    **dict.fromkeys(("uniqueItems", "readOnly", "writeOnly"), _either),
}
_COMBINERS = {
    **dict.fromkeys(("items", "additionalProperties", "unevaluatedProperties"), _combined),
    **dict.fromkeys(("propertyNames", "unevaluatedItems"), _combined),
    "patternProperties": _combined_by_name,
    "prefixItems": _combined_by_position,
}
