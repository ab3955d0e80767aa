"""A message as Slack draws it, in blocks, and as others do, in Markdown.

It has links, not buttons: Slack asks the app that sent a button what it says to a click on it, and
shows a warning to whoever clicked if nobody answers (slackapi/node-slack-sdk#869), which a webhook
or a bot without a public address cannot.
"""

from opensink_web.channels.base import Item, Message, MessageKind
from opensink_web.channels.slack.text import for_markdown, for_slack
from opensink_web.json_value import JSONObject, JSONValue

HEADER_MAX = 150
SECTION_MAX = 3000
ITEMS_MAX = 20
"""A message has 50 blocks at most; each item takes two."""
MARKDOWN_MAX = 1900
"""Discord takes 2,000 characters."""


def in_blocks(message: Message) -> JSONObject:
    """Return what Slack takes: blocks, and the text of its own notification."""
    blocks: list[JSONValue] = [
        {"type": "header", "text": _plain(message.headline, HEADER_MAX)},
    ]
    if message.outcome:
        blocks.append({"type": "section", "text": _plain(message.outcome, SECTION_MAX)})
    if message.kind is not MessageKind.WITHDRAWAL:
        for item in message.items[:ITEMS_MAX]:
            if lines := _lines(item, with_title=len(message.items) > 1):
                blocks.append({"type": "section", "text": _plain("\n".join(lines), SECTION_MAX)})
            if item.buttons:
                blocks.append(_decisions(item))
            elif len(message.items) > 1:
                blocks.append(_context(_link(item.url, "Open")))
    if more := _more(message):
        blocks.append(_context(for_slack(more)))
    words = "See it" if message.kind is MessageKind.WITHDRAWAL else "Open in OpenSink"
    blocks.append(_context(f"{_link(message.url, words)} · {for_slack(message.workspace)}"))
    return {
        "text": for_slack(message.headline),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def in_markdown(message: Message) -> JSONObject:
    """Return what Mattermost, Rocket.Chat and Discord take."""
    lines = [f"**{for_markdown(message.headline)}**"]
    if message.outcome:
        lines.append(for_markdown(message.outcome))
    if message.kind is not MessageKind.WITHDRAWAL:
        for item in message.items[:ITEMS_MAX]:
            with_title = len(message.items) > 1
            lines += [for_markdown(line) for line in _lines(item, with_title=with_title)]
    if more := _more(message):
        lines.append(for_markdown(more))
    ways = [f"{for_markdown(each.words)}: {each.url}" for each in message.buttons]
    length_max = MARKDOWN_MAX - sum(map(len, ways))
    return {"text": "\n".join([*_fitting(lines, length_max), *ways, message.url])}


def _fitting(lines: list[str], length_max: int) -> list[str]:
    kept: list[str] = []
    length = 0
    for line in lines:
        length += len(line) + 1
        if length > length_max and kept:
            return [*kept, "…"]
        kept.append(line[:length_max])
    return kept


def _decisions(item: Item) -> JSONObject:
    """Return the ways to decide as links, whose words are shown as they are."""
    ways = [*((each.url, each.words) for each in item.buttons), (item.url, "Open")]
    links: list[JSONValue] = []
    for url, words in ways:
        links += [{"type": "text", "text": "   "}] if links else []
        links.append({"type": "link", "url": url, "text": words, "style": {"bold": True}})
    section: JSONObject = {"type": "rich_text_section", "elements": links}
    return {"type": "rich_text", "elements": [section]}


def _lines(item: Item, *, with_title: bool) -> list[str]:
    title = [item.title or "A request"] if with_title else []
    by = [f"Asked by {item.asked_by}"] if item.asked_by else []
    return [*title, *by, *item.facts]


def _more(message: Message) -> str:
    count = message.more_count + max(len(message.items) - ITEMS_MAX, 0)
    return f"… and {count:,} more" if count else ""


def _plain(text: str, length_max: int) -> JSONObject:
    whole = for_slack(text)
    if len(whole) > length_max:
        # cut before it is escaped: half an entity would be shown
        whole = for_slack(text[: length_max // 5]) + "…"
    return {"type": "plain_text", "text": whole, "emoji": False}


def _context(mrkdwn: str) -> JSONObject:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn}]}


def _link(url: str, words: str) -> str:
    return f"<{for_slack(url).replace('|', '%7C')}|{words}>"
