"""What a template reaches while it is rendered: JSON values, a few of their methods, some filters.

Nothing is looked up on a Python object: what is no key, index or method listed here is undefined.
Every text is measured before or as it is made, and the time of the thread is looked at between
steps that each take a few milliseconds at most.
"""

import time
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Sequence,
    ValuesView,
)
from functools import wraps
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from opensink_web.json_value import JSONObject, dump
from opensink_web.message_template import language

TEXT_LENGTH_MAX = 100_000
"""Of a message that was filled in, and of every text on the way there."""
RANGE_MAX = 10_000
INTEGER_BITS_MAX = 4096
INDENT_MAX = 8
DIGITS_MAX = 20
_STEPS_BETWEEN_LOOKS = 16

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
    *("abs", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last"),
    *("length", "list", "map", "max", "min", "reject", "rejectattr", "reverse", "select"),
    *("selectattr", "sort", "sum", "unique"),
)
_TEXT_FILTERS = ("capitalize", "lower", "string", "title", "trim", "truncate", "upper", "wordcount")
_METHOD_TYPES = (BuiltinMethodType, MethodType)
_WITHOUT_TEXT = (*_METHOD_TYPES, Iterator, KeysView, ItemsView, ValuesView, range)


class RenderingFailed(Exception):
    """A template cannot be filled in with these values; the sentence is for whoever sent them."""


class Templates:
    """Templates that are filled in one after the other; all of it may take so many seconds.

    Raises: jinja2's TemplateSyntaxError for the first one that is none.
    """

    def __init__(self, sources: Sequence[str], seconds: float) -> None:
        self._sandbox = _Sandbox(seconds)
        self._templates = [self._sandbox.compiled(source) for source in sources]

    def render(self, variables: JSONObject) -> list[str]:
        """Fill all of them in. Raises: RenderingFailed."""
        return [self._rendered(template, variables) for template in self._templates]

    def _rendered(self, template: Any, variables: JSONObject) -> str:
        budget = self._sandbox.budget
        pieces: list[str] = []
        length = 0
        try:
            for piece in template.generate(variables):
                length += len(piece)
                budget.measure(length)
                pieces.append(piece)
        except RenderingFailed:
            raise
        except UndefinedError as error:
            raise RenderingFailed(f"{error.message}.") from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            message = f"The template fails on these values ({type(error).__name__})."
            raise RenderingFailed(message) from None
        return "".join(pieces)


def check_template(source: str) -> str | None:
    """Say in a sentence why this is no template; None if it is one."""
    try:
        _Sandbox(0).compiled(source)
    except TemplateSyntaxError as error:
        return f"Line {error.lineno}: {(error.message or '').rstrip('.')}."
    return None


class _Budget:
    """The time that is left, in seconds of this thread's own."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.thread_time() + seconds
        self._steps = 0

    def look(self) -> None:
        """Raises: RenderingFailed when the time is over."""
        if time.thread_time() > self._ends_at:
            raise RenderingFailed("The template takes too long to fill in with these values.")

    def step(self) -> None:
        """Look once in a few steps."""
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_LOOKS == 0:
            self.look()

    def measure(self, length: int) -> None:
        """Look, and raise: RenderingFailed for a text that is too long."""
        if length > TEXT_LENGTH_MAX:
            raise RenderingFailed(
                f"Filled in with these values, a text is longer than {TEXT_LENGTH_MAX} characters."
            )
        self.step()


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def __init__(self, seconds: float) -> None:
        # nothing is calculated while it is compiled: that is not counted
        super().__init__(undefined=StrictUndefined, optimized=False, autoescape=False)
        self.budget = _Budget(seconds)
        self.globals = {"range": _range}
        filters = {name: FILTERS[name] for name in (*_FILTERS, *_TEXT_FILTERS)} | {
            "join": self._join,
            "replace": self._replace,
            "round": _round,
            "tojson": _to_json,
            language.CONCATENATED: self._concatenate,
        }
        self.filters = {
            name: self._measured(each, _WITHOUT_TEXT if name in _TEXT_FILTERS else _METHOD_TYPES)
            for name, each in filters.items()
        }
        self.filters |= {language.COUNTED: self._counted, language.TIMED: self._timed}
        self.finalize = self._measured_output()

    def compiled(self, source: str) -> Any:
        """Raises: TemplateSyntaxError."""
        try:
            parsed = language.with_time_looked_at(language.parse(self, source), self)
            return self.from_string(parsed)
        except (SyntaxError, RecursionError, MemoryError):
            raise TemplateSyntaxError("It is nested too deep", 1) from None

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
        if obj is _range or isinstance(obj, Undefined):
            return True
        if isinstance(obj, MethodType):
            return isinstance(obj.__self__, LoopContext) and obj.__name__ in _LOOP_METHODS
        if isinstance(obj, BuiltinMethodType):
            return obj.__name__ in _METHODS.get(type(obj.__self__), ())
        return False

    # jinja2 calls it with these names, so that no keyword of a template meets them
    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call what may be called."""
        __self.budget.look()
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers; put texts together."""
        self.budget.step()
        texts = [each for each in (left, right) if isinstance(each, str)]
        if texts and operator in "+*":
            repeats = [each for each in (left, right) if isinstance(each, int)]
            self.budget.measure(sum(map(len, texts)) * max([1, *repeats]))
        elif not any(isinstance(each, Undefined) for each in (left, right)):
            _check_numbers(left, right)
        return super().call_binop(context, operator, left, right)

    def _nothing(self, obj: Any, name: Any = None) -> Any:
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        return self.undefined(obj=obj, name=name)

    def _measured(
        self, function: Callable[..., Any], refused: tuple[type, ...]
    ) -> Callable[..., Any]:
        """Look at what a filter is given, at the time, and at the length of what it makes."""

        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            self.budget.look()
            for each in arguments:
                if isinstance(each, refused):
                    _text(each)
            made = function(*arguments, **named)
            if isinstance(made, str):
                self.budget.measure(len(made))
            return made

        return measured

    def _measured_output(self) -> Callable[..., str]:
        @pass_context  # what depends on the context is not calculated while it is compiled
        def finalize(_context: Context, value: Any) -> str:
            text = _text(value)
            self.budget.measure(len(text))
            self.budget.look()
            return text

        return finalize

    def _counted(self, values: Iterable[Any]) -> Iterator[Any]:
        return self._steps(iter(values))

    def _steps(self, values: Iterator[Any]) -> Iterator[Any]:
        for value in values:
            self.budget.step()
            yield value

    def _timed(self, value: Any) -> Any:
        self.budget.look()
        return value

    def _concatenate(self, values: Iterable[Any]) -> str:
        return self._join(values)

    def _join(self, values: Iterable[Any], d: Any = "", attribute: Any = None) -> str:
        """Put texts together; jinja2 names the parameters so."""
        between = _text(d)
        texts: list[str] = []
        length = 0
        for value in values:
            texts.append(_text(value if attribute is None else self.getitem(value, attribute)))
            length += len(texts[-1]) + len(between)
            self.budget.measure(length)
        return between.join(texts)

    def _replace(self, s: Any, old: Any, new: Any, count: int | None = None) -> str:
        """Replace texts in a text; jinja2 names the parameters so."""
        text, old_text, new_text = _text(s), _text(old), _text(new)
        times = text.count(old_text)
        self.budget.measure(len(text) + times * max(len(new_text) - len(old_text), 0))
        return text.replace(old_text, new_text, -1 if count is None else count)


def _text(value: Any) -> str:
    """Return a value as it is written. Raises: TypeError for what is none; UndefinedError."""
    if isinstance(value, str):
        return value
    if isinstance(value, _WITHOUT_TEXT):
        raise TypeError("this is no value")
    return str(value)


def _check_numbers(*operands: Any) -> None:
    for each in operands:
        if not isinstance(each, int | float):
            raise TypeError("only numbers are calculated with")
        if isinstance(each, int) and each.bit_length() > INTEGER_BITS_MAX:
            raise OverflowError("the number is too large")


def _range(*limits: int) -> range:
    made = range(*limits)
    if len(made) > RANGE_MAX:
        raise RenderingFailed(f"A range has at most {RANGE_MAX} numbers.")
    return made


def _round(value: float, precision: int = 0) -> float:
    if abs(precision) > DIGITS_MAX:
        raise ValueError("too many digits")
    return round(float(value), precision)


def _to_json(value: Any, indent: int | None = None) -> str:
    if indent is not None and not 0 <= indent <= INDENT_MAX:
        raise ValueError("too far indented")
    return dump(value, indent=indent)
