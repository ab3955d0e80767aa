"""Callbacks' URLs: refusing those that results may not be sent to, before anything is stored.

That asks a name server, so it is done in a `check` of contract.route, outside any transaction.
"""

from typing import Annotated, TypeAlias

from flask import current_app
from pydantic import BaseModel, Field

from opensink_web.errors import CallbackRefused, FieldError
from opensink_web.services import EXTENSION, Services

CallbackUrl: TypeAlias = Annotated[
    str,
    Field(max_length=2048, description="An https URL on a host of CALLBACK_URL_HOSTS."),
]


def check_callback_urls(body: BaseModel) -> None:
    """Check each field of a body that is the URL of a callback. Raises: CallbackRefused."""
    services: Services = current_app.extensions[EXTENSION]
    errors = []
    for name in ("callback_url", "batch_callback_url"):
        url = getattr(body, name, None)
        reason = None if url is None else services.callback_policy.check_url(url)
        if reason is not None:
            errors.append(FieldError(f"/{name}", reason))
    if errors:
        raise CallbackRefused(errors[0].message, errors=tuple(errors))
