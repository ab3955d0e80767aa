"""How a request ended, as whoever asked is told."""

from dataclasses import dataclass

from opensink_web.json_value import JSONObject


@dataclass(frozen=True, slots=True)
class Decision:
    """`outcome` is one of the API's words: answered, declined, cancelled, expired.

    `response` is there when it was answered, `reason` when it was declined or withdrawn with one.
    `by` is the e-mail address of who decided; None where nobody did, or they have left.
    """

    request_id: str
    session_id: str
    outcome: str
    response: JSONObject | None = None
    reason: str | None = None
    by: str | None = None
