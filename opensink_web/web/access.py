"""Who is asking, and may they: declared where a page's route is declared.

Every view is `public`, for whoever is `signed_in`, or `requires` a permission; a test fails for one
that is none of these.
Pages of a workspace live below /w/<workspace_slug>/, so that a link names its workspace. Somebody
else's workspace, and whatever is in it, answers 404.
"""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import (
    current_app,
    flash,
    g,
    get_flashed_messages,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from opensink_web import clock
from opensink_web.contract import acting, last_use
from opensink_web.errors import NotFound
from opensink_web.models import AuditAction, User, UserSession
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts import user_session as sessions
from opensink_web.operations.accounts.permission import SERVICE, Principal
from opensink_web.operations.accounts.permission_pattern import Reach
from opensink_web.operations.accounts.queries import lacks_second_factor
from opensink_web.operations.accounts.workspace import principal_in
from opensink_web.services import EXTENSION, Services
from opensink_web.web.forms.form_token import begin_tokens
from opensink_web.web.forms.typed import kept_until_sign_in

Parameters = ParamSpec("Parameters")
View = TypeVar("View", bound=Callable[..., Any])
PERMISSION = "permission"
"""The attribute of a view that says (resource, action); None for a public one."""
_LAST_WORKSPACE = "workspace"
_JUST_NOW = timedelta(minutes=10)

login_manager = LoginManager()


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """The person in this browser; the cookie holds the token, the database its hash."""

    def __init__(self, session: UserSession, token: str) -> None:
        self.user = session.user
        self.email = session.user.email
        self.session_id = session.id
        self.signed_in_at = session.created_at
        self._token = token

    @property
    def mark(self) -> str:
        """By which scripts tell one sign-in from another; it opens nothing, and says no id."""
        return hashlib.sha256(f"mark of {self.session_id}".encode()).hexdigest()[:16]

    def get_id(self) -> str:
        return self._token


@login_manager.user_loader  # type: ignore[untyped-decorator]  # as above
def _load(token: str) -> SignedIn | None:
    session = queries.find_session(token)
    if session is None:
        return None
    # a page that is left open asks for news for ever; nobody sits before it for that
    if request.method != "GET" or "HX-Request" not in request.headers:
        last_use.note_session(session)
    acting.note_session(session)
    return SignedIn(session, token)


def services() -> Services:
    """Return what the factory wired."""
    wired: Services = current_app.extensions[EXTENSION]
    return wired


def public(view: View) -> View:
    """Declare that anybody may see this."""
    setattr(view, PERMISSION, None)
    return view


def signed_in(
    view: Callable[Concatenate[User, Parameters], ResponseReturnValue],
) -> Callable[Parameters, ResponseReturnValue]:
    """Declare that a page is everybody's who is signed in; the view gets the User first."""

    @wraps(view)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return to_sign_in()
        g.principal = _in_the_last_workspace(current_user.user)
        return view(current_user.user, *args, **kwargs)

    setattr(guarded, PERMISSION, None)
    return guarded


def _in_the_last_workspace(user: User) -> Principal | None:
    """Return whose menu stands around a page that is in no workspace.

    With several it is that of the one where they were last, and nobody's where that is not known.
    """
    memberships = user.active_memberships
    if len(memberships) != 1:
        memberships = [each for each in memberships if each.workspace.slug == last_workspace()]
    if len(memberships) != 1:
        return None
    principal = principal_in(memberships[0].workspace.slug, user)
    return None if lacks_second_factor(user, principal.workspace) else principal


def requires(
    resource: str, action: str, *, least: Reach = Reach.ALL
) -> Callable[
    [Callable[Concatenate[Principal, Parameters], ResponseReturnValue]],
    Callable[..., ResponseReturnValue],
]:
    """Declare what a page of a workspace requires; the view gets the Principal first.

    With `least` OWN the view shows those whose reach ends there only what is theirs (reach.py).
    Without a sign-in the answer leads to it, and from there back here; so it does without the
    second factor that the workspace wants.
    """

    def declare(
        view: Callable[Concatenate[Principal, Parameters], ResponseReturnValue],
    ) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(
            workspace_slug: str, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> ResponseReturnValue:
            def permitted(principal: Principal) -> ResponseReturnValue:
                principal.require_reach(f"{SERVICE}.{resource}.{action}", least)
                return view(principal, *args, **kwargs)

            return _within(workspace_slug, permitted)

        setattr(guarded, PERMISSION, (resource, action))
        return guarded

    return declare


def of_members(view: Callable[[Principal], ResponseReturnValue]) -> Callable[[str], Any]:
    """Declare that an address of a workspace is every member's, for it shows what all may see."""

    @wraps(view)
    def guarded(workspace_slug: str) -> ResponseReturnValue:
        return _within(workspace_slug, view)

    setattr(guarded, PERMISSION, "members")
    return guarded


def _within(
    workspace_slug: str, view: Callable[[Principal], ResponseReturnValue]
) -> ResponseReturnValue:
    """Answer whoever is in the workspace, with what it takes to be in there."""
    if not current_user.is_authenticated:
        return to_sign_in()
    principal = principal_in(workspace_slug, current_user.user)
    if lacks_second_factor(current_user.user, principal.workspace):
        return _lead_to("second_factor.show")
    g.principal = principal  # for the navigation
    _note_workspace(workspace_slug)
    return view(principal)


def last_workspace() -> str | None:
    """Return the slug of the workspace that this browser has shown last."""
    return session.get(_LAST_WORKSPACE)


def _note_workspace(slug: str) -> None:
    """Note where somebody is, when they open a page; what pages ask for by themselves is none."""
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    is_asked_for = request.method == "GET" and "HX-Request" not in request.headers
    if is_page and is_asked_for and last_workspace() != slug:
        session[_LAST_WORKSPACE] = slug


def principal_of_path(path: str) -> Principal | None:
    """Return whose menu stands around an error at an address; None for who is not in there.

    A workspace that they are not in looks like one that is not there.
    """
    if path.startswith("/static/") or not current_user.is_authenticated:
        return None
    workspace_slug = re.match("/w/([^/]+)", path)
    if workspace_slug is None:
        return _in_the_last_workspace(current_user.user)
    try:
        principal = principal_in(workspace_slug[1], current_user.user)
    except NotFound:
        return None
    return None if lacks_second_factor(current_user.user, principal.workspace) else principal


def to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in and from there back; htmx is told to load the whole page.

    Whoever was sending something keeps it: where they are, or in a page that says so.
    """
    if request.method != "GET" and "HX-Request" in request.headers:
        return "", 401, {"WWW-Authenticate": 'Form realm="OpenSink"'}
    return kept_until_sign_in() or _lead_to("auth.sign_in")


def _lead_to(endpoint: str) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": url_for(endpoint, next=_page_of_htmx())}
    here = f"{request.script_root}{request.full_path.rstrip('?')}"
    goal = here if request.method == "GET" else None
    return redirect(url_for(endpoint, next=goal), 303)


def _page_of_htmx() -> str | None:
    try:
        return safe_next(urlsplit(request.headers.get("HX-Current-URL", "")).path)
    except ValueError:  # no address at all
        return None


def path_of_htmx() -> str:
    """Return the path of the page from which htmx asks, below this application; empty for none."""
    return (_page_of_htmx() or "").removeprefix(request.script_root)


def safe_next(place: str | None) -> str | None:
    """Return where to go next if it is a path on this server; browsers read \\ as /."""
    if not place or not place.startswith("/") or place.startswith(("//", "/\\")):
        return None
    if not re.match(f"{re.escape(request.script_root)}([/?#]|$)", place):
        return None  # another application's at this host
    return place if place.isprintable() else None


def has_just_signed_in() -> bool:
    """Return True if it was so short a while ago that they need not prove to be still there."""
    return clock.now() - current_user.signed_in_at < _JUST_NOW  # type: ignore[no-any-return]  # as above


def begin_session(user: User) -> None:
    """Sign a person in, inside the caller's transaction, under a fresh session."""
    begun, token = sessions.begin_session(
        user,
        user_agent=request.headers.get("User-Agent", ""),
        remote_address=request.remote_addr or "",
    )
    session.clear()
    session.permanent = True
    begin_tokens(user.id)
    login_user(SignedIn(begun, token))


def end_session() -> None:
    """Sign out, inside the caller's transaction; it does no harm when nobody is signed in."""
    if current_user.is_authenticated:
        with suppress(NotFound):  # another request ended it a moment ago
            sessions.end_session(current_user.user, current_user.session_id, AuditAction.SIGNED_OUT)
    logout_user()
    session.clear()


def tell_stranger(message: str, category: str) -> None:
    """Tell whoever is here, signed in or not, what the next page shows."""
    if _session_is_over():
        session.clear()
    flash(message, category)


def flashed_messages(**options: Any) -> Any:
    """Return Flask's, but not to somebody else: a sign-in that was ended leaves its own unread."""
    return [] if _session_is_over() else get_flashed_messages(**options)


def _session_is_over() -> bool:
    """Return True if the cookie is of a sign-in that has ended elsewhere."""
    return "_user_id" in session and not current_user.is_authenticated
