"""Turns the Markdown of agents and reviewers into HTML that can do nothing but be read.

What comes in is hostile: an injected `hx-post` would fire even under a strict Content Security
Policy. So raw HTML is escaped by the parser (CommonMark 0.31 with tables and strikethrough), and
what the parser made goes through an allow-list. Pages put the result inside `hx-disable`
(macro `markdown_block`), the third lock on the same door. Nothing here knows the request.
"""

import re
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

MAX_LENGTH = 100_000

_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_ALIGNMENTS = {"left", "center", "right"}
_HEADINGS = ("h3", "h4", "h5", "h6")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)


def render(text: str) -> Markup:
    """Return `text` as sanitised HTML.

    Above `MAX_LENGTH` characters it is shown as preformatted text: parsing takes up to 1.5 s at
    that length when the text is made to be slow, and grows faster than the text does.
    """
    if len(text) > MAX_LENGTH:
        return Markup("<pre>{}</pre>").format(text)
    return Markup(_sanitiser.clean(_parser.render(text)))  # noqa: S704 - sanitised on this line


def _parser_for_untrusted_text() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.core.ruler.push("fit_into_page", _fit_into_page)
    parser.add_render_rule("image", _alternative_text)
    return parser


def _fit_into_page(state: StateCore) -> None:
    """Begin headings at h3, below the page's own, and align columns without a style attribute."""
    headings = [token for token in state.tokens if token.type.startswith("heading_")]
    ranks = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = _HEADINGS[min(ranks.index(token.tag), len(_HEADINGS) - 1)]
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if isinstance(style, str):
            token.attrs["align"] = style.removeprefix("text-align:")


def _alternative_text(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Write an image as its alternative text: a remote image would tell its host who reads."""
    return str(escape(renderer.renderInlineAsText(tokens[index].children, options, env)))


def _absolute_link_only(tag: str, name: str, value: str) -> str | None:
    """Drop a relative address: an agent has no business pointing into these pages."""
    if name == "href" and not _LINK.match(value):
        return None
    return value


_parser = _parser_for_untrusted_text()
_sanitiser = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values={"th": {"align": _ALIGNMENTS}, "td": {"align": _ALIGNMENTS}},
    attribute_filter=_absolute_link_only,
    set_tag_attribute_values={"a": {"target": "_blank"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
    clean_content_tags={"script", "style"},
)
