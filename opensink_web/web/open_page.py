"""What open pages ask for by themselves, answered before Flask where it was made for others.

A change wakes every page that shows it, and each asks who-knows-what three times for it. Nearly all
of what that took was Flask's request, the cookie and objects for who asks. So whoever asks is found
in one query (operations/accounts/recognition.py), with each question: a sign-in that ended or a
role that was taken away holds at once. All else, and everybody who is not found, is the views'.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from opensink_web.models.transaction import reading
from opensink_web.operations.accounts.recognition import Recognized, recognize
from opensink_web.web import live
from opensink_web.web.requests import inbox
from opensink_web.web.security import set_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ADDRESS = re.compile(r"/w/([^/]+)/(live|inbox)")


def answer_open_pages(app: Flask) -> None:
    """Look at each request before Flask does."""
    app.wsgi_app = _OpenPages(app, app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way


class _OpenPages:
    def __init__(self, app: Flask, application: "WSGIApplication") -> None:
        self._app = app
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        address = _ADDRESS.fullmatch(environ["PATH_INFO"])
        is_by_page = environ["REQUEST_METHOD"] == "GET" and "HTTP_HX_REQUEST" in environ
        if address is not None and is_by_page:
            response = self._answer(environ, *address.groups())
            if response is not None:
                return response(environ, start_response)
        return self._application(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment", slug: str, page: str) -> Response | None:
        request = self._app.request_class(environ)
        with self._app.app_context():
            member = self._recognized(request, slug)
            if member is None:
                return None
            made = live.known(request, member) if page == "live" else inbox.known(request, member)
            if made is None:
                return None
            made.vary.add("Cookie")
            return set_headers(made)

    def _recognized(self, request: Request, slug: str) -> Recognized | None:
        session = self._app.session_interface.open_session(self._app, request)
        token = None if session is None else session.get("_user_id")
        if token is None:
            return None
        try:
            with reading():
                return recognize(token, slug)
        except SQLAlchemyError:  # an outage is told by the error page
            return None
