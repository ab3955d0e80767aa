"""Which secrets of a stored value may stay in the next one unseen: sent back as the marks that
stand for them, or carried over under another schema.

Whoever sends a value or a schema need not know the secrets. So a mark stands for what is stored at
that very place, and no schema of theirs is held against a secret: whether it fits would tell, one
pattern after the other, what it is.
"""

import json
from collections import Counter
from collections.abc import Iterator

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.references import REFERENCE_KEYWORDS
from opensink_web.schema.secrets import HIDDEN, secrets_of, value_at, with_values
from opensink_web.schema.subschemas import HOLDER_KEYWORDS, Path, objects_in

_PROPOSALS = frozenset({"default", "const", "examples", "enum"})
_NOTES = frozenset({"title", "description", "$comment", "default", "examples", "deprecated"})
"""Keywords that let no value fit, or not fit."""
_IDS = ("$id", "id")


def marks_in(value: JSONValue, at: Path = ()) -> Iterator[Path]:
    """Yield where a value is the mark that stands for a secret."""
    if value == HIDDEN:
        yield at
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from marks_in(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from marks_in(inner, (*at, index))


def marked_proposals(schema: JSONValue) -> list[Path]:
    """Return where a schema proposes the mark, or takes it as an option."""
    return [path for path in marks_in(schema) if not _PROPOSALS.isdisjoint(path)]


def with_kept_secrets(value: JSONObject, stored: JSONObject, schema: JSONValue) -> JSONObject:
    """Return a value with the stored secrets in the place of the marks that stand for them.

    `schema` is the one of both. A mark that stands for nothing, or perhaps for another entry of a
    list, stays.
    """
    secrets = secrets_of(schema)
    if secrets.is_secret:  # how a value is shown of which everything is secret
        return stored if value == {HIDDEN: HIDDEN} else value
    was, now = secrets.hide(stored), secrets.hide(value)
    there = set(secrets.paths_in(stored))
    entries: dict[Path, frozenset[int]] = {}
    kept: dict[Path, JSONValue] = {}
    for path in secrets.paths_in(value):
        if path not in there or value_at(value, path) != HIDDEN:
            continue
        # in the outermost list: within an entry that is the same, whatever is below it is too
        around = next((n for n, step in enumerate(path) if isinstance(step, int)), None)
        if around is not None:
            at = path[:around]
            if at not in entries:
                entries[at] = _same_entries(value_at(was, at), value_at(now, at))
            if path[around] not in entries[at]:
                continue
        kept[path] = value_at(stored, path)
    given = with_values(value, kept)
    return given if isinstance(given, dict) else value


def lost_secrets(value: JSONObject, before: JSONValue, after: JSONValue) -> list[Path]:
    """Return where a value has secrets that may not stay in it under another schema.

    One stays where both say the same of it: in the property that it is in, which may be called
    otherwise, and in whatever is not the property of something else. It has to stay secret, too.
    """
    paths = list(secrets_of(before).paths_in(value))
    if not paths or dump(before) == dump(after):
        return []
    keys = {path[0] for path in paths if path}
    was, now = (_said_of(schema, keys) for schema in (before, after))
    if was is None or now is None or was[0] != now[0]:
        return paths
    still = set(secrets_of(after).paths_in(value))
    return [
        path
        for path in paths
        if not path
        or was[1].get(path[0]) != now[1].get(path[0])
        or not any(path[:length] in still for length in range(len(path) + 1))
    ]


def _same_entries(was: JSONValue, now: JSONValue) -> frozenset[int]:
    """Return which entries of a list surely are those that stood there: the same but for their
    secrets, and like no other one, unless the whole list is the same.
    """
    if not isinstance(was, list) or not isinstance(now, list):
        return frozenset()
    before, after = [_text(each) for each in was], [_text(each) for each in now]
    alike = Counter(before)
    return frozenset(
        index
        for index, (old, new) in enumerate(zip(before, after, strict=False))
        if old == new and (alike[old] == 1 or before == after)
    )


def _said_of(schema: JSONValue, keys: set[str | int]) -> tuple[str, dict[str | int, str]] | None:
    """Return what a schema says of an object without the properties that are not among `keys`, and
    what it says of each that is; None where that depends on the others.
    """
    properties = schema.get("properties", {}) if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(properties, dict):
        return None
    of_keys = {key: _without_notes(inner) for key, inner in properties.items() if key in keys}
    ignored = _NOTES | {"properties", "required"}
    around = {word: inner for word, inner in schema.items() if word not in ignored}
    # an id anywhere may change what a reference leads to
    if any(isinstance(each.get(word), str) for _, each in objects_in(schema) for word in _IDS):
        return None
    if not all(map(_stays_inside, _references_in([around, *of_keys.values()]))):
        return None
    return _text(around), {key: _text(inner) for key, inner in of_keys.items()}


def _without_notes(schema: JSONValue) -> JSONValue:
    if not isinstance(schema, dict):
        return schema
    return {word: inner for word, inner in schema.items() if word not in _NOTES}


def _references_in(parts: list[JSONValue]) -> Iterator[tuple[str, JSONValue]]:
    for _, part in objects_in(parts):
        yield from ((word, part[word]) for word in REFERENCE_KEYWORDS if word in part)


def _stays_inside(reference: tuple[str, JSONValue]) -> bool:
    """Return True if a reference leads to the definitions of the document alone."""
    word, target = reference
    inside = tuple(f"#/{each}/" for each in HOLDER_KEYWORDS)
    return word == "$ref" and isinstance(target, str) and target.startswith(inside)


def _text(value: JSONValue) -> str:
    """Write JSON whose keys may stand in any order."""
    return json.dumps(value, sort_keys=True)
