"""The channel that sends mails. Its configuration is one address."""

from email.utils import parseaddr

from email_validator import EmailNotValidError, validate_email

from opensink_web.channels.base import ChannelTools, Field, FieldKind, Message, Sent, one_line
from opensink_web.channels.email.mail import as_bytes, build_mail, domain_of, message_id
from opensink_web.channels.email.smtp import (
    EXPECTED_FAILURES,
    hand_over,
    is_refused_for_good,
    sentence_of,
)
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject

_ADDRESS_MAX = 254


class EmailChannel:
    """Sends through the operator's mail server, and takes back by an answer in the same thread."""

    kind = "email"
    label = "E-mail"
    can_withdraw = True
    withdraws_in_place = False
    needs_confirmation = True
    is_added_by_device = False
    fields: tuple[Field, ...] = (Field("address", "Address", kind=FieldKind.EMAIL),)

    def is_available(self, tools: ChannelTools) -> bool:
        """There is a mail server."""
        return tools.smtp is not None

    def check(self, config: JSONObject, tools: ChannelTools) -> JSONObject:
        """Take one address, whose domain is written as a mail server reads it."""
        address = config.get("address")
        if not isinstance(address, str) or not address.strip():
            raise _refusal("Enter an address.")
        typed = address.strip()[: _ADDRESS_MAX + 1]
        try:
            valid = validate_email(typed, check_deliverability=False, test_environment=True)
        except EmailNotValidError as reason:
            raise _refusal(f"This is not an address: {one_line(str(reason), 200)}") from None
        return {"address": valid.ascii_email or valid.normalized}

    def send(self, config: JSONObject, message: Message, tools: ChannelTools) -> Sent:
        """Hand the mail to the server, or say why not."""
        server = tools.smtp
        if server is None:
            return Sent(ok=False, error="There is no mail server: the operator sets SMTP_HOST.")
        to = str(config.get("address"))
        mail = build_mail(message, to, server.sender, tools.now())
        written = as_bytes(mail, utf8=not to.isascii())
        sender = parseaddr(server.sender)[1]
        try:
            hand_over(server, domain_of(sender), sender, to, written)
        except EXPECTED_FAILURES as error:
            said = one_line(sentence_of(error, server), 400)
            return Sent(ok=False, error=said, is_final=is_refused_for_good(error))
        return Sent(ok=True, provider_ref={"message_id": message_id(message, server.sender)})

    def shown(self, config: JSONObject) -> str:
        """Show the address."""
        return str(config.get("address"))


def _refusal(message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError("/address", message),))
