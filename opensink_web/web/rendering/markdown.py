"""Turns the Markdown of agents and reviewers into HTML that can do nothing but be read.

What comes in is hostile: an injected `hx-post` would fire even under a strict Content Security
Policy. So raw HTML is escaped by the parser (CommonMark 0.31 with tables and strikethrough), and
what the parser made goes through an allow-list. Pages put the result inside `hx-disable`
(macro `markdown_block`), the third lock on the same door. Characters that nobody sees are marked,
wherever they stand. Nothing here knows the request.

A text that is made for it takes 10 µs a character, so a page formats a `Budget` of characters, and
what was formatted once is kept for a while: whoever looks again costs nothing.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from opensink_web.visible_text import in_plain
from opensink_web.web.rendering.foreign_text import marked

PAGE_LENGTH = 30_000
"""So many characters are formatted on one page."""
KEPT_LENGTH = 16_000_000
KEPT_TEXTS = 20_000
_VERY_LONG = 500

_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    "span",
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "span": {"title", "data-codes"}}
_ALIGNMENTS = {"left", "center", "right"}
_HEADINGS = ("h3", "h4", "h5", "h6")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)


class Budget:
    """What one page may still format."""

    def __init__(self) -> None:
        self._left = PAGE_LENGTH

    def render(self, text: str) -> Markup:
        """Return the text as HTML; once the page has had its share, as the plain text it is."""
        if len(text) > self._left:
            return _unformatted(text)
        self._left -= len(text)
        return render(text)


def render(text: str) -> Markup:
    """Return a text of at most `PAGE_LENGTH` characters as sanitised HTML."""
    if len(text) > PAGE_LENGTH:
        return _unformatted(text)
    key = sha256(text.encode("utf-8", "surrogatepass")).digest()
    html = _kept.get(key)
    if html is None:
        html = _formatted(text)
        _kept.put(key, html)
    return html


def _formatted(text: str) -> Markup:
    return Markup(_sanitiser.clean(_parser.render(text)))  # noqa: S704 - sanitised on this line


def _unformatted(text: str) -> Markup:
    what = "it" if len(text) > _VERY_LONG else "this page"
    note = f"Shown without formatting because {what} is very long."
    return Markup('<p class="text-soft">{}</p><pre>{}</pre>').format(note, marked(text))


class _Kept:
    """HTML by the hash of its text: what was used last, up to `KEPT_LENGTH` in `KEPT_TEXTS`."""

    def __init__(self) -> None:
        self._html: OrderedDict[bytes, Markup] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: bytes) -> Markup | None:
        with self._lock:
            if key in self._html:
                self._html.move_to_end(key)
            return self._html.get(key)

    def put(self, key: bytes, html: Markup) -> None:
        with self._lock:
            self._size += len(html) - len(self._html.pop(key, ""))
            self._html[key] = html
            while self._size > KEPT_LENGTH or len(self._html) > KEPT_TEXTS:
                self._size -= len(self._html.popitem(last=False)[1])


def _parser_for_untrusted_text() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.core.ruler.push("fit_into_page", _fit_into_page)
    parser.add_render_rule("image", _alternative_text)
    parser.add_render_rule("text", _text)
    parser.add_render_rule("code_inline", _inline_code)
    parser.add_render_rule("code_block", _block_of_code)
    parser.add_render_rule("fence", _block_of_code)
    return parser


def _fit_into_page(state: StateCore) -> None:
    """Begin headings at h3, below the page's own, and align columns without a style attribute."""
    headings = [token for token in state.tokens if token.type.startswith("heading_")]
    ranks = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = _HEADINGS[min(ranks.index(token.tag), len(_HEADINGS) - 1)]
    for token in state.tokens:
        for inner in token.children or []:
            if isinstance(title := inner.attrs.get("title"), str):
                inner.attrs["title"] = in_plain(title)
        style = token.attrs.pop("style", None)
        if isinstance(style, str):
            token.attrs["align"] = style.removeprefix("text-align:")


def _alternative_text(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Write an image as its alternative text: a remote image would tell its host who reads."""
    return marked(renderer.renderInlineAsText(tokens[index].children, options, env))


def _text(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return marked(tokens[index].content)


def _inline_code(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f"<code>{marked(tokens[index].content)}</code>"


def _block_of_code(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f"<pre><code>{marked(tokens[index].content)}</code></pre>\n"


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
    allowed_classes={"span": {"hidden-char", "lookalike-char"}},
)
_kept = _Kept()
