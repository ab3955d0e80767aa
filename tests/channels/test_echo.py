"""A receiver that repeats what it was sent: what opens its channel is not kept with the error."""

from dataclasses import replace

import pytest

from opensink_web.channels.base import Channel, SmtpSecurity, SmtpServer
from opensink_web.channels.email.transport import EmailChannel
from opensink_web.channels.ntfy.transport import NtfyChannel
from opensink_web.channels.slack.transport import SlackChannel
from opensink_web.channels.web_push.transport import WebPushChannel
from opensink_web.json_value import JSONObject
from tests.support.chat_server import CHANNEL, TOKEN
from tests.support.echo import RedirectingEcho
from tests.support.mail_server import MailServer
from tests.support.messages import TOOLS, message, withdrawal
from tests.support.push_service import PushService

_PATH, _TOPIC, _PASSWORD = "T0000/B0000/webhook-of-alice", "topic-of-alice", "pass-word-of-alice"


@pytest.mark.parametrize("kind", ["webhook", "bot", "topic", "deleted", "push"])
def test_a_redirect_repeats_nothing_that_opens_a_channel(kind: str) -> None:
    with RedirectingEcho() as echo, PushService() as service:
        assert TOOLS.vapid is not None
        device = service.subscribe(TOOLS.vapid.public_key).config
        topic: JSONObject = {"server": echo.origin, "topic": _TOPIC, "token": "tk_of_alice"}
        push: JSONObject = {**device, "endpoint": f"{echo.origin}/push/device-of-alice"}
        slack = SlackChannel(f"{echo.origin}/api", ())
        cases: dict[str, tuple[Channel, JSONObject]] = {
            "webhook": (slack, {"webhook_url": f"{echo.origin}/services/{_PATH}"}),
            "bot": (slack, {"bot_token": TOKEN, "channel": CHANNEL}),
            "topic": (NtfyChannel(), topic),
            "deleted": (NtfyChannel(), topic),
            "push": (WebPushChannel(), push),
        }
        channel, config = cases[kind]
        told = withdrawal(message(), None) if kind == "deleted" else message()
        sent = channel.send(config, told, TOOLS)
    assert not sent.ok
    assert "points to" in sent.error
    secrets = ("webhook-of-alice", TOKEN, _TOPIC, "tk_of_alice", "device-of-alice", "vapid")
    assert [each for each in secrets if each in sent.error] == []


@pytest.mark.filterwarnings("ignore:Session.login_data", "ignore:Requiring AUTH while not")
def test_a_mail_server_that_repeats_the_password() -> None:
    with MailServer(password=_PASSWORD) as mail:
        mail.answer_data(f"554 no mail from {_PASSWORD}")
        server = SmtpServer(
            "127.0.0.1", mail.port, SmtpSecurity.NONE, "sink", _PASSWORD, "sink@example.com", None
        )
        ways = replace(TOOLS, smtp=server)
        sent = EmailChannel().send({"address": "bob@example.com"}, message(), ways)
        mail.answer_data(f"554 {'x' * 188} {_PASSWORD}")  # what is kept ends within it
        cut = EmailChannel().send({"address": "bob@example.com"}, message(), ways)
    assert sent.error == "The mail server refused the mail (554 no mail from ••••)."
    assert _PASSWORD[:4] not in (cut.error or "")
