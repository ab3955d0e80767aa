"""The documents: pages, the blocks of code in them, their links and anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PASTED = frozenset({"sh", "bash", "python", "mjs"})
"""Languages whose blocks a reader pastes and runs."""
_FENCE = re.compile(r"```(\w*)")
_DIRECTIVE = re.compile(r"<!-- (sample|fragment): (.+?) -->")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code; `note` is what a comment in the line before says of it.

    A sample may say "keeps running" or "somebody answers"; a fragment says why it is not run.
    """

    page: Path
    line: int
    language: str
    text: str = ""
    is_fragment: bool = False
    note: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return every document, in the order in which docs/README.md names them."""
    index = ROOT / "docs/README.md"
    linked = [
        ROOT / "README.md",
        index,
        *_linked_from(index),
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
    linked += sorted((ROOT / "clients").glob("*/README.md"))
    return list(dict.fromkeys([*linked, *ROOT.glob("*.md")]))


def _linked_from(page: Path) -> Iterator[Path]:
    for target in links(page):
        path = (page.parent / target.partition("#")[0]).resolve()
        if path.suffix == ".md":
            yield path


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """Return the blocks of code of a page, in order."""
    found: list[Block] = []
    before, opened = "", None
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        if opened is None and (fence := _FENCE.match(line)):
            opened = _opened(page, number, fence[1], before)
            code: list[str] = []
        elif opened is not None and line == "```":
            found.append(replace(opened, text="".join(f"{each}\n" for each in code)))
            opened = None
        elif opened is not None:
            code.append(line)
        before = line
    return tuple(found)


def _opened(page: Path, number: int, language: str, before: str) -> Block:
    directive = _DIRECTIVE.fullmatch(before)
    if directive is None:
        return Block(page, number, language)
    return Block(page, number, language, "", directive[1] == "fragment", directive[2])


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Return what a page links to, as it is written."""
    return _LINK.findall(prose(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return frozenset(_slug(heading) for heading in headings)


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")
