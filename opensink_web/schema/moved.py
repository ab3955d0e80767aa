"""What was typed into a form, brought over to another one that asks something similar.

Names of fields are their places in a form, so what was typed may only go where the same is asked.
"""

from collections.abc import Iterable, Iterator

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.group import GroupField
from opensink_web.schema.controls.sent import FormData
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.tree.node import ABSENT

_WORDS = {"title", "description", "default", "examples", "$comment"}
"""What a schema says to people: another text or proposal asks for nothing else."""
_SHARED = ("$defs", "definitions")
"""Where a schema keeps what its parts refer to."""


class Moved:
    """What was typed, by the names of the other form. Of the fields in `restored` nothing was."""

    def __init__(self, values: dict[str, list[str]], restored: set[str]) -> None:
        self._values = values
        self.restored = restored

    def __contains__(self, key: object, /) -> bool:
        return key in self._values

    def getlist(self, key: str, /) -> list[str]:
        """Return every value under the name."""
        return self._values.get(key, [])

    def keys(self) -> Iterable[str]:
        """Return the names there are."""
        return self._values.keys()


def moved(sent: FormData, before: AnswerForm, after: AnswerForm) -> Moved:
    """Return what was `sent` in the form `before`, as it would be sent in the blank form `after`.

    A field that asks for the same is filled in as it was; any other starts as it is proposed.
    """
    if _shared(before.schema) != _shared(after.schema):
        return Moved({}, {after.root.name})  # equal parts of them may ask for different things
    groups: dict[str, str] = {}
    fields = dict(_pairs(before.root, after.root, groups))
    values: dict[str, list[str]] = {}
    for name in sent.keys():  # noqa: SIM118 - it is no dict
        around = name
        while around and around not in fields and around not in groups:
            around = around.rpartition("-")[0]
        below = name[len(around) :]
        # of a group only what is its own: a number begins the name of one of its fields
        is_own = around in groups and not below.removeprefix("-").partition("-")[0].isdecimal()
        if around in fields or is_own:
            values[(fields.get(around) or groups[around]) + below] = sent.getlist(name)
    return Moved(values, set(_untouched(after.root, set(fields.values()), set(groups.values()))))


def _pairs(old: AnswerField, new: AnswerField, groups: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names of fields that ask for the same, in both forms; note the groups around."""
    if _asks_the_same(old, new):
        yield old.name, new.name
    elif _is_plain_group(old) and _is_plain_group(new):
        groups[old.name] = new.name
        now = {part.node.key: part for part in new.parts()}
        for part in old.parts():
            if part.node.key in now:
                yield from _pairs(part, now[part.node.key], groups)


def _asks_the_same(old: AnswerField, new: AnswerField) -> bool:
    if type(old) is not type(new):
        return False
    if dump(old.node.schema) == dump(new.node.schema):
        return True
    if old.parts() or new.parts() or dump(_essence(old)) != dump(_essence(new)):
        return False
    # where only the proposal is another one, what nobody has changed follows it
    typed, proposed = old.value(), old.node.default
    if typed is ABSENT or proposed is ABSENT:
        return typed is not proposed
    return dump(typed) != dump(proposed)


def _essence(field: AnswerField) -> JSONValue:
    schema = field.node.schema
    if not isinstance(schema, dict):
        return schema
    return {name: value for name, value in schema.items() if name not in _WORDS}


def _shared(schema: JSONValue) -> str:
    if not isinstance(schema, dict):
        return ""
    return dump([schema.get(name) for name in _SHARED])


def _is_plain_group(field: AnswerField) -> bool:
    """Return True for an object whose fields are always the same ones."""
    return isinstance(field, GroupField) and not field.is_closed and not field.shape.is_variable


def _untouched(field: AnswerField, kept: set[str], groups: set[str]) -> Iterator[str]:
    """Yield the names of the outermost fields for which nothing was brought over."""
    if field.name in groups:
        for part in field.parts():
            yield from _untouched(part, kept, groups)
    elif field.name not in kept:
        yield field.name
