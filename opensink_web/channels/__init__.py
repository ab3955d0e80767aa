"""How people are told of requests elsewhere: a folder for each channel, and its line in `CHANNELS`.

Pure values in, pure values out: no database, no Flask, no settings are read here, and whatever a
channel tells a service of ours or of others it does with the tools that it is handed.

base     what every channel takes and answers: a Message, Sent, ChannelTools
email/   mails, over SMTP

To add one: `channels/<kind>/transport.py` with a class that is a `Channel`, a line below, and tests
in tests/channels/<kind>/. Its page is drawn from its `fields`.
"""

from collections.abc import Mapping

from opensink_web.channels.base import Channel
from opensink_web.channels.email.transport import EmailChannel

CHANNELS: Mapping[str, Channel] = {channel.kind: channel for channel in (EmailChannel(),)}
"""By the word for their kind, in the order in which people are offered them."""
