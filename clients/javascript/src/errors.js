// What can go wrong: a call was refused, the server cannot be reached, a call is not OpenSink's.

/** Whatever goes wrong here. */
export class OpenSinkError extends Error {
  get name() {
    return this.constructor.name;
  }
}
/** Nobody answered in time. */
export class TimeoutError extends OpenSinkError {}
/** No response came, whatever the reason, also after the attempts that may be made. */
export class Unreachable extends OpenSinkError {}
/** No response came in time. */
export class TimedOut extends Unreachable {}
/** A call is not OpenSink's, or not of now; the sentence says why, for a log. */
export class NotVerified extends OpenSinkError {}
/** The server refused; `errors` has a path and a message for each thing that is invalid. */
export class OpenSinkApiError extends OpenSinkError {
  constructor(status, problem = {}, retryAfterSeconds) {
    super(problem.error ?? `The server answered ${status}.`);
    Object.assign(this, { status, code: problem.code ?? "", errors: problem.errors ?? [], retryAfterSeconds });
  }
}
export class InvalidRequest extends OpenSinkApiError {}
export class NotAuthenticated extends OpenSinkApiError {}
export class Forbidden extends OpenSinkApiError {}
export class NotFound extends OpenSinkApiError {}
export class Conflict extends OpenSinkApiError {}
export class RateLimited extends OpenSinkApiError {}
export class Redirected extends OpenSinkApiError {}
export class ServerError extends OpenSinkApiError {}
