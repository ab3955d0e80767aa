"""What a template reaches while it is rendered: JSON values, a few of their methods, some filters.

Nothing is looked up on a Python object: what is no key, index or method listed here is undefined.
Only what JSON can write has a text, so that no message tells where something lies in memory.

How long it takes and how much memory it needs is not looked at here. That is limited from outside:
this runs in a process of its own (host.py).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import Environment, StrictUndefined, Undefined, pass_context
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range

from opensink_web.json_value import JSONObject, dump, storable
from opensink_web.message_template import language

TEXT_LENGTH_MAX = 100_000
"""Of a message that was filled in."""

_METHODS: dict[type, frozenset[str]] = {
    dict: frozenset({"get", "items", "keys", "values"}),
    str: frozenset(
        {
            *("capitalize", "endswith", "isdigit", "lower", "lstrip", "rstrip", "split"),
            *("splitlines", "startswith", "strip", "title", "upper"),
        }
    ),
}
_LOOP_METHODS = frozenset({"cycle", "changed"})
_LOOP = _LOOP_METHODS | {
    *("first", "last", "index", "index0", "revindex", "revindex0", "length"),
    *("previtem", "nextitem", "depth", "depth0"),
}
_FILTERS = (
    *(
        "abs",
        "batch",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "int",
        "items",
        "last",
    ),
    *("length", "list", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "select"),
    *("selectattr", "slice", "sort", "sum", "unique"),
)
_TEXT_FILTERS = (
    *("capitalize", "center", "indent", "lower", "string", "title", "trim", "truncate", "upper"),
    *("wordcount", "wordwrap"),
)


class RenderingFailed(Exception):
    """A template cannot be filled in with these values; the sentence is for whoever sent them."""


class Templates:
    """Templates that are filled in together.

    `errors` says of each, in a sentence, why it is no template, or is None if it is one.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        sandbox = _Sandbox()
        self.errors: list[str | None] = []
        self._templates = []
        for source in sources:
            try:
                self._templates.append(sandbox.compiled(source))
                self.errors.append(None)
            except TemplateSyntaxError as error:
                self.errors.append(f"Line {error.lineno}: {(error.message or '').rstrip('.')}.")

    def render(self, variables: JSONObject) -> list[str]:
        """Fill those in that are templates. Raises: RenderingFailed."""
        return [_rendered(template, variables) for template in self._templates]


def _rendered(template: Any, variables: JSONObject) -> str:
    try:
        text = _joined(template.generate(variables))
    except RenderingFailed:
        raise
    except MemoryError:
        raise RenderingFailed(
            "The template needs too much memory to be filled in with these values."
        ) from None
    except UndefinedError as error:
        raise RenderingFailed(f"{error.message}.") from None
    except Exception as error:  # filters raise anything, given values of another type
        message = f"The template fails on these values ({type(error).__name__})."
        raise RenderingFailed(message) from None
    if storable(text) != text:
        raise RenderingFailed("Filled in, the message has a character that cannot be stored.")
    return text


def _joined(pieces: Iterable[str]) -> str:
    texts: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > TEXT_LENGTH_MAX:
            raise RenderingFailed(
                f"Filled in with these values, the message has more than {TEXT_LENGTH_MAX} "
                "characters."
            )
        texts.append(piece)
    return "".join(texts)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, optimized=False, autoescape=False, finalize=_output
        )
        self.globals = {"range": safe_range}
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.filters |= {name: _of_text(FILTERS[name]) for name in _TEXT_FILTERS}
        self.filters |= {"join": self._join, "replace": _replace, "tojson": _to_json}

    def compiled(self, source: str) -> Any:
        """Raises: TemplateSyntaxError."""
        try:
            return self.from_string(language.parse(self, source))
        except TemplateSyntaxError:
            raise
        except Exception:  # of the parsers below, such as for a number with too many digits
            raise TemplateSyntaxError("It is nested too deep, or too long", 1) from None

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a method that is listed, or what stands under a key."""
        if attribute in _METHODS.get(type(obj), ()):
            return getattr(obj, attribute)
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self._nothing(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what stands under a key or at a place."""
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.getattr(obj, argument) if isinstance(argument, str) else self._nothing(obj)

    def is_safe_callable(self, obj: Any) -> bool:
        """Let those methods be called that can be reached."""
        if obj is safe_range or isinstance(obj, Undefined):
            return True
        if isinstance(obj, MethodType):
            return isinstance(obj.__self__, LoopContext) and obj.__name__ in _LOOP_METHODS
        if isinstance(obj, BuiltinMethodType):
            return obj.__name__ in _METHODS.get(type(obj.__self__), ())
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate; `%` does not fill in a text, which would write what has none."""
        if isinstance(left, str):
            raise TypeError("only numbers are divided")
        return super().call_binop(context, operator, left, right)

    def _nothing(self, obj: Any, name: Any = None) -> Any:
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        return self.undefined(obj=obj, name=name)

    def _join(self, values: Iterable[Any], d: Any = "", attribute: Any = None) -> str:
        """Put texts together; jinja2 names the parameters so."""
        items = values if attribute is None else (self.getitem(v, attribute) for v in values)
        return _text(d).join(_text(each) for each in items)


def _text(value: Any) -> str:
    """Return a value as it is written. Raises: TypeError for what is none; UndefinedError."""
    return str(_with_text(value))


def _with_text(value: Any) -> Any:
    """Return a value that JSON can write. Raises: TypeError for another; UndefinedError."""
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, str):
        json.dumps(value)
    return value


@pass_context  # so that nothing is calculated while a template is only checked
def _output(_context: Context, value: Any) -> Any:
    return _with_text(value)


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a filter refuse what has no text, which jinja2 would write as Python does."""

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for each in arguments:
            if not isinstance(each, Environment):  # some of jinja2's filters ask for it
                _with_text(each)
        return function(*arguments, **named)

    return checked


def _replace(s: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Replace texts in a text; jinja2 names the parameters so."""
    return _text(s).replace(_text(old), _text(new), -1 if count is None else count)


def _to_json(value: Any, indent: int | None = None) -> str:
    return dump(value, indent=indent)
