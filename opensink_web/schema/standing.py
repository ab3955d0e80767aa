"""What "the same again" means: the answer that says yes as it was proposed, a JSON Schema that
takes no other. What else has to stay the same says standing_shape.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import Dialect, dialect_of
from opensink_web.schema.edits import differs, proposal_of
from opensink_web.schema.one_click import one_click
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.subschemas import IN_PLACE_KEYWORDS, pointer_to, walk
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import start_of
from opensink_web.schema.validation import Checker

_UNNAMED = "a property that nobody named: 6f0d1c52"
_SAY_OF_OTHERS = frozenset({"additionalProperties", "unevaluatedProperties"})
_TESTS = IN_PLACE_KEYWORDS | {"contains", "propertyNames"}


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
    dialect = dialect_of(condition)
    if dialect.has_lone_references and "$ref" in condition:
        return False  # nobody looks at what stands beside it
    if "additionalProperties" in condition:
        return condition["additionalProperties"] is False
    has_word = dialect >= Dialect.DRAFT_2019_09
    return has_word and condition.get("unevaluatedProperties") is False


def open_parts(condition: JSONObject) -> Iterator[str]:
    """Yield pointers to parts of a condition that name properties and say nothing of others.

    One that means to take anything says so.
    """
    for path, part in walk(condition):
        is_about_value = not any(step in _TESTS for step in path)
        if is_about_value and "properties" in part and not _SAY_OF_OTHERS & part.keys():
            yield pointer_to(path)


def takes_more(condition: JSONValue, answer: JSONObject) -> bool:
    """Return True if a condition takes an answer with something added to it.

    Raises: Unavailable, for what may take long.
    """
    checker = Checker(condition)
    values: list[JSONValue] = [None, True, 0, "", [], {}, *answer.values()]
    return any(not checker.errors_of({**answer, _UNNAMED: each}) for each in values)


def _fits(schema: JSONValue, value: JSONObject) -> bool:
    try:
        return not Checker(schema).errors_of(value)
    except Unavailable:
        return False
