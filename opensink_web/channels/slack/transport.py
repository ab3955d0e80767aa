"""Messages to a chat: by an incoming webhook, or by a bot of one's own Slack app.

A webhook is only ever told something: what it posted cannot be changed, so that a decision is
posted as one line below it. A bot changes its message (`chat.update`).
"""

import re
from urllib.parse import urlsplit

from opensink_web import json_value
from opensink_web.channels.base import (
    ChannelTools,
    Field,
    FieldKind,
    Message,
    MessageKind,
    Sent,
)
from opensink_web.channels.exchange import call_to, failed
from opensink_web.channels.slack.content import in_blocks, in_markdown
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.explained import NoJSON, json_of

_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,250}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{6,20}")
_WHO = "The chat server"
_JSON = ("Content-Type", "application/json; charset=utf-8")
_GONE = {
    "no_service": "The webhook was removed. Make a new one.",
    "no_active_hooks": "The webhook was turned off.",
    "no_team": "The Slack workspace is no more.",
    "team_disabled": "The Slack workspace is no more.",
    "channel_is_archived": "The channel is archived.",
    "is_archived": "The channel is archived.",
    "account_inactive": "The Slack app was removed. Install it anew.",
    "token_revoked": "The bot's token was revoked. Enter a new one.",
}
"""What Slack calls the end of a channel, for people."""
_REFUSED = {
    "action_prohibited": "The Slack workspace's admins do not permit this.",
    "channel_not_found": "There is no such channel, or the bot is not in it.",
    "invalid_auth": "The bot's token is not valid.",
    "invalid_token": "The webhook's address is not whole.",
    "missing_scope": "The Slack app needs the scope chat:write.",
    "not_in_channel": "Invite the bot to the channel.",
    "posting_to_general_channel_denied": "The Slack workspace's admins do not permit this.",
    "invalid_payload": "It did not understand the message.",
    "no_text": "It did not understand the message.",
    "invalid_blocks": "It did not understand the message.",
    "edit_window_closed": "Slack does not let the message be changed any more.",
    "cant_update_message": "Slack does not let the message be changed.",
}
_AGAIN = frozenset(
    (
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "rollup_error",
    )
)
_TAKEN_AWAY = "message_not_found"


class SlackChannel:
    """A chat. `config`: webhook_url, or bot_token and channel.

    Webhooks of `slack_hosts` take blocks; all others get Markdown.
    """

    kind = "slack"
    label = "Slack or a webhook like it"
    can_withdraw = True
    withdraws_in_place = True  # a chat is read by more people than whose channel it is
    needs_confirmation = False
    is_added_by_device = False
    fields: tuple[Field, ...] = (
        Field(
            "webhook_url",
            "Webhook",
            "The address of an incoming webhook of Slack, Mattermost, Rocket.Chat or Discord (there"
            " with /slack at its end)",
            kind=FieldKind.SECRET,
            is_required=False,
        ),
        Field(
            "bot_token",
            "Bot token",
            "Instead of a webhook, so that a message is changed when its request is decided:"
            " xoxb-… of a Slack app with the scope chat:write",
            kind=FieldKind.SECRET,
            is_required=False,
        ),
        Field("channel", "Channel", "Its id, for the bot: C0123456789", is_required=False),
    )

    def __init__(
        self,
        api_url: str = "https://slack.com/api",
        slack_hosts: tuple[str, ...] = ("hooks.slack.com", "hooks.slack-gov.com"),
    ) -> None:
        self._api_url = api_url
        self._slack_hosts = slack_hosts

    def is_available(self, tools: ChannelTools) -> bool:
        """It takes nothing of the operator."""
        return True

    def check(self, config: JSONObject, tools: ChannelTools) -> JSONObject:
        """Return a chat as it is stored. Raises: InvalidInput."""
        typed = {field.name: _text(config, field.name) for field in self.fields}
        given = {name: text for name, text in typed.items() if text}
        errors = []
        if not given or given.keys() > {"webhook_url"}:
            sentence = "Enter a webhook, or a bot token and a channel."
            errors.append(FieldError("/webhook_url", sentence))
        elif "webhook_url" in given:
            if refusal := tools.client.check_url(given["webhook_url"]):
                errors.append(FieldError("/webhook_url", refusal))
        else:
            if not _TOKEN.fullmatch(typed["bot_token"]):
                errors.append(FieldError("/bot_token", "A bot's token begins with xoxb-."))
            if not _CHANNEL.fullmatch(typed["channel"]):
                sentence = "A channel's id is C, D or G and digits and capital letters."
                errors.append(FieldError("/channel", f"{sentence} Its name does not do."))
        if errors:
            raise InvalidInput("This chat cannot be used.", errors=tuple(errors))
        return dict(given)

    def send(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        """Post one message, or say what became of one. Never raises."""
        if "bot_token" in config:
            return self._send_as_bot(config, message, tools)
        url = str(config["webhook_url"])
        is_slack = urlsplit(url).hostname in self._slack_hosts
        content = in_blocks(message) if is_slack else in_markdown(message)
        body = json_value.dump(content).encode()
        call = call_to("POST", url, (_JSON,), body)
        response = tools.client.send(call)
        if not response.succeeded:
            return _refused(call, response, _word_of(response), tools)
        if response.body.lstrip().startswith(b"<"):
            sentence = f"{_WHO} answered with a web page. Check the webhook's address."
            return Sent(ok=False, error=sentence, is_final=True)
        return Sent(ok=True)

    def shown(self, config: JSONObject) -> str:
        """Show the host, whose path is the secret, or the bot's channel."""
        if "bot_token" in config:
            return f"Slack, channel {config['channel']}"
        return urlsplit(str(config["webhook_url"])).hostname or ""

    def _send_as_bot(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        before = (message.refers_to or {}).get("ts")
        is_change = message.kind is MessageKind.WITHDRAWAL and isinstance(before, str)
        content: JSONObject = {**in_blocks(message), "channel": config["channel"]}
        if is_change:
            content["ts"] = before
        headers = (_JSON, ("Authorization", f"Bearer {config['bot_token']}"))
        url = f"{self._api_url}/{'chat.update' if is_change else 'chat.postMessage'}"
        body = json_value.dump(content).encode()
        call = call_to("POST", url, headers, body)
        response = tools.client.send(call)
        if not response.succeeded:
            return failed("Slack", call, response, tools.now())
        try:
            answer = json_of(response)
        except NoJSON:
            answer = None
        if not isinstance(answer, dict):
            return Sent(ok=False, error="Slack answered with something that is not its JSON.")
        if answer.get("ok") is True:
            return Sent(ok=True, provider_ref={"ts": answer.get("ts")})
        word = answer.get("error")
        if word == _TAKEN_AWAY and is_change:
            return Sent(ok=True)
        return _refused(call, response, word if isinstance(word, str) else "", tools)


def _word_of(response: Response) -> str:
    """Return the word by which Slack names an error, "" for anything else."""
    text = response.body.decode("ascii", "replace").strip()
    return text if text in _GONE or text in _REFUSED or text in _AGAIN else ""


def _refused(call: Call, response: Response, word: str, tools: ChannelTools) -> Sent:
    if word in _GONE:
        return Sent(ok=False, error=_GONE[word], gone=True, is_final=True)
    if word in _REFUSED:
        return Sent(
            ok=False, error=f"The chat refused the message: {_REFUSED[word]}", is_final=True
        )
    if not response.succeeded:
        return failed(_WHO, call, response, tools.now())
    return Sent(ok=False, error="Slack refused the message.", is_final=word not in _AGAIN)


def _text(config: JSONObject, name: str) -> str:
    value = config.get(name)
    return value.strip() if isinstance(value, str) else ""
