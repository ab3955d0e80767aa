"""Which secrets may stay in a value only while what is around them stays too.

Whoever changes a value need not know the secrets in it. Where the schema lets something else decide
what a secret has to be, what is refused then would tell, one try after the other, what it is. And
where they change an address beside it, whoever goes by the value would send the secret there.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.secrets import Secrets, secrets_of, value_at
from opensink_web.schema.subschemas import Path

_OF_THE_WHOLE = frozenset({"const", "enum", "uniqueItems", "contains", "minContains"})
"""Keywords by which all that is in a value decides together."""
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")
_ALTERNATIVES = ("anyOf", "oneOf")
_NULL: JSONValue = {"type": "null"}
_WORD = re.compile(r"[A-Z]+s(?![a-z])|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ADDRESS_WORDS = frozenset(
    {
        *("address", "callback", "domain", "endpoint", "hook", "host", "hostname", "origin"),
        *("dsn", "ip", "port", "proxies", "proxy", "server", "webhook"),
    }
)
_ADDRESS_WORDS_OF_TEXTS = frozenset({"base", "target"})
"""A number with such a name is an amount."""
_ADDRESS_ENDS = ("url", "uri", "host")


def redirected_secrets(
    stored: JSONObject, value: JSONObject, schema: JSONValue, kept: Collection[Path]
) -> list[Path]:
    """Return which of the secrets that are `kept` of a stored value have an address beside them
    that is another now: in the object that they are in, in one around it, or further inside.

    An address is what has `://` in it, or stands below a name such as `baseUrl` or `smtp_host`. One
    that is secret itself counts as another wherever it was sent, or taken out: that it is the same
    would tell whoever guesses it.
    """
    secrets = secrets_of(schema)
    if secrets.is_secret or not kept:
        return []
    was, now = (dict(_addresses_in(secrets.hide(each))) for each in (stored, value))
    changed: dict[Path, set[str | int]] = defaultdict(set)
    for path in {*was, *now}:
        if was.get(path) != now.get(path):
            for length, step in enumerate(path):
                changed[path[:length]].add(step)
    for path in _secret_addresses(secrets, stored, value) - {*kept}:
        for length, step in enumerate(path):
            changed[path[:length]].add(step)
    return [
        path
        for path in kept
        # another entry of a list is not beside it
        if any(
            isinstance(step, str) and changed.get(path[:length], set()) - {step}
            for length, step in enumerate(path)
        )
    ]


def dependent_secrets(
    stored: JSONObject, value: JSONObject, schema: JSONValue, kept: Collection[Path]
) -> list[Path]:
    """Return which of the secrets that are `kept` of a stored value are held by the schema against
    something that is not as it was stored, or against another secret that was sent.
    """
    secrets = secrets_of(schema)
    if secrets.is_secret or not kept:
        return []
    was, now = secrets.hide(stored), secrets.hide(value)
    sent = [path for path in secrets.paths_in(value) if path not in kept]
    is_same: dict[Path, bool] = {}
    lost = []
    for path in kept:
        around = _decided_in(secrets, path)
        if around is None:
            continue
        if around not in is_same:
            is_same[around] = _text(value_at(was, around)) == _text(value_at(now, around)) and not (
                any(each[: len(around)] == around for each in sent)
            )
        if not is_same[around]:
            lost.append(path)
    return lost


def _secret_addresses(secrets: Secrets, *values: JSONObject) -> set[Path]:
    """Return where a secret of one of these values is an address, or has one in it."""
    return {
        path
        for value in values
        for path in secrets.paths_in(value)
        if any(_addresses_in(value_at(value, path), path))
    }


def _addresses_in(value: JSONValue, at: Path = ()) -> Iterator[tuple[Path, JSONValue]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _addresses_in(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _addresses_in(inner, (*at, index))
    elif (isinstance(value, str) and "://" in value) or _names_address(at, value):
        yield at, value


def _names_address(path: Path, value: JSONValue) -> bool:
    """Return True if a value stands below a name that is one of an address."""
    known = _ADDRESS_WORDS | (_ADDRESS_WORDS_OF_TEXTS if isinstance(value, str) else frozenset())
    return any(_is_named_by(step, known) for step in path if isinstance(step, str))


def _is_named_by(step: str, known: frozenset[str]) -> bool:
    words = [word.lower() for word in _WORD.findall(step)]
    # one of several, as it may be written: servers, addresses
    words += [word.removesuffix(end) for word in words for end in ("s", "es")]
    return any(word in known or word.endswith(_ADDRESS_ENDS) for word in words)


def _decided_in(secrets: Secrets, path: Path) -> Path | None:
    """Return the outermost place around a secret in which something else may decide what it has to
    be; None where its own schema alone does.
    """
    place = secrets
    for length, step in enumerate(path):
        if place.is_secret or any(map(_is_of_the_whole, place.schemas)):
            return path[:length]
        for schema in place.schemas:
            for branches in _conditions_of(schema):
                if _speaks_of(place.document.place(branches), path[length:]):
                    return path[:length]
        place = _below(place, step)
    return None


def _speaks_of(place: Secrets, path: Path) -> bool:
    """Return True if schemas may say something of the value at a path below."""
    for step in path:
        if place.is_secret or any(map(_is_of_the_whole, place.schemas)):
            return True
        place = _below(place, step)
    return place.is_secret or any(place.schemas)


def _is_of_the_whole(schema: JSONObject) -> bool:
    if not _OF_THE_WHOLE.isdisjoint(schema):
        return True
    # which keys are left for it others decide
    return any(isinstance(schema.get(word), dict) for word in _UNEVALUATED)


def _conditions_of(schema: JSONObject) -> Iterator[Sequence[JSONValue]]:
    """Yield schemas of the same value that need not hold, as they are written together."""
    for word in ("if", "then", "else", "not"):
        if word in schema:
            yield [schema[word]]
    for word in _ALTERNATIVES:
        branches = schema.get(word)
        # a value or null is no choice: what stands there is not null
        if isinstance(branches, list) and len([each for each in branches if each != _NULL]) > 1:
            yield branches
    for word in ("dependentSchemas", "dependencies"):
        branches = schema.get(word)
        if isinstance(branches, dict):
            yield [*branches.values()]


def _below(place: Secrets, step: str | int) -> Secrets:
    return place.at_index(step) if isinstance(step, int) else place.at_key(step)


def _text(value: JSONValue) -> str:
    """Write JSON whose keys may stand in any order."""
    return json.dumps(value, sort_keys=True)
