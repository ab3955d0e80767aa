"""What "the same again" means: the answer that says yes as it was proposed, a JSON Schema that
takes no other, and what of a question's own schema has to stay the same for that to hold.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.edits import differs, proposal_of
from opensink_web.schema.one_click import one_click
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.subschemas import children
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import start_of
from opensink_web.schema.validation import Checker

_NEVER_CHECKED = frozenset({"default", "examples"})
_PROPOSING = frozenset({"properties", "prefixItems", "items", "allOf"})
"""By way of these alone a constant is a value that is proposed, and none to choose or to test."""


@dataclass(frozen=True, slots=True)
class Affirmation:
    """The whole answer that says yes to what is asked, as it was proposed.

    `has_facts`: there is something in it besides the yes itself.
    """

    value: JSONObject
    has_facts: bool


def affirmation_of(schema: JSONValue, proposed: JSONObject | None = None) -> Affirmation | None:
    """Return the yes to a question; None where there is something to fill in or to choose.

    That is the input of a call as it was proposed, the yes of the one boolean that is asked for, or
    what the schema proposes, if it is a whole answer. The schema has passed `check_schema`.
    """
    if proposed is not None:
        return Affirmation(proposed, has_facts=True) if _fits(schema, proposed) else None
    click = one_click(schema)
    if click is not None:
        return Affirmation(click.yes, click.has_more)
    if proposal_of(schema) is None:
        return None
    try:
        start = start_of(field_tree(schema), Checker(schema).errors_of)
    except Unavailable:
        return None
    if start.notices or not isinstance(start.value, dict) or not _fits(schema, start.value):
        return None
    return Affirmation(start.value, has_facts=True)


def is_affirmed_by(affirmation: Affirmation, answer: JSONObject) -> bool:
    """Return True if an answer is the yes, with nothing changed or added."""
    return not differs(affirmation.value, answer, is_exact=True)


def condition_for(schema: JSONValue, value: JSONObject) -> JSONObject | None:
    """Return a JSON Schema that takes this answer and no other; None where all of it is secret.

    What the question's schema calls secret may be anything: its value stands nowhere in it.
    """
    secrets = secrets_of(schema)
    return None if secrets.is_secret else _object_of(value, secrets)


def _object_of(value: JSONObject, secrets: Secrets) -> JSONObject:
    return {
        "type": "object",
        "properties": {key: _exactly(each, secrets.at_key(key)) for key, each in value.items()},
        "required": [*value],
        "additionalProperties": False,
    }


def _exactly(value: JSONValue, secrets: Secrets) -> JSONValue:
    if secrets.is_secret:
        return True
    if isinstance(value, dict) and value:
        return _object_of(value, secrets)
    if isinstance(value, list) and any(secrets.paths_in(value)):
        entries = [_exactly(each, secrets.at_index(index)) for index, each in enumerate(value)]
        return {
            "type": "array",
            "prefixItems": entries,
            "minItems": len(value),
            "items": False,
        }
    return {"const": value}


def is_closed(condition: JSONValue) -> bool:
    """Return True if a condition itself rules out every property that it does not name."""
    if not isinstance(condition, dict):
        return condition is False
    words = ("additionalProperties", "unevaluatedProperties")
    return any(condition.get(word) is False for word in words)


def shape_of(schema: JSONValue) -> str:
    """Return a digest of a question's schema without what it proposes.

    Questions that differ in their defaults, examples and constants alone have the same; not so
    those with other words, limits or choices: a constant that is one of several choices, or is
    tested for, is no proposal. The order of keys says nothing.
    """
    text = json.dumps(
        _without_proposals(schema, proposes=True),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _without_proposals(schema: JSONValue, *, proposes: bool) -> JSONValue:
    if not isinstance(schema, dict):
        return schema
    left_out = _NEVER_CHECKED | ({"const"} if proposes else set())
    kept = {word: value for word, value in schema.items() if word not in left_out}
    below: dict[str, dict[str | int, JSONValue]] = {}
    for (keyword, *step), child in children(kept):
        inner = _without_proposals(child, proposes=proposes and keyword in _PROPOSING)
        if step:
            below.setdefault(str(keyword), {})[step[0]] = inner
        else:
            kept[str(keyword)] = inner
    for keyword, changed in below.items():
        kept[keyword] = _with(kept[keyword], changed)
    return kept


def _with(within: JSONValue, changed: Mapping[str | int, JSONValue]) -> JSONValue:
    if isinstance(within, dict):
        return {key: changed.get(key, each) for key, each in within.items()}
    if isinstance(within, list):
        return [changed.get(index, each) for index, each in enumerate(within)]
    return within


def _fits(schema: JSONValue, value: JSONObject) -> bool:
    try:
        return not Checker(schema).errors_of(value)
    except Unavailable:
        return False
