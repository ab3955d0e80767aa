"""How people are told of requests elsewhere: a folder for each channel, and its line in `CHANNELS`.

Pure values in, pure values out: no database, no Flask, no settings are read here, and whatever a
channel tells a service of ours or of others it does with the tools that it is handed.

base       what every channel takes and answers: a Message, Sent, ChannelTools
exchange   one HTTP call to a service, and what its answer means for the message
push_keys  the keys of Web Push, of which one pair is the whole installation's
email/     mails, over SMTP
slack/     chats: Slack, and what takes a webhook of its kind
ntfy/      topics of ntfy
web_push/  browsers, and the app that one of them installed

To add one: `channels/<kind>/transport.py` with a class that is a `Channel`, a line below, and tests
in tests/channels/<kind>/. Its page is drawn from its `fields`.
"""

from collections.abc import Mapping

from opensink_web.channels.base import Channel
from opensink_web.channels.email.transport import EmailChannel
from opensink_web.channels.ntfy.transport import NtfyChannel
from opensink_web.channels.slack.transport import SlackChannel
from opensink_web.channels.web_push.transport import WebPushChannel

_ALL: tuple[Channel, ...] = (EmailChannel(), SlackChannel(), NtfyChannel(), WebPushChannel())
CHANNELS: Mapping[str, Channel] = {channel.kind: channel for channel in _ALL}
"""By the word for their kind, in the order in which people are offered them."""
