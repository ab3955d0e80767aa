"""A message as a mail: plain text, and the same as simple HTML.

Its Message-ID is the same however often it is sent, and what it takes back or goes on from is what
it answers (RFC 5322, section 3.6.4), so that mail programs show one thread. It says that a machine
wrote it (RFC 3834), so that nobody's absence is reported to it.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any
from urllib.parse import urlsplit

from opensink_web.channels.base import HEADLINE_MAX, Item, Message, MessageKind, one_line
from opensink_web.json_value import JSONObject

_UNFOLDED = {"message-id", "in-reply-to", "references", "list-unsubscribe"}


class _Policy(EmailPolicy):
    """Leaves what must not be folded in one line: ids and addresses have no spaces to fold at, and
    the standard library would encode those that are long, which nobody decodes.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in _UNFOLDED:
            return f"{name}: {value}\r\n".encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep=SMTP.linesep, utf8=False, max_line_length=78, cte_type="7bit")


def message_id(message: Message, sender: str) -> str:
    """Return the id of a mail, which is the same at every try."""
    return f"<{message.sender_id}@{domain_of(sender)}>"


def domain_of(address: str) -> str:
    """Return what follows the @ of an address, with or without a name before it."""
    return parseaddr(address)[1].rpartition("@")[2]


def build_mail(message: Message, to: str, sender: str, moment: datetime) -> EmailMessage:
    """Write a mail; `to` is one address alone, checked."""
    mail = EmailMessage(_POLICY)
    name, address = parseaddr(sender)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = to  # an `Address` would refuse what is more than ASCII
    mail["Subject"] = _subject(message)
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = message_id(message, sender)
    for name, value in _thread(message.refers_to):
        mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if _is_url(message.settings_url):
        mail["List-Unsubscribe"] = f"<{message.settings_url}>"
    mail.set_content(_plain(message))
    mail.add_alternative(_html(message), subtype="html")
    return mail


def as_bytes(mail: EmailMessage, *, utf8: bool) -> bytes:
    """Write it for the wire; with `utf8` addresses may be more than ASCII (RFC 6531)."""
    return mail.as_bytes(policy=_POLICY.clone(utf8=utf8))


def _subject(message: Message) -> str:
    answered = "Re: " if message.refers_to else ""
    line = one_line(f"[{message.workspace}] {message.headline}", HEADLINE_MAX)
    # what an agent wrote as an encoded word (RFC 2047) would be decoded, line breaks and all
    return answered + line.replace("=?", "= ?")


def _thread(refers_to: JSONObject | None) -> list[tuple[str, str]]:
    before = (refers_to or {}).get("message_id")
    if not isinstance(before, str) or not before.isascii() or not before.isprintable():
        return []
    return [("In-Reply-To", before), ("References", before)]


def _is_url(url: str) -> bool:
    return url.isascii() and url.isprintable() and urlsplit(url).scheme in {"http", "https"}


def _plain(message: Message) -> str:
    lines = [message.headline, ""]
    if message.outcome:
        lines += [message.outcome, ""]
    for item in message.items:
        lines += [*_lines(item), ""]
    if message.more_count:
        lines += [_more(message), ""]
    if message.url and not _is_alone(message):
        lines += [message.url, ""]
    return "\n".join([*lines, "-- ", *_footer(message)]) + "\n"


def _lines(item: Item) -> list[str]:
    head = [item.title] if item.title else []
    by = [f"Asked by {item.asked_by}"] if item.asked_by else []
    ways = [f"{each.words}: {each.url}" for each in item.buttons]
    return [*head, *(f"  {fact}" for fact in item.facts), *by, *ways, item.url]


def _html(message: Message) -> str:
    parts = [f"<p><strong>{escape(message.headline)}</strong></p>"]
    if message.outcome:
        parts.append(f"<p>{escape(message.outcome)}</p>")
    parts += map(_html_item, message.items)
    if message.more_count:
        parts.append(f"<p>{escape(_more(message))}</p>")
    if message.url and not _is_alone(message):
        parts.append(f"<p>{_link(message.url, 'Open')}</p>")
    footer = "<br>".join(_autolink(line) for line in _footer(message))
    parts.append(f"<hr><p><small>{footer}</small></p>")
    return f'<!DOCTYPE html><html><body dir="auto">{"".join(parts)}</body></html>\n'


def _html_item(item: Item) -> str:
    title = f"<strong>{escape(item.title)}</strong><br>" if item.title else ""
    facts = "".join(f"{escape(fact)}<br>" for fact in item.facts)
    by = f"Asked by {escape(item.asked_by)}<br>" if item.asked_by else ""
    ways = [_link(each.url, each.words) for each in item.buttons]
    links = " &nbsp; ".join([*ways, _link(item.url, "Look at it")])
    return f"<p>{title}{facts}{by}{links}</p>"


def _autolink(line: str) -> str:
    return _link(line, line) if _is_url(line) else escape(line)


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _is_alone(message: Message) -> bool:
    """Return True if the message leads to where its only item does."""
    return [item.url for item in message.items] == [message.url]


def _more(message: Message) -> str:
    return f"… and {message.more_count:,} more."


def _footer(message: Message) -> list[str]:
    if message.kind is MessageKind.CONFIRMATION:
        return [
            "OpenSink sent this because somebody entered this address. If that was not you,",
            "do nothing: no more mail comes.",
        ]
    sender = f"OpenSink, workspace {message.workspace}."
    if not message.settings_url:
        return [sender]
    return [f"{sender} What you are told, and how, is up to you:", message.settings_url]
