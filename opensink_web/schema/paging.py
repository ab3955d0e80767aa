"""Which of a form's fields are drawn: all, or where that would be too many a page of each part.

Every field is bound and has its part in the answer; only drawing is limited.
"""

from collections.abc import Iterator

from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.sent import FormData

PAGE = "_page"
"""The button that draws another page; its value is the field's name, a colon and the page."""
MAX_MEMBERS = 100
MAX_DRAWN = 800
"""How many fields there are on a page, unless a single member has more."""


def lay_out(field: AnswerField, sent: FormData | None) -> int:
    """Cut what is directly below a field, and all below, into pages; return how many are drawn."""
    members = field.members()
    inner = {id(part): lay_out(part, sent) for part in field.parts()}
    weights = [inner[id(member)] for member in members]
    field.pages = list(_cut(weights))
    texts = sent.getlist(page_name(field)) if sent and len(field.pages) > 1 else []
    number = int(texts[0]) if texts and texts[0].isdecimal() and len(texts[0]) < 6 else 0
    field.page = min(number, len(field.pages) - 1)
    return 1 + sum(inner[id(part)] for part in field.drawn_parts())


def _cut(weights: list[int]) -> Iterator[tuple[int, int]]:
    start = weight = 0
    for at, more in enumerate(weights):
        if at > start and (at - start == MAX_MEMBERS or weight + more > MAX_DRAWN):
            yield start, at
            start, weight = at, 0
        weight += more
    yield start, len(weights)


def page_name(field: AnswerField) -> str:
    """Return the name under which the page brings back which page of a field it drew."""
    return f"{field.name}-page"


def show(field: AnswerField, names: set[str]) -> bool:
    """Turn to the pages on which the first of these fields is; return True if it is below."""
    if field.name in names:
        return True
    for part in field.parts():
        if show(part, names):
            if part in field.members():
                at = field.members().index(part)
                field.page = next(n for n, (_, end) in enumerate(field.pages) if at < end)
            return True
    return False


def drawn(field: AnswerField) -> Iterator[AnswerField]:
    """Yield a field and those below it that are drawn."""
    yield field
    for part in field.drawn_parts():
        yield from drawn(part)


def on_other_pages(field: AnswerField) -> Iterator[AnswerField]:
    """Yield the outermost fields that are not drawn."""
    yield from field.undrawn_members()
    for part in field.drawn_parts():
        yield from on_other_pages(part)


def name_parts(field: AnswerField, around: str = "") -> None:
    """Say for every field what is drawn anew with it."""
    field.part_name = around or str(field.name)
    for part in field.parts():
        name_parts(part, around or (str(field.name) if field.redraws else ""))


def unvisited(sent: FormData) -> set[str]:
    """Return the names of the fields that were on other pages, unless they come with what is kept.

    Nobody has changed them, so they start as they are.
    """
    names: set[str] = set()
    for key in sent.keys():  # noqa: SIM118 - it is no dict
        if key.endswith("-undrawn"):
            around = key.removesuffix("-undrawn")
            names |= {f"{around}-{each}" for text in sent.getlist(key) for each in text.split()}
    return {name for name in names if f"{name}-kept" not in sent}
