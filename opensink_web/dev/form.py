"""A form in a terminal: field after field, each with what is wrong with it by the schema."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from opensink_web.dev.telling import kind_of, plain
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.subschemas import Path, pointer_to
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.validation import Checker

LEAVE_OUT, QUIT = "/none", "/quit"
HELP = (
    f"Enter keeps what stands in [brackets]. {LEAVE_OUT} leaves a field out, {QUIT} gives the form"
    ' up, "" is an empty text.'
)
_SHOWN_MAX = 200
Say = Callable[[str], None]


class GivenUp(Exception):
    """Whoever fills the form in does not want to any more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question of one line."""

    text: str
    secret: bool = False


Asking = Generator[Prompt, str, JSONValue | Absent]


def fill_in(schema: JSONValue, start: JSONObject, say: Say) -> Generator[Prompt, str, JSONObject]:
    """Ask field by field until the answer fits the schema, and return it. Raises: GivenUp."""
    say(HELP)
    form = _Form(Checker(schema), say, start)
    root = field_tree(schema)
    while True:
        yield from form.group(root, ())
        errors = form.checker.errors_of(form.value)
        if not errors:
            return form.value
        form.tell(errors)
        say("This does not fit yet; Enter keeps what is there.")


class _Form:
    """The answer as far as it is."""

    def __init__(self, checker: Checker, say: Say, value: JSONObject) -> None:
        self.checker = checker
        self.value = value
        self._say = say

    def tell(self, errors: tuple[FieldError, ...]) -> None:
        for error in errors:
            self._say(f"  ! {plain(error.path or 'The answer')}: {plain(error.message)}")

    def group(self, group: FieldNode, path: Path) -> Generator[Prompt, str, None]:
        """Ask for what is in a group; which fields it has may depend on what is in it."""
        done: set[str] = set()
        while True:
            there = _at(self.value, path)
            members = there if isinstance(there, dict) else {}
            left = [each for each in group.children_for(members) if each.key not in done]
            if not left:
                return
            done.add(left[0].key)
            yield from self._field(left[0], (*path, left[0].key))

    def _field(self, node: FieldNode, path: Path) -> Generator[Prompt, str, None]:
        there = _at(self.value, path)
        title = plain(node.title or node.key)
        if node.read_only or node.kind is Kind.FIXED:
            fixed = node.constant if there is ABSENT else there
            self.value = _with(self.value, path, fixed)
            self._say(f"{title}: {_shown(fixed)} (fixed)")
        elif node.kind is Kind.GROUP and not node.is_recursive:
            if there is ABSENT and not node.required:
                reply = yield Prompt(f"Fill in {title}? y, or Enter to leave it out: ")
                if reply.strip().lower() not in {"y", "yes"}:
                    return
            self._say(f"{title}:")
            self.value = _with(self.value, path, there if isinstance(there, dict) else {})
            yield from self.group(node, path)
        else:
            yield from self._one(node, path)

    def _one(self, node: FieldNode, path: Path) -> Generator[Prompt, str, None]:
        """Ask for one value until the schema finds nothing wrong at its place."""
        if node.description:
            self._say(f"  {plain(node.description)}")
        while True:
            there = _at(self.value, path)
            shown = "" if there is ABSENT or node.secret else f" [{_shown(there)}]"
            mark = "" if node.required else ", optional"
            text = f"{plain(node.title or node.key)} ({kind_of(node)}{mark}){shown}: "
            line = yield Prompt(text, node.secret)
            try:
                value = there if not line.strip() else _read(node, line)
            except InvalidInput as error:
                self._say(f"  ! {plain(error.message)}")
                continue
            if value is ABSENT and node.required:
                self._say("  ! This is needed.")
                continue
            candidate = _with(self.value, path, value)
            pointer = pointer_to(path)
            errors = tuple(
                each
                for each in self.checker.errors_of(candidate)
                if value is not ABSENT and f"{each.path}/".startswith(f"{pointer}/")
            )
            if not errors:
                self.value = candidate
                return
            self.tell(errors)


def _read(node: FieldNode, line: str) -> JSONValue | Absent:
    """Read what was typed for a field. Raises: InvalidInput; GivenUp."""
    text = line.strip()
    if text == QUIT:
        raise GivenUp
    if text == LEAVE_OUT:
        return ABSENT
    if text == "null" and node.nullable:
        return None
    match node.kind:
        case Kind.TEXT:
            return "" if text == '""' else line
        case Kind.CHOICE:
            return _chosen(node, text)
        case Kind.CONSENT:
            return True if text.lower() in _YES else ABSENT
        case Kind.SCALAR:
            return _json_or(text, text)
        case Kind.LIST if not text.startswith("["):
            entries = [entry.strip() for entry in text.split(",")]
            is_of_texts = node.item is not None and node.item.kind is Kind.TEXT
            return [entry if is_of_texts else _json_or(entry, entry) for entry in entries]
        case Kind.NUMBER | Kind.INTEGER:
            return _json(text, "Type a number.")
        case _:
            return _json(text, 'Type JSON, such as [1, 2] or {"a": 1}.')


_YES, _NO = frozenset({"y", "yes", "true"}), frozenset({"n", "no", "false"})


def _chosen(node: FieldNode, text: str) -> JSONValue:
    """Find an option by its label, its value, or yes and no. Raises: InvalidInput."""
    for option in node.options:
        if text.casefold() == option.label.casefold() or text in (dump(option.value), option.value):
            return option.value
    values = [option.value for option in node.options if isinstance(option.value, bool)]
    for is_yes, words in ((True, _YES), (False, _NO)):
        if text.lower() in words and is_yes in values:
            return is_yes
    raise InvalidInput(f"Choose one: {', '.join(option.label for option in node.options)}")


def _json(text: str, otherwise: str) -> JSONValue:
    """Raises: InvalidInput."""
    try:
        return parse(text.encode())
    except InvalidInput:
        raise InvalidInput(otherwise) from None


def _json_or(text: str, otherwise: str) -> JSONValue:
    try:
        return parse(text.encode())
    except InvalidInput:
        return otherwise


def _shown(value: JSONValue | Absent) -> str:
    if value is ABSENT:
        return ""
    text = plain(value if isinstance(value, str) and value else dump(value))
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def _at(value: JSONValue | Absent, path: Path) -> JSONValue | Absent:
    for step in path:
        value = value.get(str(step), ABSENT) if isinstance(value, dict) else ABSENT
    return value


def _with(value: JSONObject, path: Path, inner: JSONValue | Absent) -> JSONObject:
    """Return an object with a value at a place, or without it."""
    key, rest = str(path[0]), path[1:]
    changed = dict(value)
    if rest:
        below = changed.get(key)
        changed[key] = _with(below if isinstance(below, dict) else {}, rest, inner)
    elif inner is ABSENT:
        changed.pop(key, None)
    else:
        changed[key] = inner
    return changed
