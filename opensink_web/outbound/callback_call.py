"""The one call that tells an application how its execution or batch has ended.

Pure. The body is made by whoever knows what ended; a 2xx answer means that it was heard.
"""

from opensink_web import json_value
from opensink_web.json_value import JSONObject
from opensink_web.outbound.client import Call, Headers
from opensink_web.outbound.endpoint_call import default_headers

TIMEOUT_SECONDS = 10.0


def build_callback_call(
    url: str, body: JSONObject, access_token: str | None, trace: Headers = ()
) -> Call:
    """Make the call; `access_token` is a fresh one of the user who started what has ended.

    There is none where that user may not do anything here any more.
    """
    headers = (*default_headers(()), *trace)
    if access_token is not None:
        headers = (*headers, ("Authorization", f"Bearer {access_token}"))
    return Call("POST", url, headers, json_value.dump(body).encode(), TIMEOUT_SECONDS)
