"""Sinks with hostile names, and items in them of which every part is hostile."""

from itertools import cycle
from urllib.parse import quote

from opensink_web.models import Sink, SinkColor, User, Workspace
from opensink_web.operations.sinks.item import ItemFields, NewItem, add_items, prepare_items
from opensink_web.operations.sinks.sink import create_sink
from tests.browser.hostile_texts import Texts

PUBLIC_SLUG = "hostile-news"


def add_sinks(workspace: Workspace, reader: User, texts: Texts) -> tuple[str, ...]:
    """Make a sink of each line, with items in the first two; return the pages that show them."""
    sinks = [
        _sink(workspace, reader, line, color)
        for line, color in zip(texts.lines, cycle(SinkColor), strict=False)
    ]
    first, second = sinks[:2]
    first.is_public, first.public_slug = True, PUBLIC_SLUG
    new = [NewItem(first.id, _said(line, texts)) for line in texts.lines]
    new += [NewItem(second.id, {"title": each[:255], "body": each}) for each in texts.paragraphs]
    whole: ItemFields = {
        "title": texts.lines[0],
        "body": texts.whole,
        "fields": {each: each for each in texts.all},
    }
    new.append(NewItem(second.id, whole))
    added, _ = add_items(workspace, prepare_items(workspace, new))
    at = f"/w/{workspace.slug}"
    feed = f"{at}/sinks/{first.id}"
    return (
        *(f"{at}/sinks", f"{at}/sinks/new", feed, f"{feed}/edit", f"{at}/sinks/{second.id}"),
        *(f"{at}/sink-items", f"{at}/sink-items?type={quote(texts.lines[0])}"),
        f"{feed}?field={quote(texts.lines[0])}&value={quote(texts.lines[0])}",
        *(f"{at}/sink-items/{item.id}" for item in (added[0], added[-1])),
        f"/sinks/{PUBLIC_SLUG}",
    )


def _sink(workspace: Workspace, reader: User, line: str, color: SinkColor) -> Sink:
    sink = create_sink(workspace, reader, name="sink", description=line, color=color)
    sink.name = line  # as one that was made when names could be anything
    return sink


def _said(line: str, texts: Texts) -> ItemFields:
    """Return an item that says a line wherever it says anything."""
    url = f"https://example.com/{line}"
    return {
        "title": line,
        "type": line,
        "body": line,
        "url": url,
        "fields": {line: [line, line], "of all": texts.all[:20], "<b>": True},
        "resources": [{"type": "link", "label": line, "url": url}],
    }
