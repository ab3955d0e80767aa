"""A message as a mail: what is in it, and what cannot be put into it."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from opensink_web.channels.base import HEADLINE_MAX, Button, Item, Message, MessageKind, one_line
from opensink_web.channels.email.mail import as_bytes, build_mail
from opensink_web.json_value import JSONObject

MOMENT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SENDER = "OpenSink <opensink@example.com>"
ITEM = Item(
    "r1", "Sell 10 shares?", "Trading agent", ("amount: 10",), "https://sink.example.com/r/1", 50
)
MESSAGE = Message(
    kind=MessageKind.SINGLE,
    headline="Sell 10 shares?",
    items=(ITEM,),
    more_count=0,
    url="https://sink.example.com/r/1",
    workspace="Desk",
    sender_id="0197-ab",
    tag="r1",
    settings_url="https://sink.example.com/notifications",
)


def mail_of(message: Message, to: str = "bob@example.com", sender: str = SENDER) -> EmailMessage:
    written = as_bytes(build_mail(message, to, sender, MOMENT), utf8=False)
    parsed = message_from_bytes(written, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_says_what_is_asked_and_where_to_answer_in_text_and_in_html() -> None:
    mail = mail_of(MESSAGE)
    assert (mail["From"], mail["To"]) == (SENDER, "bob@example.com")
    assert mail["Subject"] == "[Desk] Sell 10 shares?"
    assert mail["Date"] == "Mon, 04 May 2026 12:00:00 +0000"
    for kind in ("plain", "html"):
        text = text_of(mail, kind)
        assert all(part in text for part in ("Sell 10 shares?", "amount: 10", "Trading agent"))
        assert "https://sink.example.com/r/1" in text


def test_what_can_be_decided_are_links_to_what_asks_once_more() -> None:
    buttons = (Button("<b>Yes", "https://sink.example.com/y"), Button("No", "https://x.example/n"))
    mail = mail_of(replace(MESSAGE, items=(replace(ITEM, buttons=buttons),)))
    lines = text_of(mail, "plain").splitlines()
    assert {"<b>Yes: https://sink.example.com/y", "No: https://x.example/n"} <= {*lines}
    html = text_of(mail, "html")
    assert '<a href="https://sink.example.com/y">&lt;b&gt;Yes</a>' in html
    assert '<a href="https://x.example/n">No</a>' in html


def test_every_copy_has_the_same_id_and_nobodys_absence_is_reported_to_it() -> None:
    mails = [mail_of(MESSAGE), mail_of(replace(MESSAGE, headline="Changed"))]
    assert {mail["Message-ID"] for mail in mails} == {"<0197-ab@example.com>"}
    assert mails[0]["Auto-Submitted"] == "auto-generated"
    assert mails[0]["List-Unsubscribe"] == "<https://sink.example.com/notifications>"


def test_what_takes_a_mail_back_answers_it() -> None:
    before: JSONObject = {"message_id": "<0197-aa@example.com>"}
    withdrawal = replace(
        MESSAGE, kind=MessageKind.WITHDRAWAL, refers_to=before, outcome="Approved by bob@x.com"
    )
    mail = mail_of(withdrawal)
    assert mail["In-Reply-To"] == mail["References"] == "<0197-aa@example.com>"
    assert mail["Subject"] == "Re: [Desk] Sell 10 shares?"
    assert "Approved by bob@x.com" in text_of(mail, "plain")


def test_an_id_or_address_too_long_for_a_line_stays_whole() -> None:
    domain = f"{'long-' * 12}name.{'sub.' * 20}example.com"
    url = f"https://{domain}/notifications"
    message = replace(MESSAGE, settings_url=url, refers_to={"message_id": f"<a@{domain}>"})
    raw = as_bytes(build_mail(message, "b@x.com", f"o@{domain}", MOMENT), utf8=False)
    for line in (
        f"Message-ID: <0197-ab@{domain}>",
        f"References: <a@{domain}>",
        f"List-Unsubscribe: <{url}>",
    ):
        assert f"\r\n{line}\r\n".encode() in raw


@pytest.mark.parametrize(
    "hostile",
    [
        "Hello\r\nBcc: everybody@example.com",
        "Hello\nBcc: everybody@example.com",
        "Hello\rBcc: everybody@example.com",
        "Hello\x00Bcc: everybody@example.com",
        "Hello\u2028Bcc: everybody@example.com",
        "Hello\x85Bcc: everybody@example.com",
        "=?utf-8?q?Hello=0D=0ABcc:_everybody@example.com?=",
        "Hello\r\n\r\n<script>alert(1)</script>",
    ],
)
def test_no_text_of_an_agent_is_read_as_a_header_or_as_markup(hostile: str) -> None:
    item = replace(ITEM, title=hostile, facts=(hostile,), asked_by=hostile)
    message = replace(MESSAGE, headline=hostile, items=(item,), workspace=hostile, outcome=hostile)
    mail = mail_of(message)
    assert set(mail.keys()) == set(mail_of(MESSAGE).keys())
    assert "\n" not in str(mail["Subject"])
    assert "<script>" not in text_of(mail, "html")
    raw = as_bytes(build_mail(message, "bob@example.com", SENDER, MOMENT), utf8=False)
    assert b"\nBcc:" not in raw.partition(b"\r\n\r\n")[0]


def test_a_reference_that_is_none_is_left_out() -> None:
    unfit: list[JSONObject] = [{"message_id": "<a@b>\r\nBcc: c@d"}, {"message_id": 5}, {}]
    for refers_to in unfit:
        assert mail_of(replace(MESSAGE, refers_to=refers_to))["References"] is None


def test_every_language_arrives_as_it_was_written() -> None:
    for text in ("Überweisung von 10 € freigeben?", "支払いを承認しますか", "הזמנה", "👍🏽 " * 40):
        mail = mail_of(replace(MESSAGE, headline=text, items=(replace(ITEM, title=text),)))
        assert text.strip() in text_of(mail, "plain")
        assert text.split()[0] in str(mail["Subject"])


def test_the_rest_is_counted_and_a_link_leads_to_it() -> None:
    digest = replace(MESSAGE, kind=MessageKind.DIGEST, more_count=1234, url="https://x.test/all")
    text = text_of(mail_of(digest), "plain")
    assert "… and 1,234 more." in text
    assert "https://x.test/all" in text


def test_a_line_is_bounded_and_shows_what_nobody_would_see() -> None:
    assert one_line("a\n b\t c", 80) == "a b c"
    assert one_line("pay\u202eyap", 80) == "pay[U+202E]yap"
    assert "U+200B" in one_line("pass\u200bword", 80)
    assert one_line("x" * 10**6, 20) == "x" * 19 + "…"
    hebrew = one_line("ש" * 300, 20)
    assert len(hebrew) <= 21
    assert hebrew.count("\u2068") == hebrew.count("\u2069") == 1
    assert len(one_line("\u202e" * 10**6, HEADLINE_MAX)) <= HEADLINE_MAX
