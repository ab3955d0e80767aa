"""Has every expression that a template prints show its hidden characters, wherever it stands.

A template's own words are data to Jinja; what it prints between braces comes from somewhere else,
often from an agent. Forgetting a filter there would go unnoticed, so none is needed: when a
template is compiled, this follows its HTML and puts around each expression what its place asks for.

- in text: hidden characters become marks, right-to-left text a `<bdi>` of its own;
- in an attribute that is read to people, in `<title>` and `<option>`: the same without tags;
- in every other attribute, in a text area: nothing, since programs and forms need it exact.

What is HTML already (Markup) is left as it is; whoever makes it uses `in_html` for what is foreign.
"""

import re
from collections.abc import Callable, Iterable
from types import NoneType

from jinja2 import Environment
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

from opensink_web.json_value import JSONValue, dump
from opensink_web.lookalike import LATIN_OF, alike_keys
from opensink_web.visible_text import (
    MARKS_MAX,
    Mark,
    is_plain,
    is_right_to_left,
    isolated,
    name_of,
    pieces,
)

FOR_PEOPLE = frozenset(
    {
        *("title", "alt", "label", "placeholder", "content", "data-label", "data-copy-label"),
        *("aria-label", "aria-description", "aria-roledescription", "aria-valuetext"),
    }
)
"""Attributes whose value is shown or read out."""


def in_html(text: str) -> Markup:
    """Return the text as HTML with its hidden characters marked, set apart by its direction."""
    html = marked(text)
    return Markup(f"<bdi>{html}</bdi>") if is_right_to_left(text) else html  # noqa: S704 - escaped


def marked(text: str) -> Markup:
    """Return the text as HTML with its hidden characters marked, for a place already set apart."""
    if is_plain(text):
        return escape(text)
    marks = 0
    parts: list[str] = []
    for piece in pieces(text):
        if isinstance(piece, str):
            parts.append(str(escape(piece)))
            continue
        marks += 1
        parts.append(_drawn(piece) if marks <= MARKS_MAX else f"[{piece.label}]")
    return Markup("".join(parts))  # noqa: S704 - escaped above


def json_in_html(text: str, value: JSONValue) -> Markup | str:
    """Return indented JSON as HTML if keys in its value look alike, their letters spelled out."""
    keys = {dump(key): key for key in alike_keys(value)}
    if not keys:
        return text
    lines = []
    for line in text.split("\n"):
        key_of_line = _KEY_OF_LINE.match(line)
        if key_of_line is None or key_of_line["key"] not in keys:
            lines.append(marked(line))
            continue
        key = Markup().join(_spelled(character) for character in key_of_line["key"])
        lines.append(marked(key_of_line["indent"]) + key + marked(line[key_of_line.end() :]))
    return Markup("\n").join(lines)


def _spelled(letter: str) -> Markup:
    latin = LATIN_OF.get(letter)
    if latin is None:
        return marked(letter)
    mark = Mark(f"U+{ord(letter):04X}", f"{name_of(letter)}, not the letter {latin}", "")
    return escape(letter) + Markup(_drawn(mark))  # noqa: S704 - of our own words


def _drawn(mark: Mark) -> str:
    """Draw a mark; its code points are not shown, but for the button that copies what is meant."""
    codes = " ".join(f"{ord(character):x}" for character in mark.hidden)
    kind = "hidden-char" if mark.hidden else "lookalike-char"
    return f'<span class="{kind}" title="{mark.title}" data-codes="{codes}">{mark.label}</span>'


def foreign_in_text(value: object) -> object:
    """Print an expression in text."""
    if isinstance(value, _SAFE) or hasattr(value, "__html__"):
        return value
    return in_html(str(value))


def foreign_in_plain(value: object) -> object:
    """Print an expression where there is no room for tags."""
    if isinstance(value, Markup):
        return _without_tags(value) if "<" in value else value
    if isinstance(value, _SAFE) or hasattr(value, "__html__"):
        return value
    return isolated(str(value))


def _without_tags(html: Markup) -> Markup:
    kept = _DRAWN.sub(r"[\1]", html).replace("<bdi>", "\u2068").replace("</bdi>", "\u2069")
    return escape(Markup(kept).striptags())  # noqa: S704 - without its tags, and escaped


def foreign_exact(value: object) -> object:
    """Print an expression as it is, escaped like any other."""
    return value


_SAFE = (Markup, int, float, NoneType)
_KEY_OF_LINE = re.compile(r'(?P<indent> *)(?P<key>"(?:[^"\\]|\\.)*")(?=:)')
_DRAWN = re.compile('<span class="(?:hidden|lookalike)-char"[^>]*>([^<]*)</span>')
_PRINTED = (foreign_in_text, foreign_in_plain, foreign_exact)


class ForeignText(Extension):
    """Puts one of the filters above around every expression of a template, by where it stands."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update({filter_.__name__: filter_ for filter_ in _PRINTED})

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Follow the template's HTML. Raises: TemplateSyntaxError where it ends within a tag."""
        html, blocks = _Html(), _Blocks()
        line = 1
        for token in stream:
            line = token.lineno
            blocks.read(token)
            if token.type == "data":
                html.read(token.value)
            if token.type == "variable_begin":
                yield token
                yield Token(line, "lparen", "(")
            elif token.type == "variable_end":
                yield Token(line, "rparen", ")")
                yield Token(line, "pipe", "|")
                name = "foreign_in_plain" if blocks.is_in_title else html.printed_by()
                yield Token(line, "name", name)
                yield token
            else:
                yield token
        if html.is_inside_tag:
            raise TemplateSyntaxError("The template ends inside a tag.", line, stream.name)


class _Blocks:
    """Follows Jinja's own blocks, because `{% block title %}` is filled in far from `<title>`."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._words: list[str] | None = None

    @property
    def is_in_title(self) -> bool:
        return "title" in self._names

    def read(self, token: Token) -> None:
        match token.type:
            case "block_begin":
                self._words = []
            case "name" if self._words is not None:
                self._words.append(token.value)
            case "block_end" if self._words is not None:
                if self._words[:1] == ["block"]:
                    self._names.append(self._words[1])
                elif self._words[:1] == ["endblock"]:
                    self._names.pop()
                self._words = None


class _Html:
    """Follows HTML as far as to tell text from attributes, one piece of a template at a time."""

    def __init__(self) -> None:
        self._element = ""
        self._attribute = ""
        self._scan: _Scanner = self._text

    @property
    def is_inside_tag(self) -> bool:
        return self._scan != self._text

    def read(self, data: str) -> None:
        """Go on with the next piece."""
        at = 0
        while at < len(data):
            at = self._scan(data, at)

    def printed_by(self) -> str:
        """Name the filter for an expression that stands here."""
        is_for_people = self._attribute in FOR_PEOPLE
        if self._scan != self._text:
            return "foreign_in_plain" if is_for_people else "foreign_exact"
        if self._element in _EXACT_ELEMENTS:
            return "foreign_exact"
        return "foreign_in_plain" if self._element in _PLAIN_ELEMENTS else "foreign_in_text"

    def _text(self, data: str, at: int) -> int:
        if self._element:
            tag = re.compile(f"</{self._element}", re.IGNORECASE).search(data, at)
        else:
            tag = _TAG_OPENS.search(data, at)
        if tag is None:
            return len(data)
        if tag[0] == "<!--":
            self._scan = self._comment
            return tag.end()
        name = tag[0].lstrip("<").lower()
        self._element = name if name in _EXACT_ELEMENTS | _PLAIN_ELEMENTS else ""
        self._scan = self._tag
        return tag.end()

    def _comment(self, data: str, at: int) -> int:
        end = data.find("-->", at)
        if end < 0:
            return len(data)
        self._scan = self._text
        return end + 3

    def _tag(self, data: str, at: int) -> int:
        """Go on between a tag's attributes."""
        match = _IN_TAG.match(data, at)
        if match is None:
            return len(data)
        if match["end"]:
            self._attribute = ""
            self._scan = self._text
        elif match["name"]:
            self._attribute = match["name"].lower()
        elif match["opens"]:
            self._scan = {'"': self._double, "'": self._single}.get(match["quote"], self._bare)
        return match.end()

    def _double(self, data: str, at: int) -> int:
        return self._value_until(data.find('"', at), data)

    def _single(self, data: str, at: int) -> int:
        return self._value_until(data.find("'", at), data)

    def _value_until(self, end: int, data: str) -> int:
        if end < 0:
            return len(data)
        self._attribute, self._scan = "", self._tag
        return end + 1

    def _bare(self, data: str, at: int) -> int:
        """Go on in a value without quotes, which ends at a space or with the tag."""
        end = _BARE_ENDS.search(data, at)
        if end is None:
            return len(data)
        self._attribute, self._scan = "", self._tag
        return end.start()


_Scanner = Callable[[str, int], int]
_EXACT_ELEMENTS = {"textarea", "script", "style"}
_PLAIN_ELEMENTS = {"title", "option"}
_TAG_OPENS = re.compile("<!--|</?[a-zA-Z][a-zA-Z0-9-]*|<!")
_IN_TAG = re.compile(
    r"""\s+|(?P<end>/?>)|(?P<opens>=\s*(?P<quote>["']?))|(?P<name>[^\s=>"'/]+)|["'/]"""
)
_BARE_ENDS = re.compile(r"[\s>]")
