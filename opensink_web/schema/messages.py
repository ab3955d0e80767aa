"""What is wrong with an answer, said at the value that it is about, naming fields by their titles.

What one keyword says of one value alone stands in `sentences`; here are those that speak of other
fields, of several, or of one of several forms.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import cast

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.patterns import name_of
from opensink_web.schema.sentences import (
    OPTIONS,
    REQUIRED,
    counted,
    listed,
    names_constants,
    one_of,
    sentence,
    shown,
    type_sentence,
    type_words,
)
from opensink_web.schema.subschemas import Path, pointer_to
from opensink_web.schema.titles import Titles

_CANDIDATES_MAX = 100
_NO_SUCH_FIELD = "The schema has no field with this name."
_NO_SUCH_NAME = "A field cannot have this name"
UNEXPECTED_KEY = (_NO_SUCH_FIELD, _NO_SUCH_NAME)
"""How it begins what is said of a key that an object may not have, whatever its value."""
_UNION_NONE = "This does not match any of the forms the schema allows here."
_UNION_SEVERAL = (
    "This matches more than one of the forms the schema allows here; it must match exactly one."
)
_NOT = "The schema does not allow this."
_NOT_THIS_VALUE = "This value is not allowed. Choose another."
_LEAVE_OUT = "Leave this out: no value is allowed here."
_NO_PLACE = "The schema has no place for this entry."
_ASKED = "what the schema asks for"
_ITSELF = -1
"""In the place of a key: the value itself."""
_ANNOTATIONS = frozenset(
    {
        "title",
        "description",
        "$comment",
        "default",
        "examples",
        "readOnly",
        "writeOnly",
        "deprecated",
    }
)

_Branches = list[list[ValidationError]]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Says what is wrong with an answer to one schema.

    `schema` is the schema as the engine has it, and `patterns` are those of its patterns that were
    translated, as they stand in the schema that was sent.
    """

    schema: JSONValue
    patterns: Mapping[str, str]
    titles: Titles

    def errors_of(self, error: ValidationError, answer: JSONValue) -> Iterator[FieldError]:
        """Yield what one failed keyword has to say: one entry a value it is about."""
        path = _path_in(answer, error)
        match error.kind:
            case Kind.Required(property=name):
                yield FieldError(pointer_to((*path, name)), self._required(error, path, name))
            case (
                Kind.AdditionalProperties(unexpected=names)
                | Kind.UnevaluatedProperties(unexpected=names)
            ):
                yield from _at_each(path, names, _NO_SUCH_FIELD)
            case Kind.UnevaluatedItems(unexpected=indexes):
                yield from _at_each(path, indexes, _NO_PLACE)
            case Kind.PropertyNames(error=inner):
                yield from _at_each(path, [str(inner.instance)], self._name(inner))
            case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
                yield from self._of_union(path, error, branches, answer)
            case Kind.OneOfMultipleValid(context=branches):
                yield FieldError(pointer_to(path), self._of_several(path, error, branches))
            case Kind.Not(schema=schema) if name_of(schema) not in self.patterns:
                yield self._of_not(path, cast("JSONValue", schema), error.instance)
            case Kind.Contains():
                yield FieldError(pointer_to(path), self._of_contains(error))
            case Kind.FalseSchema():
                yield FieldError(pointer_to(path), _of_false(path, error))
            case kind:
                message = sentence(kind, error.instance, self.patterns)
                yield FieldError(pointer_to(path), message)

    def _named(self, path: Path, keys: list[str], conjunction: str = "and") -> str:
        return listed([f"“{self.titles.of(path, key)}”" for key in keys], conjunction)

    def _required(self, error: ValidationError, path: Path, name: str) -> str:
        """Say why a field is needed, where that is because of another."""
        keyword = error.schema_path[-1] if error.schema_path else ""
        needed = self._at(error.schema_path) if str(keyword).startswith("depend") else None
        if not (isinstance(needed, dict) and isinstance(error.instance, dict)):
            return REQUIRED
        causes = [
            key
            for key, names in needed.items()
            if isinstance(names, list) and name in names and key in error.instance
        ]
        if not causes:
            return REQUIRED
        return f"Fill this in too, because {self._named(path, causes[:1])} is filled in."

    def _name(self, error: ValidationError) -> str:
        """Say why a key may not be called so."""
        why = sentence(error.kind, error.instance, self.patterns)
        start = "This must "
        if not why.startswith(start):
            return f"{_NO_SUCH_NAME}."
        return f"{_NO_SUCH_NAME}: it must {why[len(start) :]}"

    def _of_union(
        self, path: Path, error: ValidationError, branches: _Branches, answer: JSONValue
    ) -> Iterator[FieldError]:
        """Speak of the one branch that was meant, where that can be told."""
        steps = tuple(error.instance_path)
        meant = [branch for branch in branches if not _is_of_another_type(steps, branch)]
        if not meant:
            yield FieldError(pointer_to(path), type_sentence(_types_of(steps, branches)))
            return
        unmarked = [branch for branch in meant if not _marks(steps, branch)]
        choice = None if unmarked or len(meant) == 1 else _of_marks(path, steps, error, meant)
        if choice is not None:
            yield choice
            return
        meant = unmarked or meant
        missing = [_missing(steps, branch) for branch in meant]
        common = set.intersection(*map(set, missing))
        if len(meant) > 1 and common:
            yield from _at_each(path, [key for key in missing[0] if key in common], REQUIRED)
        elif len(meant) > 1 and all(map(_is_missing_alone, meant, missing)):
            ways = [self._named(path, keys) for keys in missing]
            yield FieldError(pointer_to(path), f"Fill in {listed(ways, 'or')}.")
        elif best := _best_fit(meant):
            for each in best:
                yield from self.errors_of(each, answer)
        else:
            yield FieldError(pointer_to(path), self._of_none(error, meant))

    def _of_none(self, error: ValidationError, meant: _Branches) -> str:
        """Say what there is to choose from, where nothing says which of it was meant."""
        if all(len(branch) == 1 for branch in meant):
            words = [sentence(each.kind, each.instance, self.patterns) for [each] in meant]
            start = "This must be "
            # a constant may be a secret, which is noticed only where the sentence begins with it
            if all(word.startswith(start) and not names_constants(word) for word in words):
                ways = [word[len(start) :].removesuffix(".") for word in words]
                return f"{start}{listed(ways, 'or')}."
        union = self._at(error.schema_path)
        titles = [_title(branch) for branch in union] if isinstance(union, list) else []
        if not titles or not all(titles):
            return _UNION_NONE
        return f"This fits none of {listed([f'“{title}”' for title in titles], 'and')}."

    def _of_several(self, path: Path, error: ValidationError, branches: _Branches) -> str:
        union = self._at(error.schema_path)
        if not isinstance(union, list) or len(union) != len(branches):
            return _UNION_SEVERAL
        fitting = [part for part, errors in zip(union, branches, strict=True) if not errors]
        needed = [_required_alone(part) for part in fitting]
        if all(needed):
            ways = [self._named(path, keys) for keys in needed]
            return f"Fill in only one of {listed(ways, 'and')}."
        titles = [_title(part) for part in fitting]
        if not all(titles):
            return _UNION_SEVERAL
        fits = listed([f"“{title}”" for title in titles], "and")
        return f"This fits {fits} at once; it must fit exactly one."

    def _of_not(self, path: Path, schema: JSONValue, instance: object) -> FieldError:
        """Say what to leave out, or to choose otherwise."""
        at, message = path, _NOT
        keys = _keys_refused(schema, instance)
        named = schema.get("properties") if isinstance(schema, dict) else None
        if len(keys) == 1:
            is_about_value = isinstance(named, dict) and keys[0] in named
            at, message = (*path, keys[0]), _NOT_THIS_VALUE if is_about_value else _LEAVE_OUT
        elif keys and named:
            message = f"These values are not allowed together: {self._named(path, keys)}."
        elif keys:
            message = f"Do not fill in {self._named(path, keys)} together."
        elif isinstance(schema, dict):
            message = self._of_not_value(schema)
        return FieldError(pointer_to(at), message)

    def _of_not_value(self, schema: JSONObject) -> str:
        words = schema.keys() - _ANNOTATIONS
        if words <= {"const", "enum"} and words:
            return _NOT_THIS_VALUE
        pattern = self._pattern_alone(schema)
        if pattern is not None:
            return f"This must not match the pattern {shown(self.patterns.get(pattern, pattern))}"
        if words == {"type"}:
            types = schema["type"]
            return type_sentence(
                [str(each) for each in types] if isinstance(types, list) else [str(types)],
                start="This must not be",
            )
        return _NOT

    def _pattern_alone(self, schema: JSONObject) -> str | None:
        """Return the pattern of a schema that says nothing else."""
        if schema.keys() - _ANNOTATIONS == {"pattern"}:
            return str(schema["pattern"])
        match schema:
            case {"allOf": [{"not": negated}]} if schema.keys() - _ANNOTATIONS == {"allOf"}:
                name = name_of(negated)
                return name if name in self.patterns else None
        return None

    def _of_contains(self, error: ValidationError) -> str:
        """Say how many entries of which kind there must be; a constant may be a secret."""
        list_schema = self._at(error.schema_path[:-1])
        parent = list_schema if isinstance(list_schema, dict) else {}
        part = parent.get("contains")
        kind = part.get("type") if isinstance(part, dict) and len(part) == 1 else None
        title = _title(part)
        what = f"“{title}”" if title else type_words([kind]) if isinstance(kind, str) else _ASKED
        if error.schema_path[-1:] == ["maxContains"]:
            most = counted(shown(parent.get("maxContains", 1)), "entry")
            return f"At most {most} can be {what}."
        least = counted(shown(parent.get("minContains", 1)), "entry")
        return f"At least {least} must be {what}."

    def _at(self, path: list[str | int]) -> JSONValue:
        """Return what stands at a path of the schema, None where there is nothing."""
        part = self.schema
        for step in path:
            if isinstance(part, dict) and step in part:
                part = part[str(step)]
            elif isinstance(part, list) and isinstance(step, int) and step < len(part):
                part = part[step]
            else:
                return None
        return part


def _at_each(path: Path, steps: list[str] | list[int], message: str) -> Iterator[FieldError]:
    for step in steps:
        yield FieldError(pointer_to((*path, step)), message)


def _path_in(answer: JSONValue, error: ValidationError) -> Path:
    """Return where the value of an error stands; the engine leaves the key "" out of its paths."""
    steps = tuple(error.instance_path)
    candidates = islice(_paths(answer, steps), _CANDIDATES_MAX)
    return next((path for path, value in candidates if value == error.instance), steps)


def _paths(value: JSONValue, steps: Path) -> Iterator[tuple[Path, JSONValue]]:
    """Yield every path that has these steps and perhaps empty keys between, with its value."""
    if not steps:
        yield (), value
    elif isinstance(value, dict) and steps[0] in value:
        for path, part in _paths(value[str(steps[0])], steps[1:]):
            yield (steps[0], *path), part
    elif isinstance(value, list) and isinstance(steps[0], int) and steps[0] < len(value):
        for path, part in _paths(value[steps[0]], steps[1:]):
            yield (steps[0], *path), part
    if isinstance(value, dict) and "" in value:
        for path, part in _paths(value[""], steps):
            yield ("", *path), part


def _of_false(path: Path, error: ValidationError) -> str:
    """Say what `false` means where it stands: of a field, of an entry, or of all there is."""
    if path and isinstance(path[-1], int):
        return _NO_PLACE
    is_of_field = error.schema_path[-2:-1] in (["properties"], ["patternProperties"])
    return _LEAVE_OUT if is_of_field else _NOT


def _of_marks(
    path: Path, steps: Path, error: ValidationError, branches: _Branches
) -> FieldError | None:
    """Say what a discriminator may be, or a value that has to be one of several constants."""
    marks = [_marks(steps, branch) for branch in branches]
    key = next((key for key in marks[0] if all(key in each for each in marks)), None)
    if key is None:
        return None
    if key == _ITSELF:
        return FieldError(pointer_to(path), REQUIRED if error.instance is None else OPTIONS)
    options = [value for each in marks for value in each[key]]
    return FieldError(pointer_to((*path, key)), one_of(options))


def _marks(steps: Path, branch: list[ValidationError]) -> dict[str | int, list[object]]:
    """Return the constants that a value, or a key of it, does not have and had to: tags, mostly."""
    marks: dict[str | int, list[object]] = {}
    for error in branch:
        below = tuple(error.instance_path)[len(steps) :]
        if len(below) > 1:
            continue
        match error.kind:
            case Kind.Constant(expected_value=value):
                marks.setdefault(below[0] if below else _ITSELF, []).append(value)
            case Kind.Enum(options=values):
                marks.setdefault(below[0] if below else _ITSELF, []).extend(values)
    return marks


def _missing(steps: Path, branch: list[ValidationError]) -> list[str]:
    return [
        error.kind.property
        for error in branch
        if isinstance(error.kind, Kind.Required) and tuple(error.instance_path) == steps
    ]


def _is_missing_alone(branch: list[ValidationError], missing: list[str]) -> bool:
    return len(branch) == len(missing) > 0


def _best_fit(branches: _Branches) -> list[ValidationError] | None:
    """Return the branch of which clearly the least is wrong: names first, which tell most."""
    ranked = sorted(branches, key=_misfit)
    if len(ranked) > 1 and _misfit(ranked[0]) == _misfit(ranked[1]):
        return None
    return ranked[0]


def _misfit(branch: list[ValidationError]) -> tuple[int, int]:
    names = Kind.Required | Kind.AdditionalProperties | Kind.UnevaluatedProperties
    return sum(isinstance(error.kind, names) for error in branch), len(branch)


def _required_alone(schema: JSONValue) -> list[str]:
    """Return the keys of a schema that does nothing but require them."""
    if not isinstance(schema, dict) or schema.keys() - _ANNOTATIONS - {"required", "type"}:
        return []
    names = schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def _keys_refused(schema: JSONValue, instance: object) -> list[str]:
    """Return the keys that an object should not have by a `not`, or not with these values."""
    if not isinstance(schema, dict) or not isinstance(instance, dict):
        return []
    words = schema.keys() - _ANNOTATIONS
    for word in ("anyOf", "oneOf"):
        parts = schema.get(word)
        if words == {word} and isinstance(parts, list):
            each = [_keys_refused(part, instance) for part in parts]
            return next((keys for keys in each if keys), [])
    if words - {"required", "properties", "type"}:
        return []
    required, named = schema.get("required"), schema.get("properties")
    names = [str(name) for name in required] if isinstance(required, list) else []
    if not instance.keys() >= set(names):
        return []  # another part of the `not` is what applies
    keys = [*names, *(named if isinstance(named, dict) else ())]
    return [key for key in dict.fromkeys(keys) if key in instance]


def _title(schema: JSONValue) -> str:
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) else ""


def _is_of_another_type(path: Path, branch: list[ValidationError]) -> bool:
    return any(
        isinstance(error.kind, Kind.Type) and tuple(error.instance_path) == path for error in branch
    )


def _types_of(path: Path, branches: _Branches) -> list[str]:
    return [
        name
        for branch in branches
        for error in branch
        if isinstance(error.kind, Kind.Type) and tuple(error.instance_path) == path
        for name in error.kind.types
    ]
