r"""Regular expressions as ECMA-262 means them with the flag `u`, for an engine that is Rust's.

The engine (jsonschema-rs) already reads `\d`, `\w`, `\s` and `\cX` so. What it would refuse though
it means one thing everywhere, or take for something else, is rewritten here before it is compiled:
everything that matches a pattern of a schema asks here, so that it means the same in all places.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

import jsonschema_rs

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import Dialect, dialect_of
from opensink_web.schema.look_ahead import LookAheads, look_aheads_of
from opensink_web.schema.pattern_pieces import PIECE_IN_CLASS, PatternRefused, pieces_of
from opensink_web.schema.subschemas import MAP_KEYWORDS, walk

_DATA = frozenset({"enum", "const", "default", "examples"})
_NOT_MATCHING = {"$comment", "type", "anyOf"}
LARGEST_PATTERN_BYTES = 4 * 1024 * 1024
_OPTIONS = jsonschema_rs.RegexOptions(size_limit=LARGEST_PATTERN_BYTES)
_SMALL = jsonschema_rs.RegexOptions(size_limit=64 * 1024)
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-[a-zA-Z]+)?[:)]")
_QUANTIFIER = re.compile(r"[*+?]|\{\d")
_NO_LINE_END = r"[^\n\r\u{2028}\u{2029}]"
_ANY, _NOTHING = r"[\u{0}-\u{10FFFF}]", r"[^\u{0}-\u{10FFFF}]"
_SURROGATES = range(0xD800, 0xE000)
_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "b": 8, "0": 0}
_SETS = re.compile(r"\\[dDwWsSpP]")

_HALF = (
    "Patterns cannot have half of a surrogate pair, \\ud800 to \\udfff, since no text has one. "
    "Write a character beyond \\uffff as \\u{1F600}, also in a range."
)
_OCTAL = "Patterns cannot have octal escapes, such as \\07. Write \\x07."
_END = "Patterns cannot have \\Z. Write $ for the end of the text."
_POSSESSIVE = "Patterns cannot have a possessive quantifier, such as a++. Leave the second + out."
_TWO_QUANTIFIERS = (
    "This is not a valid regular expression: there are two quantifiers in a row. Put what the first"
    " belongs to in (?:…)."
)
_NO_MINIMUM = "Patterns cannot have a count without its smaller number. Write {{0{}."


@lru_cache(maxsize=4096)
def translated(pattern: str) -> str:
    """Return a pattern that the engine takes for what this one means: nearly always itself.

    Raises: PatternRefused.
    """
    pieces = list(pieces_of(pattern))
    flags = "".join(match[1] for piece in pieces if (match := _FLAGS.fullmatch(piece)))
    if "x" in flags:  # blanks and comments, of which ECMA-262 knows nothing
        return pattern
    dot = "." if "s" in flags or "R" in flags else _NO_LINE_END
    written: list[str] = []
    for at, piece in enumerate(pieces):
        _refuse_quantifiers(pieces, at)
        if piece.startswith("["):
            written.append(_class(piece))
        else:
            written.append(dot if piece == "." else _outside(piece))
    return "".join(written)


def matcher(pattern: str) -> jsonschema_rs.Validator | None:
    """Return what tells by `is_valid` whether a text matches, None for what is no pattern here."""
    small = _small_matcher(pattern)
    return _large_matcher(pattern) if small is None else small


@lru_cache(maxsize=4096)  # of up to 64 KiB each: a schema may have 2,000
def _small_matcher(pattern: str) -> jsonschema_rs.Validator | None:
    return _compiled(pattern, _SMALL)


@lru_cache(maxsize=64)  # of up to 4 MiB each
def _large_matcher(pattern: str) -> jsonschema_rs.Validator | None:
    return _compiled(pattern, _OPTIONS)


def _compiled(pattern: str, options: jsonschema_rs.RegexOptions) -> jsonschema_rs.Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator(
            _for_texts(pattern, Dialect.DRAFT_2020_12), pattern_options=options
        )
    except (jsonschema_rs.ValidationError, PatternRefused):
        return None


class NamesMatcher:
    """Patterns of names, which are held against a name all at once."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns: dict[str, list[str]] = {}  # several may become one
        for pattern in patterns:
            if matcher(pattern) is not None:
                self._patterns.setdefault(translated(pattern), []).append(pattern)
        self._validator = jsonschema_rs.Draft202012Validator(
            {"patternProperties": dict.fromkeys(self._patterns, False)}, pattern_options=_OPTIONS
        )

    def matching(self, name: str) -> list[str]:
        """Return the patterns that match a name."""
        errors = self._validator.iter_errors({name: None})
        matches = {str(error.schema_path[1]) for error in errors}
        return [each for key in self._patterns if key in matches for each in self._patterns[key]]


def with_translated_patterns(schema: JSONValue) -> tuple[JSONValue, dict[str, str]]:
    """Return a schema with its patterns as the engine reads them, and what each was before."""
    dialect = dialect_of(schema)
    before: dict[str, str] = {}
    for pattern in {pattern for _, part in walk(schema) for pattern in patterns_of(part)}:
        engine = _for_engine(pattern, dialect)
        if engine != pattern or look_aheads_of(pattern):
            before[engine] = pattern
    return (_rewritten(schema, dialect), before) if before else (schema, before)


def patterns_of(schema: JSONObject) -> list[str]:
    """Return the patterns that stand in a schema itself."""
    by_pattern = schema.get("patternProperties")
    own = [str(schema["pattern"])] if "pattern" in schema else []
    return own + (list(by_pattern) if isinstance(by_pattern, dict) else [])


def _for_texts(pattern: str, dialect: Dialect) -> JSONObject:
    """Return the keyword that a text matches a pattern: one alone, so that it fails once."""
    look_aheads = look_aheads_of(pattern)
    if look_aheads is None:
        return {"pattern": _for_engine(pattern, dialect)}
    return {"not": _not_matching(look_aheads, _for_engine(pattern, dialect), dialect)}


def _not_matching(look_aheads: LookAheads, name: str, dialect: Dialect) -> JSONObject:
    """Say, by other patterns, which texts do not match; the comment tells which pattern it is."""
    needed: list[JSONValue] = [
        {"not": {"pattern": _for_engine(part, dialect)}} for part in look_aheads.needed
    ]
    ruled_out: list[JSONValue] = [
        {"pattern": _for_engine(part, dialect)} for part in look_aheads.ruled_out
    ]
    return {"$comment": name, "type": "string", "anyOf": [*needed, *ruled_out]}


def name_of(not_matching: object) -> str | None:
    """Return the pattern that a `not` stands for, as the engine would have it; None for others."""
    if not isinstance(not_matching, dict) or not_matching.keys() != _NOT_MATCHING:
        return None
    return str(not_matching["$comment"])


def _for_engine(pattern: str, dialect: Dialect) -> str:
    try:
        text = translated(pattern)
    except PatternRefused:  # it was taken before this was looked at
        return pattern
    if dialect <= Dialect.DRAFT_07:
        # its meta-schema asks for what ECMA-262 can read itself, which has no such flag: between a
        # letter of ASCII and another there is no boundary then
        return text.replace(r"(?-u:\b)", r"\b").replace(r"(?-u:\B)", r"\B")
    return text


def _rewritten(schema: JSONValue, dialect: Dialect) -> JSONValue:
    """Translate the patterns in a schema, also where only a reference makes one of a part."""
    if isinstance(schema, list):
        return [_rewritten(part, dialect) for part in schema]
    if not isinstance(schema, dict):
        return schema
    words: JSONObject = {}
    others: list[JSONValue] = []
    for word, value in schema.items():
        if word == "pattern" and isinstance(value, str):
            if look_aheads_of(value):
                others.append(_for_texts(value, dialect))
            else:
                words[word] = _for_engine(value, dialect)
        elif word == "patternProperties" and isinstance(value, dict):
            words[word] = _by_pattern(value, dialect)
        elif word == "$ref" and isinstance(value, str):
            words[word] = _reference(value, dialect)
        elif word in MAP_KEYWORDS and isinstance(value, dict):
            words[word] = {key: _rewritten(part, dialect) for key, part in value.items()}
        else:
            words[word] = value if word in _DATA else _rewritten(value, dialect)
    if others:  # behind those that there are, at which references may point
        every = words.get("allOf")
        words["allOf"] = [*(every if isinstance(every, list) else []), *others]
    return words


def _by_pattern(schemas: JSONObject, dialect: Dialect) -> JSONObject:
    """Translate the keys; of two that become one, both count."""
    merged: JSONObject = {}
    for pattern, part in schemas.items():
        key, own = _for_engine(pattern, dialect), _rewritten(part, dialect)
        merged[key] = {"allOf": [merged[key], own]} if key in merged else own
    return merged


def _reference(reference: str, dialect: Dialect) -> str:
    """Let a pointer that leads through `patternProperties` lead there still."""
    if "/patternProperties/" not in reference:
        return reference
    document, _, fragment = reference.partition("#")
    steps = unquote(fragment).split("/")
    for at in range(1, len(steps)):
        if steps[at - 1] == "patternProperties":
            name = steps[at].replace("~1", "/").replace("~0", "~")
            key = _for_engine(name, dialect)
            steps[at] = key.replace("~", "~0").replace("/", "~1")
    return f"{document}#{quote('/'.join(steps))}"


def _refuse_quantifiers(pieces: list[str], at: int) -> None:
    r"""Refuse what Rust takes for a group repeated: `a++` is something else, or an error."""
    piece = pieces[at]
    count = re.match(r"\{(,\d+\})", "".join(pieces[at : at + 12])) if piece == "{" else None
    if count:
        raise PatternRefused(_NO_MINIMUM.format(count[1]))
    if at == 0 or not (_QUANTIFIER.match(piece) and _QUANTIFIER.match(pieces[at - 1])):
        return
    is_lazy = piece == "?" and not (at > 1 and _QUANTIFIER.match(pieces[at - 2]))
    if not is_lazy:
        raise PatternRefused(_POSSESSIVE if piece == "+" else _TWO_QUANTIFIERS)


def _outside(piece: str) -> str:
    """Return what stands for a piece that is in no class."""
    if piece in {r"\b", r"\B"}:
        return rf"(?-u:{piece})"  # between letters of ASCII, as \w is
    if piece in {r"\<", r"\>"}:  # for Rust, where a word begins and ends
        return piece[1:]
    if piece == r"\Z":
        raise PatternRefused(_END)
    if re.fullmatch(r"\\0\d+", piece):
        raise PatternRefused(_OCTAL)
    if piece in {"{", "}", "]"}:
        return "\\" + piece
    code = _code(piece) if piece.startswith(("\\u", "\\U", "\\0")) else None
    if code is None:
        return piece
    if code in _SURROGATES:
        raise PatternRefused(_HALF)
    return _character(code) if len(piece) == 12 or piece == r"\0" else piece


@dataclass(frozen=True, slots=True)
class _Member:
    """What stands in a class: a range of characters, or a set such as `\\d` by its own text."""

    first: int
    last: int
    text: str = ""


def _class(piece: str) -> str:
    """Return what stands for a class, [and all of it]."""
    is_negated = piece.startswith("[^")
    inside = PIECE_IN_CLASS.findall(piece[1 + is_negated : -1])
    if not _is_odd(inside):
        return piece
    members = list(_members(inside))
    if any(member.first > member.last for member in members):
        return piece  # the engine says that it runs backwards
    kept = [part for member in members for part in _without_surrogates(member)]
    if not kept and inside and not is_negated:
        raise PatternRefused(_HALF)
    if not kept:
        return _ANY if is_negated else _NOTHING
    return f"[{'^' * is_negated}{''.join(map(_written, kept))}]"


def _is_odd(inside: list[str]) -> bool:
    r"""Return True if a class is to be spelled out: Rust knows `[[`, `&&`, `--` and `~~` in it."""
    plain = all(piece.isalnum() or _SETS.match(piece) for piece in inside)
    return not inside or not plain


def _members(pieces: list[str]) -> Iterator[_Member]:
    at = 0
    while at < len(pieces):
        first = _member(pieces[at])
        at += 1
        if pieces[at : at + 1] == ["-"] and at + 1 < len(pieces):
            last = _member(pieces[at + 1])
            if not first.text and not last.text:  # beside a set, as in [\w-.], it is a hyphen
                first = _Member(first.first, last.last)
                at += 2
        yield first


def _member(piece: str) -> _Member:
    code = _code(piece)
    return _Member(0, 0, piece) if code is None else _Member(code, code)


def _code(piece: str) -> int | None:
    """Return the character that a piece stands for, None for a set or what is not known."""
    if not piece.startswith("\\"):
        return ord(piece) if len(piece) == 1 else None
    kind, rest = piece[1], piece[2:].strip("{}")
    if len(piece) == 12:  # a surrogate pair
        high, low = int(piece[2:6], 16), int(piece[8:], 16)
        return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    if kind in "uUx" and rest:
        return int(rest, 16)
    if kind == "c" and rest:
        return ord(rest) % 32
    if kind in _CONTROLS:
        return _CONTROLS[kind]
    return None if kind.isalnum() else ord(kind)


def _without_surrogates(member: _Member) -> Iterator[_Member]:
    if member.text:
        yield member
        return
    if member.first < _SURROGATES.start:
        yield _Member(member.first, min(member.last, _SURROGATES.start - 1))
    if member.last >= _SURROGATES.stop:
        yield _Member(max(member.first, _SURROGATES.stop), member.last)


def _written(member: _Member) -> str:
    if member.text:
        return member.text
    first, last = _character(member.first), _character(member.last)
    return first if first == last else f"{first}-{last}"


def _character(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\u{{{code:X}}}"
