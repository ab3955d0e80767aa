"""What is said in passing of something that was not done: the page stays as it is."""

import json

from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.errors import OpenSinkError
from opensink_web.json_value import JSONObject


def refused(error: OpenSinkError) -> ResponseReturnValue:
    """Answer htmx with a toast, so that nothing typed is lost. Raises: the error, without htmx."""
    if not request.htmx:
        raise error
    toast: JSONObject = {"text": error.message, "tone": "danger"}
    return "", error.status, {"HX-Trigger": json.dumps({"toast": toast})}
