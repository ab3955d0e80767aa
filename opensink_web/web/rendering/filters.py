"""What templates may call: filters that format values.

Formatting alone: nothing here reads the database or the signed-in user, and of the request only how
much of it has been formatted.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from flask import Flask, g, has_request_context
from jinja2 import Environment
from markupsafe import Markup

from opensink_web import json_value, visible_text
from opensink_web.json_value import JSONValue
from opensink_web.models import Execution
from opensink_web.operations.requests.row_text import first_line
from opensink_web.web.rendering import markdown, words
from opensink_web.web.rendering.foreign_text import ForeignText, json_in_html

JSON_LENGTH = 65_536
JSON_LENGTH_OF_PAGE = 400_000
TEXT_LENGTH = 5_000
"""So many characters are shown of one value, of all values of a page, and of an entry's text."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_MINUTE_SECONDS = 60
_HOUR_SECONDS = 60 * _MINUTE_SECONDS


def register(app: Flask) -> None:
    """Give the application's templates the filters of this module."""
    equip(app.jinja_env)


def equip(environment: Environment) -> None:
    """Have an environment write values as all our pages do."""
    environment.add_extension(ForeignText)
    environment.filters.update(
        badge=words.badge,
        decided=words.decided,
        decider=words.decider,
        markdown=formatted,
        json_pretty=json_pretty,
        json_shown=json_shown,
        beginning=beginning,
        iso=iso,
        utc_text=utc_text,
        with_moments=with_moments,
        duration=duration,
        plain_duration=plain_duration,
        number=number,
        percent=percent,
        listed_error=listed_error,
        initials=initials,
        hidden_lines=hidden_lines,
        host=host,
        plain_line=plain_line,
    )


def formatted(text: str) -> Markup:
    """Write Markdown as HTML, within what one page may format."""
    if not has_request_context():
        return markdown.render(text)
    budget: markdown.Budget = g.setdefault("markdown_budget", markdown.Budget())
    return budget.render(text)


def plain_line(markdown_text: str) -> str:
    """Write the first line of Markdown that says something without its marks, for a list."""
    return first_line(markdown_text)[0]


@dataclass(frozen=True, slots=True)
class ShownJson:
    """JSON over several lines, `is_cut` where that is not all of it."""

    text: str
    is_cut: bool


def json_shown(value: JSONValue) -> ShownJson:
    """Write as much of a value as one page has room for."""
    left = g.get("json_left", JSON_LENGTH_OF_PAGE) if has_request_context() else JSON_LENGTH
    text, is_cut = json_value.beginning(value, min(left, JSON_LENGTH))
    if has_request_context():
        g.json_left = left - len(text)
    return ShownJson(json_in_html(text, value), is_cut)


def beginning(text: str) -> str:
    """Write what one of many entries has room for."""
    if len(text) <= TEXT_LENGTH:
        return text
    return f"{text[:TEXT_LENGTH]}… ({number(len(text) - TEXT_LENGTH)} more characters)"


def json_pretty(value: JSONValue) -> str:
    """Write JSON over several lines; the template escapes it like any other text."""
    return json_in_html(json_value.dump(value, indent=2), value)


def iso(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the second, with a `Z`."""
    return _in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_text(moment: datetime) -> str:
    """Write a moment for people: `9 Mar 2026, 14:05 UTC`."""
    at = _in_utc(moment)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def with_moments(sentence: str) -> list[str | datetime]:
    """Take a sentence of ours apart at the moments in it, for readers have zones of their own."""
    parts: list[str | datetime] = []
    end = 0
    for match in _MOMENT.finditer(sentence):
        parts += [sentence[end : match.start()], datetime.fromisoformat(f"{match[1]}+00:00")]
        end = match.end()
    return [*parts, sentence[end:]]


def duration(milliseconds: float) -> str:
    """Write a span of time with its two largest units, or one below a minute."""
    if round(milliseconds) < 1000:
        return f"{milliseconds:.0f} ms"
    whole = round(milliseconds / 1000)
    if whole < _MINUTE_SECONDS:
        return f"{milliseconds / 1000:.1f} s"
    if whole < _HOUR_SECONDS:
        return f"{whole // _MINUTE_SECONDS} min {whole % _MINUTE_SECONDS} s"
    return f"{whole // _HOUR_SECONDS} h {whole % _HOUR_SECONDS // _MINUTE_SECONDS} min"


def plain_duration(milliseconds: float) -> str:
    """Write a span of time that somebody chose: `30 s`, not `30.0 s`, and `24 h`."""
    text = duration(milliseconds).replace(".0 s", " s")
    return text.removesuffix(" 0 s").removesuffix(" 0 min")


def listed_error(execution: Execution) -> str | None:
    """Return an execution's error for a list, which has not read the secrets it may repeat."""
    if execution.error and (execution.secret_input_paths or execution.secret_output_paths):
        return "Its page says why."
    return execution.error


def number(value: float) -> str:
    """Write a number with its thousands set apart: `12,345`."""
    return f"{value:,}"


def percent(share: float) -> str:
    """Write a share of one as people do; what is not all or nothing is not rounded to it."""
    tenths = round(share * 1000)
    if 0 < share < 1:
        tenths = min(max(tenths, 1), 999)
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10} %"


def initials(email: str) -> str:
    """Return one or two capitals that stand for a person: `ada.lovelace@…` is `AL`."""
    words = email.partition("@")[0].replace("-", ".").replace("_", ".").split(".")
    return "".join(word[0] for word in words if word)[:2].upper()


def hidden_lines(value: object) -> list[str]:
    """Return the lines of a text that have characters nobody sees, cut where they are long."""
    return visible_text.excerpts(value) if isinstance(value, str) else []


def _in_utc(moment: datetime) -> datetime:
    """SQLite gives moments back without their zone; every stored moment is in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def host(href: str) -> str:
    """Return where a browser goes that follows a full address, in letters that pass for no others.

    To a browser the host ends with a backslash too, and begins after the last @ before that.
    """
    _, _, rest = href.partition("//")
    name = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    name = unquote(name)
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name
