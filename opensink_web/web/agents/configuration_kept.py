"""Which secrets a form of a configuration leaves as they are, and whether they may stay.

It is told by what the form says without them, never by what they are: whoever typed one by chance
hears what they would hear of any other.
"""

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.operations.agents.configuration import check_kept_secrets
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.secrets import secrets_of, value_at
from opensink_web.schema.subschemas import Path


def refusal_of_kept(
    form: AnswerForm, without: AnswerForm, start: JSONObject
) -> InvalidInput | None:
    """Return why secrets that a form leaves as they are may not stay in what was filled in.

    `without` is the same form, as it is where the start has no secrets. Neither is read for this:
    whether it fits would be told then.
    """
    value, other = form.root.value(), without.root.value()
    if not isinstance(value, dict):
        return None
    plain = other if isinstance(other, dict) else {}
    kept = {
        path
        for path in secrets_of(form.schema).paths_in(value)
        if value_at(value, path) != value_at(plain, path)
    }
    try:
        check_kept_secrets(start, value, form.schema, kept)
    except InvalidInput as refusal:
        return refusal
    return None


def without_secrets(value: JSONObject, schema: JSONValue) -> JSONObject:
    """Return a value without the secrets in it; in a list, null stands in their places."""
    bare = _without(value, frozenset(secrets_of(schema).paths_in(value)), ())
    return bare if isinstance(bare, dict) else {}


def _without(value: JSONValue, gone: frozenset[Path], at: Path) -> JSONValue:
    if at in gone:
        return None
    if isinstance(value, dict):
        return {
            key: _without(inner, gone, (*at, key))
            for key, inner in value.items()
            if (*at, key) not in gone
        }
    if isinstance(value, list):
        return [_without(inner, gone, (*at, index)) for index, inner in enumerate(value)]
    return value
