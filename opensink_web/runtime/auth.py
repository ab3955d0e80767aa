"""/auth: signing a program in, keeping it signed in, and telling who a bearer speaks for.

The first three routes are open to all and open their transactions themselves: hashing a password
takes long, and a sign-in that a reused token has ended stays so though the answer is a refusal.
They take no Idempotency-Key: what they answer are tokens, which nobody keeps, and a hash of what
they are sent would let whoever reads the database try passwords.
"""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from flask import current_app, request
from pydantic import Field

from opensink_web.contract import throttle
from opensink_web.contract.example import Example
from opensink_web.contract.route import Access, Routes
from opensink_web.contract.shapes import Received, ResponseModel
from opensink_web.contract.surface import RUNTIME
from opensink_web.errors import (
    InvalidInput,
    NotAuthenticated,
    NotFound,
    SecondFactorRequired,
    SignInRefused,
)
from opensink_web.models import User
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts import program_session as sessions
from opensink_web.operations.accounts import sign_in
from opensink_web.operations.accounts.bearer import ACCESS_LIFETIME, mint_session_token
from opensink_web.operations.accounts.delegation import WHO_IT_IS
from opensink_web.operations.accounts.password import renew_hash
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.permission_pattern import LENGTH_MAX, read_asked
from opensink_web.operations.accounts.queries import lacks_second_factor, second_factor_of
from opensink_web.operations.accounts.second_factor import accept_code
from opensink_web.operations.accounts.workspace import principal_in
from opensink_web.services import EXTENSION, Services

routes = Routes(
    "auth",
    RUNTIME,
    title="Signing in",
    about="For programs in which people sign in: tokens, and who a bearer speaks for.",
)
CHECKS_MAX = 1000
_WRONG = "The e-mail address or the password is wrong."
_NO_CODE = "This account has a second factor: send a code of its app, or a recovery code, as otp."
_WRONG_CODE = (
    "This code is not valid. Each code works only once, and "
    "codes from the app only for a short time."
)
_GONE = "This refresh token is unknown, or the sign-in it belongs to has ended. Sign in again."


RefreshToken: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]


class Login(Received):
    """An account's e-mail address and password; `otp` where it has a second factor.

    Who belongs to several workspaces says which by its slug; without, it is the first they joined.
    A `refresh_token` of the account that still counts keeps others' guesses from locking it out.
    """

    email: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]
    otp: Annotated[str, Field(max_length=64)] | None = None
    workspace: Annotated[str, Field(max_length=63)] | None = None
    refresh_token: RefreshToken | None = None


class RefreshTokenBody(Received):
    refresh_token: RefreshToken


class Refresh(RefreshTokenBody):
    """With `rotate` the answer has another refresh token, and this one counts no more."""

    rotate: bool = False


class WorkspaceOfUser(ResponseModel):
    id: UUID
    slug: str
    name: str


class UserResponse(ResponseModel):
    """A person in a workspace, and what they may do there within the scopes of the bearer."""

    id: UUID
    email: str
    workspace: WorkspaceOfUser
    roles: list[str]
    permissions: list[str]

    @classmethod
    def of_principal(cls, principal: Principal) -> Self:
        """Write what is known of the caller."""
        return cls(
            id=principal.user.id,
            email=principal.user.email,
            workspace=WorkspaceOfUser.of(principal.workspace),
            roles=list(principal.role_names),
            permissions=list(principal.permissions),
        )


class MeResponse(UserResponse):
    """Who a bearer speaks for; `scopes` null limit nothing."""

    scopes: list[str] | None
    execution_id: UUID | None = Field(
        description="The execution whose own token this is; null for every other bearer."
    )


class TokensResponse(ResponseModel):
    """An access token for `expires_in` seconds, and what gets the next one."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - RFC 6750's word for it
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())
    user: UserResponse


class Logic(StrEnum):
    AND = "AND"
    OR = "OR"


class PermissionsCheck(Received):
    """Permissions, each `<service>.<resource>[/<path>].<action>:<own|all>`."""

    permissions: Annotated[
        list[Annotated[str, Field(max_length=LENGTH_MAX)]],
        Field(min_length=1, max_length=CHECKS_MAX),
    ]
    logic: Logic = Logic.AND


class PermissionCheck(ResponseModel):
    permission: str
    has_permission: bool


class PermissionsResponse(ResponseModel):
    """Whether all (AND) or any (OR) of the permissions are there, and which."""

    result: bool
    logic: Logic
    checks: list[PermissionCheck]


@routes.post(
    "/auth/login",
    summary="Sign a program in.",
    status=200,
    permission=Access.PUBLIC,
    errors=(401, 403),
    example=Example(body={"email": "alice@example.com", "password": "{password}"}),
    about=(
        "An access token is good for minutes; the refresh token gets the next one until the person "
        "signs out. An account with a second factor needs `otp`."
    ),
)
def login(body: Login) -> TokensResponse:
    address, user_agent = request.remote_addr or "", request.headers.get("User-Agent", "")
    with reading():
        client = sessions.known_client(
            body.email, body.refresh_token, remote_address=address, user_agent=user_agent
        )
    user = sign_in.user_with_password(
        _services().limiter, body.email, body.password, address=address, known=client
    )
    if user is None:
        raise NotAuthenticated(_WRONG)
    _ask_for_code(user, body.otp, address)
    new_hash = sign_in.stronger_hash(user, body.password)
    with writing():
        principal = _member(user, body.workspace)
        if new_hash is not None and user.password_hash is not None:
            renew_hash(user, user.password_hash, new_hash)
        begun = sessions.begin_program_session(
            user,
            principal.workspace,
            user_agent=user_agent,
            remote_address=address,
        )
        return _tokens(begun, principal)


@routes.post(
    "/auth/refresh",
    summary="Get another access token for a refresh token.",
    status=200,
    permission=Access.PUBLIC,
    errors=(401, 403),
    example=Example(body={"refresh_token": "{refresh_token}", "rotate": True}),
)
def refresh(body: Refresh) -> TokensResponse:
    if not _was_given_out(body.refresh_token):
        raise NotAuthenticated(_GONE)
    answer = None
    with writing():
        renewed = sessions.renew_program_session(body.refresh_token, rotate=body.rotate)
        if isinstance(renewed, sessions.Renewed):
            principal = _member(renewed.session.user, renewed.workspace.slug)
            answer = _tokens(renewed, principal)
    if answer is None:
        raise NotAuthenticated(_GONE)
    return answer


@routes.post(
    "/auth/logout",
    summary="Sign a program out.",
    status=204,
    permission=Access.PUBLIC,
    example=Example(body={"refresh_token": "{refresh_token}"}),
)
def logout(body: RefreshTokenBody) -> None:
    if not _was_given_out(body.refresh_token):
        return
    with writing():
        sessions.end_program_session(body.refresh_token)


@routes.get(
    "/auth/me",
    summary="Tell who the bearer speaks for.",
    permission=Access.BEARER,
    delegated=WHO_IT_IS,
)
def me(principal: Principal) -> MeResponse:
    return MeResponse(
        **UserResponse.of_principal(principal).model_dump(),
        scopes=None if principal.scopes is None else list(principal.scopes),
        execution_id=principal.execution_id,
    )


@routes.post(
    "/auth/check-permissions",
    summary="Tell what the bearer may do.",
    status=200,
    permission=Access.BEARER,
    delegated=WHO_IT_IS,
    writes_nothing=True,
    example=Example(
        body={
            "permissions": ["sinas.agents.read:all", "sinas.functions/billing/transfer.execute:own"]
        }
    ),
)
def check_permissions(principal: Principal, body: PermissionsCheck) -> PermissionsResponse:
    checks = [
        PermissionCheck(permission=text, has_permission=_has(principal, text))
        for text in body.permissions
    ]
    combine = all if body.logic is Logic.AND else any
    result = combine(check.has_permission for check in checks)
    return PermissionsResponse(result=result, logic=body.logic, checks=checks)


def _has(principal: Principal, text: str) -> bool:
    try:
        return principal.holds(read_asked(text))
    except InvalidInput:  # what is no permission is nobody's
        return False


def _ask_for_code(user: User, code: str | None, address: str) -> None:
    """Raises: SecondFactorRequired; NotAuthenticated; RateLimited."""
    factor = second_factor_of(user)
    if factor is None:
        return
    if not code:
        raise SecondFactorRequired(_NO_CODE)
    limiter = _services().limiter
    sign_in.count_code(limiter, user)
    with writing():
        accepted = accept_code(factor, code)
    if not accepted:
        raise NotAuthenticated(_WRONG_CODE)
    sign_in.forgive_code(limiter, user)


def _was_given_out(refresh_token: str) -> bool:
    """Return True if a refresh token is one of ours; one that is none is a guess.

    Raises: RateLimited when too many were made from this address.
    """
    with suppress(NotAuthenticated), throttle.looking_up(refresh_token), reading():
        if sessions.is_refresh_token(refresh_token):
            return True
        throttle.refuse_guess(refresh_token)
    return False


def _member(user: User, slug: str | None) -> Principal:
    """Return the user in a workspace, the first they joined unless named. Raises: SignInRefused."""
    memberships = user.active_memberships
    if not memberships:
        raise SignInRefused("This account belongs to no workspace, or is deactivated in it.")
    try:
        principal = principal_in(slug or memberships[0].workspace.slug, user)
    except NotFound:
        raise SignInRefused("This account belongs to no such workspace.") from None
    if lacks_second_factor(user, principal.workspace):
        raise SignInRefused(
            "This workspace requires a second factor: sign in with a browser and set one up."
        )
    return principal


def _tokens(renewed: sessions.Renewed, principal: Principal) -> TokensResponse:
    return TokensResponse(
        access_token=mint_session_token(_services().signer, renewed.session, renewed.workspace),
        refresh_token=renewed.refresh_token,
        user=UserResponse.of_principal(principal),
    )


def _services() -> Services:
    wired: Services = current_app.extensions[EXTENSION]
    return wired
