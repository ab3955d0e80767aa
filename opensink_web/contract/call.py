"""One call of a declared route: who is it, may they, what did they send; then the transaction.

Whoever reads is looked up once, in the transaction of the view. Whoever writes is looked up before
anything is read from them, in the transaction of the route's precheck, which needs no lock; and
again inside the transaction of the view, so that a key revoked or a sign-in ended in between opens
nothing. A token that was good when the call came stays so during the call, however long its answer
is held.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic, sleep
from typing import Any, TypeAlias

from flask import Response, current_app, request

from opensink_web import clock
from opensink_web.contract import acting, last_use, throttle, waiting
from opensink_web.contract.received import canonical, read_body, read_path, read_query
from opensink_web.contract.route import Authenticate, Permission, Route
from opensink_web.contract.shapes import ResponseModel
from opensink_web.errors import (
    KeyNotTaken,
    NotAuthenticated,
    OpenSinkError,
    RecordedRefusal,
    StillProcessed,
    Unavailable,
)
from opensink_web.json_value import JSONValue
from opensink_web.models import IdempotencyRecord
from opensink_web.models.transaction import reading, writing
from opensink_web.operations import idempotency
from opensink_web.operations.accounts.bearer import principal_of_bearer, was_a_bearer
from opensink_web.operations.accounts.delegation import Cover
from opensink_web.operations.accounts.permission import EVERYTHING, Principal
from opensink_web.operations.sinks.secret import SECRET_HEADER, principal_of_sink_secret
from opensink_web.services import EXTENSION, Services

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
SAME_CALL_SECONDS = 60.0
"""How long a call waits for another one with its Idempotency-Key, which does the same."""
_LOOK_AGAIN_SECONDS = 0.25
Arguments: TypeAlias = dict[str, Any]
"""What a view is called with besides the principal."""

_NEEDS_KEY = (
    "An API key or an access token is needed: send it as Authorization: Bearer <key>, or as "
    "X-API-Key"
)
_UNKNOWN_SECRET = "This is the secret of no sink, or it was replaced."  # noqa: S105 - a sentence
_KEPT_NOWHERE = (
    "This takes no Idempotency-Key: whoever signs in is answered tokens, which are kept nowhere. "
    "Send it without one."
)
_TOO_MANY_WAIT = (
    "Too many calls wait for their answers just now. Nothing was done; please try again."
)


def answer_call(route: Route, path_values: Mapping[str, str]) -> Response:
    """Answer the current request as the route declares. Raises: OpenSinkError."""
    if (finish := waiting.resumed()) is not None:
        return finish()
    has_key = route.method == "POST" and IDEMPOTENCY_HEADER in request.headers
    if route.is_public:
        if has_key:
            raise KeyNotTaken(_KEPT_NOWHERE)
        arguments, _ = _arguments(route, path_values)
        return _response(route, route.view(**arguments))
    bearer = _presented_bearer(route)
    authenticate = partial(_authenticate, route, path_values, bearer, clock.now())
    if (route.reads_only or route.writes_nothing) and not has_key:
        return _read(route, authenticate, path_values, bearer)
    call = _read_call(route, authenticate, path_values, bearer)
    return _write_then_respond(call) if route.after_commit else _write(call).response()


def _arguments(route: Route, path_values: Mapping[str, str]) -> tuple[Arguments, JSONValue]:
    """Read what the view takes; return it, and the body as it was sent."""
    arguments: Arguments = read_path(route.path_types, path_values)
    query = read_query(request, route.query)
    if route.takes_query:
        arguments["query"] = query
    if route.reads_only:
        return arguments, None
    if route.takes_batch:
        request.max_content_length = _services().settings.max_batch_body_bytes
    body, sent = read_body(request, route.body, is_required=route.takes_body)
    if route.takes_body:
        arguments["body"] = body
    return arguments, sent


@dataclass(frozen=True, slots=True)
class _Bearer:
    """A key or a token; or the secret of a sink, which is no key and is none in their place."""

    text: str
    is_sink_secret: bool = False

    @property
    def counted_as(self) -> str:
        """What is told from others where tries are counted."""
        return f"{SECRET_HEADER}: {self.text}" if self.is_sink_secret else self.text

    def principal(self, called_at: datetime) -> Principal | None:
        """Return who it speaks for; None when it opens nothing (any more)."""
        if self.is_sink_secret:
            return principal_of_sink_secret(self.text)
        return principal_of_bearer(self.text, _services().signer, called_at)

    def is_guess(self) -> bool:
        """Return True if it opens nothing and never did."""
        return self.is_sink_secret or not was_a_bearer(self.text, _services().signer)


def _presented_bearer(route: Route) -> _Bearer:
    """Return `Authorization: Bearer` or else `X-API-Key`, or else what is enough for this route.

    Raises: NotAuthenticated.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    bearer = bearer or request.headers.get("X-API-Key", "").strip()
    if bearer:
        return _Bearer(bearer)
    if not route.takes_sink_secret:
        raise NotAuthenticated(f"{_NEEDS_KEY}.")
    secret = request.headers.get(SECRET_HEADER, "").strip()
    if not secret:
        raise NotAuthenticated(f"{_NEEDS_KEY}; or the sink's secret, as {SECRET_HEADER}.")
    return _Bearer(secret, is_sink_secret=True)


def _recognised(authenticate: Authenticate, bearer: _Bearer) -> Principal:
    with throttle.looking_up(bearer.counted_as):
        try:
            principal = authenticate()
        except NotAuthenticated:
            if bearer.is_guess():
                throttle.refuse_guess(bearer.counted_as)
            raise
    throttle.note_right_bearer(bearer.counted_as)
    if principal.key is not None:
        last_use.note_key(principal.key)
    return principal


def _authenticate(
    route: Route, path_values: Mapping[str, str], bearer: _Bearer, called_at: datetime
) -> Principal:
    """Return who calls, if the route is open to them.

    Raises: NotAuthenticated; DelegatedTokenRefused; PermissionMissing; NotFound for what can be
    nobody's name.
    """
    principal = bearer.principal(called_at)
    if principal is None:
        raise NotAuthenticated(_UNKNOWN_SECRET if bearer.is_sink_secret else throttle.UNKNOWN)
    permission, cover = route.permission, route.delegated.cover(principal, path_values)
    is_open = cover is Cover.OWN or route.delegated.is_of_key(principal, path_values)
    if isinstance(permission, Permission) and not is_open:
        if permission.path:
            read_path(route.path_types, path_values)  # nothing else can stand in a permission
        principal.require_reach(permission.of(path_values), permission.least)
    acting.note_principal(principal)
    return principal


def _services() -> Services:
    wired: Services = current_app.extensions[EXTENSION]
    return wired


def _read(
    route: Route, authenticate: Authenticate, path_values: Mapping[str, str], bearer: _Bearer
) -> Response:
    with reading():
        principal = _recognised(authenticate, bearer)
        arguments, _ = _arguments(route, path_values)
        answer = route.view(principal=principal, **arguments)
        wait = route.waits(answer, arguments["query"]) if route.waits is not None else None
        if wait is None:
            return _response(route, answer)

    def finish() -> Response:
        with reading():  # while the answer was held, the key may have been revoked
            return _response(route, route.view(principal=authenticate(), **arguments))

    return waiting.held(wait, finish)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that may write, as it was read and checked; `refusal` is what that has raised."""

    route: Route
    authenticate: Authenticate
    arguments: Arguments
    once: idempotency.Once | None
    refusal: OpenSinkError | None = None


def _read_call(
    route: Route, authenticate: Authenticate, path_values: Mapping[str, str], bearer: _Bearer
) -> _Call:
    """Read a call that may write, and run the route's precheck; nothing waits for this.

    A refusal of the precheck is kept for later where the call may have been answered already.
    Raises: OpenSinkError.
    """
    with reading():
        caller = _recognised(authenticate, bearer)
        arguments, sent = _arguments(route, path_values)
        once = None
        if route.keeps_responses and IDEMPOTENCY_HEADER in request.headers:
            once = _once(caller, sent)
        if route.precheck is None:
            return _Call(route, authenticate, arguments, once)
        try:
            checked = route.precheck(principal=caller, **arguments)
        except OpenSinkError as refusal:
            if once is None:
                raise
            return _Call(route, authenticate, arguments, once, refusal)
    if route.takes_checked:
        arguments["checked"] = checked
    return _Call(route, authenticate, arguments, once)


@dataclass(frozen=True, slots=True)
class _Written:
    """What a view that writes has answered, now or to the first call under the same key."""

    status: int
    body: str
    is_replayed: bool = False

    def response(self) -> Response:
        response = _json_response(self.status, self.body)
        if self.is_replayed:
            response.headers[REPLAYED_HEADER] = "true"
        return response


def _write(call: _Call) -> _Written:
    if call.route.stage is None or call.refusal is not None:
        return _in_transaction(call)
    gives_up_at = monotonic() + SAME_CALL_SECONDS
    while True:
        key = idempotency.HeldKey(call.once)
        try:
            # as `stage` has prepared it, once no other call does it under the same key
            with call.route.stage(call.arguments["checked"], call.authenticate, key) as staged:
                arguments = call.arguments | {"checked": staged}
                return _in_transaction(replace(call, arguments=arguments), key)
        except idempotency.AnsweredBefore as before:
            return _Written(before.answer.status, before.answer.body, is_replayed=True)
        except StillProcessed:
            if monotonic() >= gives_up_at:
                raise
            sleep(_LOOK_AGAIN_SECONDS)
        except BaseException:
            key.let_go()
            raise


def _in_transaction(call: _Call, key: idempotency.HeldKey | None = None) -> _Written:
    status = call.route.status
    recorded: RecordedRefusal | None = None
    with writing():
        view = partial(call.route.view, principal=call.authenticate(), **call.arguments)
        try:
            if call.once is not None:
                return _write_once(status, view, call.once, call.refusal, key)
            answer = view()
        except RecordedRefusal as refusal:
            recorded = refusal
    if recorded is not None:
        raise recorded
    return _Written(status, _body(answer))  # written out when nobody waits for it any more


def _once(caller: Principal, sent: JSONValue) -> idempotency.Once:
    """Read the key, and hash what two calls that are the same have in common.

    So have the scopes that limit a caller, for what is answered goes by them: another key of the
    same person does not hear what this one was answered. Raises: InvalidInput.
    """
    fingerprint = f"{request.method} {request.path}\n{'' if sent is None else canonical(sent)}"
    if caller.scopes is not None and EVERYTHING not in caller.scopes:
        fingerprint += f"\n{' '.join(sorted(caller.scopes))}"
        if caller.key is not None and any(each.startswith("asks:") for each in caller.scopes):
            fingerprint += f"\n{caller.key.id}"  # who may ask reads what this key asked
    return idempotency.Once.of(request.headers[IDEMPOTENCY_HEADER], fingerprint.encode())


def _write_once(
    status: int,
    view: partial[ResponseModel],
    once: idempotency.Once,
    refusal: OpenSinkError | None,
    key: idempotency.HeldKey | None,
) -> _Written:
    """Do it, unless it has been done under this key: then answer what was answered.

    What has been done stays so even if the route's precheck would refuse it now.
    """
    if key is not None and key.is_held:
        record: IdempotencyRecord | idempotency.StoredResponse = key.record()
    else:
        record = idempotency.begin(view.keywords["principal"], once)
    if isinstance(record, idempotency.StoredResponse):
        return _Written(record.status, record.body, is_replayed=True)
    if refusal is not None:
        raise refusal
    try:
        answer = view()
    except RecordedRefusal:
        idempotency.abandon(record)
        raise
    kept = idempotency.StoredResponse(status, answer.to_kept_json())
    idempotency.complete(record, kept)
    return _Written(status, _body(answer))


def _write_then_respond(call: _Call) -> Response:
    """Write, and hold the answer until the route's second view has it."""
    route = call.route
    if route.after_commit is None or route.accepted is None:
        raise TypeError(f"{route.name} has nothing to answer after its transaction")
    if not waiting.may_hold():
        raise Unavailable(_TOO_MANY_WAIT)
    written = _write(call)
    accepted = route.accepted.model_validate_json(written.body)
    after_commit = partial(route.after_commit, authenticate=call.authenticate, accepted=accepted)

    def finish() -> Response:
        return replace(written, body=_body(after_commit())).response()

    wait = route.waits(accepted, None) if route.waits is not None else None
    return finish() if wait is None else waiting.held(wait, finish)


def _response(route: Route, answer: ResponseModel | None) -> Response:
    response = _json_response(route.status, _body(answer))
    if answer is not None:
        response.headers.update(answer.http_headers)
    return response


def _body(answer: ResponseModel | None) -> str:
    return answer.to_json() if answer is not None else ""


def _json_response(status: int, body: str) -> Response:
    response = Response(body, status, content_type="application/json")
    if not body:
        del response.headers["Content-Type"]
    return response
