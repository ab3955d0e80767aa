"""Writes the part of Tabler's style sheet that our pages can use: `python -m tests.stylesheet`.

A rule stays if each class of its selector is a word in a string of our templates, scripts or pages'
code ("alert-" before an expression makes classes with all such words), and each attribute stands
there too. So more stays than is used. Of variables and animations stay those that something names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule, WhitespaceToken

ROOT = Path(__file__).parents[1]
VERSION = "tabler-1.6.1"
WHOLE = ROOT / "tests/vendor" / VERSION / "tabler.min.css"
SUBSET = ROOT / "static/vendor" / VERSION / "tabler.subset.css"
SOURCES = (
    ("templates", "*.html"),
    ("static/js", "*.js"),
    ("static/vendor", "htmx*/*.js"),
    ("opensink_web/web", "*.py"),
    ("opensink_web/schema/controls", "*.py"),
)
_NO_CLASSES = """
active alert-icon avatar badge blockquote btn-action btn-check btn-dark btn-group btn-info btn-light
btn-link btn-list btn-success btn-warning btn-x chat col com disabled dropdown-toggle empty h1 h2 h3
h4 h5 h6 hr io kbd nav net no-scroll progress required row-0 row-sm show strong table toast
"""
NO_CLASSES = frozenset(_NO_CLASSES.split())
"""Words of ours that Tabler has classes for and that are none of our pages: no page gives them."""
# what a declaration has after its colon: a picture in quotation marks may hold a semicolon
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^;{}"'])*"""
# what stands between two quotation marks, also those of two strings, and could be classes
_STRING = re.compile(
    r"""(?<=["'`])(?=([a-z0-9 _-]+)(?:["'`]|\{[{%]|\$\{))|(?<=\})(?=([a-z0-9 _-]+)["'`{])"""
)


def main() -> None:
    SUBSET.write_text(subset(), encoding="utf-8")


def subset() -> str:
    """Return the style sheet as it is to be."""
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder, names in SOURCES
        for path in sorted((ROOT / folder).rglob(names))
    )
    sheet = tinycss2.parse_stylesheet(WHOLE.read_text(encoding="utf-8"))
    ours = "".join(path.read_text() for path in sorted((ROOT / "static/css").glob("*.css")))
    return _without_unnamed("\n".join(_kept(sheet, _Words.of(sources))), ours + sources) + "\n"


@dataclass(frozen=True)
class _Words:
    """What classes and attributes there can be."""

    sources: str
    whole: frozenset[str]
    beginnings: tuple[str, ...]

    @classmethod
    def of(cls, sources: str) -> "_Words":
        strings = (match[1] or match[2] for match in _STRING.finditer(sources))
        words = frozenset(word for string in strings for word in string.split())
        return cls(sources, words, tuple(word for word in words if word.endswith("-")))

    def may_match(self, selector: str) -> bool:
        attributes = re.findall(r"\[([\w-]+)", selector)
        while (shorter := re.sub(r"\([^()]*\)|\[[^\]]*\]", "", selector)) != selector:
            selector = shorter  # what stands in brackets need not be there
        classes = re.findall(r"\.((?:[\w-]|\\.)+)", selector)
        return all(each in self.sources for each in attributes) and all(map(self._has, classes))

    def _has(self, name: str) -> bool:
        if name in NO_CLASSES:
            return False
        return name in self.whole or any(
            name.startswith(beginning) and name.removeprefix(beginning) in self.whole
            for beginning in self.beginnings
        )


def given_classes() -> set[str]:
    """Return the words of all that gives an element its classes, in templates, scripts and code."""
    attribute = re.compile(r'\bclass="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\})*)"', re.DOTALL)
    by_code = re.compile(r"\b(?:className|classList|class_?)\b([^;\n]*)")
    given: set[str] = set()
    for folder, names in SOURCES[:2] + SOURCES[3:]:
        for path in (ROOT / folder).rglob(names):
            pattern = attribute if path.suffix == ".html" else by_code
            for match in pattern.finditer(path.read_text(encoding="utf-8")):
                given.update(re.findall(r"[\w-]+", match[1]))
    return given


def _kept(nodes: Iterable[Node], words: _Words) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, QualifiedRule):
            selectors = [each for each in _selectors(node.prelude) if words.may_match(each)]
            if selectors and tinycss2.serialize(node.content).strip():
                yield f"{','.join(selectors)}{{{tinycss2.serialize(node.content)}}}"
        elif isinstance(node, AtRule) and node.content and node.at_keyword == "media":
            inner = "".join(_kept(tinycss2.parse_rule_list(node.content), words))
            if inner.strip():
                yield f"@media{tinycss2.serialize(node.prelude)}{{{inner}}}"
        elif not isinstance(node, WhitespaceToken):
            yield node.serialize()


def _selectors(prelude: list[Node]) -> list[str]:
    """Split at the commas that stand in no brackets: what is in those is a node of its own."""
    parts: list[list[Node]] = [[]]
    for node in prelude:
        if node == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return [tinycss2.serialize(part) for part in parts]


def _without_unnamed(sheet: str, others: str) -> str:
    """Take out variables and animations that nothing names, until all are named."""
    before = ""
    while before != sheet:
        before = sheet
        named = set(re.findall(r"--[\w-]+(?!\s*:)\b(?!:)", sheet + others))
        unnamed = set(re.findall(r"(?<=[{;])(--[\w-]+):", sheet)) - named
        for name in sorted(unnamed):
            sheet = re.sub(rf"(?<=[{{;]){name}:{_VALUE}(;|(?=\}}))", "", sheet)
        animated = " ".join(re.findall(r"animation(?:-name)?:([^;}]*)", sheet + others))
        for name in re.findall(r"@keyframes ([\w-]+)", sheet):
            if name not in animated:
                sheet = re.sub(rf"@keyframes {name}\{{(?:[^{{}}]*\{{[^{{}}]*\}})*\}}\n?", "", sheet)
    return sheet


if __name__ == "__main__":
    main()
