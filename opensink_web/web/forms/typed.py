"""What somebody typed and could not send: kept for its writer, and for nobody else.

A sign-in may end, and another begin, while a form is open. What is sent then is shown again to the
person for whom the form was drawn. Whoever else has signed in in the same browser meanwhile gets
the answer that any old form gets. Without a sign-in the page that says so carries the form,
encrypted, until its writer is back.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import ImmutableMultiDict

from opensink_web.json_value import JSONValue
from opensink_web.web.forms.form_token import is_anybodys, writer
from opensink_web.web.forms.sealed_value import seal, unseal

View = TypeVar("View", bound=Callable[..., Any])

_AGAIN = "typed_again"
_FIELD = "_kept"
_PURPOSE = "typed"
_LIFETIME = timedelta(days=7)
_SPACE_FOR_THE_REST_BYTES = 1024


def keeps_typed(again: Callable[..., ResponseReturnValue]) -> Callable[[View], View]:
    """Declare that what is sent to a view is worth keeping when it cannot be taken.

    With a token from before the last sign-in, `again` draws the form anew with what was sent in
    it; without a sign-in a page keeps it until there is one.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if (
                _FIELD in request.form
            ):  # it is sent on, not a decision: it has to be looked at first
                raise CSRFError("This form was kept while nobody was signed in.")
            return view(*args, **kwargs)

        setattr(guarded, _AGAIN, again)
        return cast("View", guarded)

    return declare


def typed_again() -> ResponseReturnValue | None:
    """Return the page that saves what was sent with an old token; None if there is nothing."""
    view = current_app.view_functions.get(request.endpoint or "")
    again: Callable[..., ResponseReturnValue] | None = getattr(view, _AGAIN, None)
    if again is None:
        return None
    if _FIELD in request.form and current_user.is_authenticated:
        kept = _kept()
        if kept is None or UUID(kept["user"]) != current_user.user.id:
            return None
        request.form = ImmutableMultiDict(kept["fields"])
    elif not is_anybodys(view) and not _is_the_writers():
        return None
    return again(**(request.view_args or {})) if request.form else None


def _is_the_writers() -> bool:
    """Return True if nobody else has signed in since the form was drawn."""
    return not current_user.is_authenticated or writer() == current_user.user.id


def kept_until_sign_in() -> ResponseReturnValue | None:
    """Return the page that keeps what was sent until its writer is back; None if there is nothing.

    Raises: UnreadableSecret, when there is no key to encrypt it with.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not hasattr(view, _AGAIN):
        return None
    sealed = request.form[_FIELD] if _kept() is not None else _sealed()
    if sealed is None:
        return None
    fits = len(sealed) + _SPACE_FOR_THE_REST_BYTES <= current_app.config["MAX_CONTENT_LENGTH"]
    return render_template("auth/signed_out.html", name=_FIELD, kept=sealed if fits else None), 403


def _sealed() -> str | None:
    """Encrypt what was sent, but for the token, which was the session's; None if it is nobody's."""
    token = current_app.config["WTF_CSRF_FIELD_NAME"]
    fields: list[JSONValue] = [
        [name, value]
        for name, value in request.form.items(multi=True)
        if name not in {token, _FIELD}
    ]
    user_id = writer()
    if user_id is None or not fields:
        return None
    value: JSONValue = {"user": str(user_id), "path": request.path, "fields": fields}
    return seal(_PURPOSE, value, lifetime=_LIFETIME)


def _kept() -> dict[str, Any] | None:
    """Return what a page has kept of a form for this address."""
    value = unseal(_PURPOSE, request.form.get(_FIELD, ""))
    return value if value is not None and value["path"] == request.path else None
