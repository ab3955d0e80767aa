"""The domain's errors, each with the code and the HTTP status by which the outside knows it.

Operations raise them; api/ and web/ turn them into answers. The sentence is for people to read
and never carries an input value, a secret or a traceback.
"""

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one value: `path` is a JSON Pointer (RFC 6901), "" for the whole."""

    path: str
    message: str

    def below(self, pointer: str) -> "FieldError":
        """Return the same for the whole in which the value stands at `pointer`."""
        return FieldError(pointer + self.path, self.message)


class OpenSinkError(Exception):
    """Base of every error that a caller can be told about."""

    code = "internal_error"
    status = 500

    def __init__(self, message: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors


class RecordedRefusal(OpenSinkError):
    """It is refused, and what follows from that is written down: the transaction commits."""


class ConfigurationError(OpenSinkError):
    """A setting is wrong; the command line prints the sentence and exits with 2."""

    code = "configuration_error"


class InvalidInput(OpenSinkError):
    """What was sent is not what was asked for."""

    code = "invalid_request"
    status = 400

    def below(self, pointer: str) -> Self:
        """Return the refusal of a value as that of the whole, in which it stands at `pointer`."""
        errors = self.errors or (FieldError("", self.message),)
        inside = tuple(each.below(pointer) for each in errors)
        return type(self)(self.message, errors=inside)


class WrongCode(RecordedRefusal, InvalidInput):
    """It is not the code that was sent; a try is used up."""


class InvalidSchema(InvalidInput):
    """An agent's JSON Schema is not one, or is beyond the limits."""

    code = "invalid_schema"


class InvalidAnswer(InvalidInput):
    """An answer does not fit the request's schema."""

    code = "invalid_response"


class InvalidFunctionInput(InvalidInput):
    """The input of an execution does not fit the function's schema."""

    code = "invalid_input"
    status = 422


class InvalidChatInput(InvalidInput):
    """What a chat is to begin with does not fit the agent's first messages."""

    code = "invalid_input"
    status = 422


class RefusedBySettings(InvalidInput):
    """It is what was asked for, and the settings of this server do not let it be taken."""

    status = 400


class CallbackRefused(RefusedBySettings):
    """Results may not be sent to this URL."""

    code = "callback_refused"


class BatchSizeRefused(RefusedBySettings):
    """A batch is empty, or larger than this server takes."""

    code = "batch_size"


class KeyNotTaken(OpenSinkError):
    """An Idempotency-Key was sent where no response is kept."""

    code = "idempotency_key_not_taken"
    status = 400


class NotAuthenticated(OpenSinkError):
    """Nobody is signed in, or the key is unknown, expired or revoked."""

    code = "not_authenticated"
    status = 401


class SecondFactorRequired(OpenSinkError):
    """The password was right, and a code is asked for too."""

    code = "second_factor_required"
    status = 401


class SignInRefused(OpenSinkError):
    """Who they are is proven or not, but it does not let them in here."""

    code = "sign_in_refused"
    status = 403


class PermissionMissing(OpenSinkError):
    """The user's role or the key's scopes do not reach this far."""

    code = "permission_missing"
    status = 403


class DelegatedTokenRefused(PermissionMissing):
    """The token of an execution or a callback does not open this, whatever its user may."""

    code = "delegated_token_refused"


class RequesterForbidden(OpenSinkError):
    """Whoever asked for something does not decide on it: somebody else has to."""

    code = "requester_forbidden"
    status = 403


class NotInStep(OpenSinkError):
    """Somebody else decides in this step of a rule."""

    status = 403
    code = "not_in_step"


class ForeignCall(OpenSinkError):
    """It comes from another site or machine than those who need no key."""

    status = 403
    code = "foreign_call"


class NotFound(OpenSinkError):
    """It does not exist, or it is in another workspace, which is the same to the caller."""

    code = "not_found"
    status = 404


class Conflict(OpenSinkError):
    """The state it is in does not allow this."""

    code = "conflict"
    status = 409


class RecordedConflict(RecordedRefusal, Conflict):
    """A conflict after which something is written down."""


class StillProcessed(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    code = "idempotency_in_progress"
    retry_after_seconds = 1


class AlreadyResolved(Conflict):
    """Somebody has answered this input request before."""

    code = "already_resolved"


class Superseded(Conflict):
    """What was decided on is not what is asked now."""


class NotJSON(OpenSinkError):
    """The body is not declared as JSON."""

    code = "not_json"
    status = 415


class UnreadableSecret(OpenSinkError):
    """A value that is encrypted in the database cannot be decrypted."""

    code = "unreadable_secret"


class RateLimited(OpenSinkError):
    """Too many tries; `retry_after_seconds` says when the next one is taken."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = math.ceil(retry_after_seconds)


class Unavailable(OpenSinkError):
    """The database cannot take this now; unless the sentence says else, nothing was stored."""

    code = "unavailable"
    status = 503


class ProviderUnavailable(OpenSinkError):
    """The provider of sign-ins does not answer, or not as it should; passwords still work."""

    code = "provider_unavailable"
    status = 503
