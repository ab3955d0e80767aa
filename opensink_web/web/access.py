"""Who is asking, and may they: declared where a page's route is declared.

Every view is either `public` or `requires` a permission; a test fails for one that is neither.
Pages of a workspace live below /w/<workspace_slug>/, so that a link names its workspace. Somebody
else's workspace, and whatever is in it, answers 404.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from opensink_web.models import User
from opensink_web.operations.permission import Action, Principal
from opensink_web.operations.user import sign_in, sign_out, user_of_session
from opensink_web.operations.workspace import principal_in
from opensink_web.services import EXTENSION, Services

Parameters = ParamSpec("Parameters")
View = TypeVar("View", bound=Callable[..., Any])
PERMISSION = "permission"
"""The attribute of a view that says (resource, action); None for a public one."""

login_manager = LoginManager()


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """The person in this browser; the cookie holds the token, the database its hash."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.email = user.email
        self._token = token

    def get_id(self) -> str:
        return self._token


@login_manager.user_loader  # type: ignore[untyped-decorator]  # as above
def _load(token: str) -> SignedIn | None:
    user = user_of_session(token)
    return SignedIn(user, token) if user is not None else None


def services() -> Services:
    """Return what the factory wired."""
    wired: Services = current_app.extensions[EXTENSION]
    return wired


def public(view: View) -> View:
    """Declare that anybody may see this."""
    setattr(view, PERMISSION, None)
    return view


def requires(
    resource: str, action: Action
) -> Callable[
    [Callable[Concatenate[Principal, Parameters], ResponseReturnValue]],
    Callable[..., ResponseReturnValue],
]:
    """Declare what a page of a workspace requires; the view gets the Principal first.

    Without a sign-in the answer leads to it, and from there back here.
    """

    def declare(
        view: Callable[Concatenate[Principal, Parameters], ResponseReturnValue],
    ) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(
            workspace_slug: str, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return to_sign_in()
            principal = principal_in(workspace_slug, current_user.user)
            g.principal = principal  # for the navigation
            principal.require(resource, action)
            return view(principal, *args, **kwargs)

        setattr(guarded, PERMISSION, (resource, action))
        return guarded

    return declare


def to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in and from there back; htmx is told to load the whole page."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    place = url_for("auth.sign_in", next=here)
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": url_for("auth.sign_in", next=_page_of_htmx())}
    return redirect(place, 303)


def _page_of_htmx() -> str | None:
    try:
        return safe_next(urlsplit(request.headers.get("HX-Current-URL", "")).path)
    except ValueError:  # no address at all
        return None


def safe_next(place: str | None) -> str | None:
    """Return where to go next if it is a path on this server; browsers read \\ as /."""
    if not place or not place.startswith("/") or place.startswith(("//", "/\\")):
        return None
    return place if place.isprintable() else None


def begin_session(user: User) -> None:
    """Sign a person in, inside the caller's transaction, under a fresh session."""
    token = sign_in(
        user,
        user_agent=request.headers.get("User-Agent", ""),
        remote_address=request.remote_addr or "",
    )
    session.clear()
    session.permanent = True
    login_user(SignedIn(user, token))


def end_session() -> None:
    """Sign out, inside the caller's transaction."""
    if current_user.is_authenticated:
        sign_out(current_user.get_id())
    logout_user()
    session.clear()
