/** The types of opensink.js. Made by `python -m tests.javascript_client`: change src/ instead. */

/** Whatever goes wrong here; arguments that cannot be used are a TypeError. */
export class OpenSinkError extends Error {}
/** Nobody answered in time. */
export class TimeoutError extends OpenSinkError {}
/** No response came, whatever the reason, also after the attempts that may be made. */
export class Unreachable extends OpenSinkError {}
/** No response came in time. */
export class TimedOut extends Unreachable {}
/** A call is not OpenSink's, or not of now; the sentence says why, for a log. */
export class NotVerified extends OpenSinkError {}
/** The server refused. */
export class OpenSinkApiError extends OpenSinkError {
  readonly status: number;
  readonly code: string;
  /** A path and a message for each thing that is invalid. */
  readonly errors: { path: string; message: string }[];
  /** When the server wants to be asked again, where it says so. */
  readonly retryAfterSeconds: number | undefined;
}
/** What was sent is not what the route takes (400, 413, 415, 422). */
export class InvalidRequest extends OpenSinkApiError {}
/** The key or token is not valid, or not any more (401). */
export class NotAuthenticated extends OpenSinkApiError {}
/** The key, or whose it is, may not do that (403). */
export class Forbidden extends OpenSinkApiError {}
/** It is not there, or in another workspace (404). */
export class NotFound extends OpenSinkApiError {}
/** It is no longer, or not yet, in a state for that (409). */
export class Conflict extends OpenSinkApiError {}
/** Too many calls (429), also after as many attempts as are made. */
export class RateLimited extends OpenSinkApiError {}
/** The server is elsewhere now (3xx): where, the sentence says. Nothing was sent there. In browsers `status` is 0. */
export class Redirected extends OpenSinkApiError {}
/** The server, or what stands before it, failed (5xx), also after repeated attempts. */
export class ServerError extends OpenSinkApiError {}

/** A JSON Schema. */
export type JsonSchema = Record<string, unknown>;
/** A schema of zod's, or of another library, whose `parse` makes what it is of. */
export interface ParsingSchema<T> {
  parse(response: unknown): T;
}
/** What an answer to a question by this schema is. */
export type ValueOf<S> = S extends ParsingSchema<infer T> ? T : Record<string, unknown>;

export interface ClientOptions {
  /** Where the server is: OPENSINK_URL unless given, or from where this module was loaded. */
  baseUrl?: string;
  /** An API key or an access token: OPENSINK_API_KEY unless given. `opensink dev` needs none. */
  apiKey?: string;
  /** What makes the calls, in place of the global fetch. */
  fetch?: typeof globalThis.fetch;
  /** The trace that calls belong to (W3C Trace Context); see `inTrace` for single calls. */
  traceparent?: string;
}
/** Headers, as they came. */
export type AnyHeaders = Headers | Map<string, string> | Record<string, string | string[] | undefined>;
export interface WaitOptions {
  timeoutSeconds?: number;
  /** Ends the wait when it is aborted. */
  signal?: AbortSignal;
}
export type AskOptions<S> = Partial<Omit<InputRequestCreate, "session_id" | "agent_id" | "title" | "schema">> & {
  schema: S;
  /** Who asks, by name: the agent is found, or made; as the program is called unless given. */
  agent?: string;
  /** A session of one's own to ask in, in place of the client's. */
  session?: { id: string; agent_id: string };
  /** `z.toJSONSchema`, for schemas of zod before 4.2. */
  toJSONSchema?: (schema: any, options?: any) => unknown;
};

/** What became of a question. */
export class Answer<T> {
  readonly request: InputRequest;
  readonly status: RequestStatus;
  /** The response as JSON; null unless somebody, or a default, has answered. */
  readonly response: Record<string, unknown> | null;
  /** The response as the schema's `parse` makes it, and what that throws. */
  get value(): T | null;
}
/** A request that waits for an answer, and who asked. */
export class Question<T> {
  readonly id: string;
  readonly request: InputRequest;
  /** Return what became of it once it waits no more. Throws TimeoutError. */
  waitForAnswer(options?: WaitOptions): Promise<Answer<T>>;
}

export interface VerifiedCall {
  /** One for a delivery, and equal on each of its attempts. */
  id: string | null;
  sentAt: Date | null;
  /** The JSON that was sent; null of a GET. */
  body: any;
  /** The headers of the trace of whoever asked, for `inTrace`; not signed, and empty without one. */
  trace: Record<string, string>;
}
/**
 * Return a call that an agent or a function got if it is OpenSink's, and of now.
 *
 * The headers as they came, the body as text or bytes. Each secret that is given has to fit; of several,
 * while one is replaced, one. Throws NotVerified, which says why; TypeError if no secret is given, or a
 * signing secret is none.
 */
export function verifyCall(
  headers: AnyHeaders,
  body: string | Uint8Array | ArrayBuffer | null | undefined,
  options: { signingSecret?: string | string[]; executionSecret?: string | string[]; toleranceSeconds?: number },
): Promise<VerifiedCall>;
/** Put something into a sink by its secret alone, without a key. */
export function addToSink(
  sinkId: string,
  title: string,
  options: Omit<ItemOfSink, "title" | "sink_id"> & {
    secret: string;
    baseUrl?: string;
    fetch?: typeof globalThis.fetch;
  },
): Promise<SinkItem>;
/** Return tokens for a person; `new Client({ apiKey: tokens.access_token })` then speaks for them. */
export function signIn(
  email: string,
  password: string,
  options?: { otp?: string; workspace?: string; baseUrl?: string; fetch?: typeof globalThis.fetch },
): Promise<Tokens>;

/** Speaks to one server with one API key, or with an access token; repeats no call that would be done twice. */
export class Client {
  readonly baseUrl: string;
  constructor(options?: ClientOptions);
  /** Return this client for calls in a trace: a traceparent, or headers that may have one. */
  inTrace(trace: string | AnyHeaders): Client;
  /** Make any call of the server's; how the methods make theirs. */
  request(
    method: string,
    path: string,
    options?: { body?: unknown; query?: Record<string, unknown>; waitSeconds?: number; signal?: AbortSignal },
  ): Promise<any>;
  /** Ask a person: by a JSON Schema, or a schema of zod's. No agent or session of one's own is needed. */
  ask<S extends object>(title: string, options: AskOptions<S>): Promise<Question<ValueOf<S>>>;
  /** Return a session for several questions of an agent of that name, both made if need be. */
  sessionFor(agent?: string): Promise<AgentSession>;
  /** Return the request once it waits no more. Throws TimeoutError. */
  waitForAnswer(requestId: string, options?: WaitOptions): Promise<InputRequest>;
  /** Read a request, at once or when it is answered within `waitSeconds` (at most 60). */
  getInputRequest(requestId: string, options?: { waitSeconds?: number; signal?: AbortSignal }): Promise<InputRequest>;
  /** Read what became of a question that was asked in one call; a key that may only ask reads its own. */
  getAsk(requestId: string, options?: { waitSeconds?: number; signal?: AbortSignal }): Promise<Ask>;
  /** Show which form a schema makes, filled with `values`; nobody is asked. */
  preview(
    schema: object,
    options?: { values?: Record<string, unknown>; toJSONSchema?: (schema: any, options?: any) => unknown },
  ): Promise<Preview>;
  /** Return what is said about a request, oldest first; it waits for more while there is nothing. */
  comments(requestId: string, options?: { after?: string; waitSeconds?: number }): Promise<Comment[]>;
  /** Say what happens. */
  logActivity(
    session: { id: string; agent_id: string },
    message: string,
    details?: Partial<ActivityCreate>,
  ): Promise<Activity>;
  /** Yield what happened, in a session or in all, newest first. */
  listActivities(
    session?: { id: string } | null,
    filters?: { agent_id?: string; type?: ActivityType; source?: ActivitySource; recorded_by?: string; $limit?: number },
  ): AsyncGenerator<Activity>;
  /** Make an agent's calls again that failed, and return how many those were. */
  redeliverFailed(agentId: string): Promise<number>;
  /** Return what a rule said, newest first. */
  listRevisions(policyId: string): Promise<PolicyRevision[]>;
  /** Execute a function and wait for its output; without a timeout its own counts. */
  execute(
    namespace: string,
    name: string,
    input: Record<string, unknown>,
    options?: { timeoutSeconds?: number },
  ): Promise<Outcome>;
  /** Yield a batch's executions in the order of its inputs. */
  batchExecutions(batchId: string, filters?: { status?: ExecutionStatus }): AsyncGenerator<Execution>;
  /** Yield executions, newest first, page by page; `listExecutions` returns one page. */
  allExecutions(filters?: {
    function_name?: string;
    status?: string;
    trigger_id?: string;
    batch_id?: string;
  }): AsyncGenerator<Execution>;
  /** Yield batches, newest first. */
  listBatches(filters?: { status?: BatchStatus; kind?: ExecutionKind }): AsyncGenerator<Batch>;
  /** Cancel what has not begun, and return how many those were. */
  cancelBatch(batchId: string): Promise<number>;
  /** Return the batch once all of it has ended; it looks in pauses. Throws TimeoutError. */
  waitForBatch(batchId: string, options?: WaitOptions & { pauseSeconds?: number }): Promise<Batch>;
  /** Yield chats without their messages, newest first. */
  listChats(filters?: { q?: string; agent_namespace?: string; agent_slug?: string; limit?: number }): AsyncGenerator<Chat>;

