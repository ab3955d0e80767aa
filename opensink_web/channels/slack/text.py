"""What agents wrote, as text of a chat message that shows it and does nothing else.

Slack reads `<!channel>` and `<url|words>` out of any text, and needs `&`, `<` and `>` escaped
(https://docs.slack.dev/messaging/formatting-message-text/). Others read Markdown, and take
`@channel` or `@everyone` for a call to all.
"""

import re

_ZERO_WIDTH_SPACE = "\u200b"
_MARKDOWN = re.compile(r"([\\`*_~#\[\](){}|>+!-])")
_CALLS = re.compile(r"(?<![A-Za-z0-9.])@|@(?=everyone|here|channel|all)", re.IGNORECASE)
_SCHEMES = re.compile(r"(?<=[a-z]):(?=//)", re.IGNORECASE)


def for_slack(text: str) -> str:
    """Write a text for Slack's `plain_text`, which formats nothing else."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def for_markdown(text: str) -> str:
    """Write a text for what reads Markdown: nothing is formatted, called or made a link."""
    quiet = _CALLS.sub(f"@{_ZERO_WIDTH_SPACE}", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _MARKDOWN.sub(r"\\\1", _SCHEMES.sub(f":{_ZERO_WIDTH_SPACE}", quiet))
