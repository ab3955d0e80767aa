/**
 * The JavaScript client of OpenSink: ask a person, wait for the answer, say how it goes.
 *
 *     const opensink = new Client(); // at OPENSINK_URL, with the key in OPENSINK_API_KEY
 *     const question = await opensink.ask("Deploy?", { schema: z.object({ approved: z.boolean() }) });
 *     const { value } = await question.waitForAnswer();
 *
 * One module without dependencies, for Node 20 and later, Deno and browsers. Its types stand in
 * clients/javascript/opensink.d.ts. Fields of the API keep their names, such as `session_id`.
 */

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

// below each path: method of this client, method of HTTP, what follows in the path (the ids in it are the
// first arguments), and words that are the next ones; what else goes into body or query is an object after
// them. LIST yields what a list has.
const OPERATIONS = {
  "/api/v1/agents": `createAgent POST name; listAgents LIST; getAgent GET /{id}; updateAgent PATCH /{id};
    deleteAgent DELETE /{id}; rotateAgentSigningSecret POST /{id}/rotate-signing-secret;
    endAgentSigningOverlap POST /{id}/end-signing-overlap`,
  "/api/v1/agent-sessions": `startSession POST agent_id; listSessions LIST; getSession GET /{id};
    updateSession PATCH /{id}; deleteSession DELETE /{id}`,
  "/api/v1/agent-session-input-requests": `listInputRequests LIST; cancelInputRequest POST /{id}/cancel reason;
    supersede POST /{id}/supersede; extend POST /{id}/extend expires_at; comment POST /{id}/comments message;
    resolve POST /{id}/resolve response; decline POST /{id}/decline reason; retract POST /{id}/retract;
    assign POST /{id}/assign assignees; delegate POST /{id}/delegate to; claim POST /{id}/claim;
    release POST /{id}/release`,
  "/api/v1/ask": "cancelAsk POST /{id}/cancel reason",
  "/api/v1/standing-approvals": `grantStandingApproval POST request_id; listStandingApprovals LIST;
    getStandingApproval GET /{id}; revokeStandingApproval POST /{id}/revoke`,
  "/api/v1/agent-session-activities": "getActivity GET /{id}",
  "/api/v1/agent-configurations": `createConfiguration POST agent_id; listConfigurations LIST;
    listVariants LIST /variants; getActiveConfiguration GET /agent/{agent_id}; getConfiguration GET /{id};
    activateConfiguration POST /{id}/activate`,
  "/api/v1/deliveries": "listDeliveries LIST; getDelivery GET /{id}; redeliver POST /{id}/redeliver",
  "/api/v1/functions": `createFunction POST namespace name target; listFunctions LIST;
    getFunction GET /{namespace}/{name}; updateFunction PATCH /{namespace}/{name};
    deleteFunction DELETE /{namespace}/{name}; replaceFunction PUT /{namespace}/{name} target;
    rotateFunctionSigningSecret POST /{namespace}/{name}/rotate-signing-secret;
    endFunctionSigningOverlap POST /{namespace}/{name}/end-signing-overlap`,
  "/functions/{namespace}/{name}/execute": "executeAsync POST /async input; executeBatch POST /batch inputs",
  "/agents/{namespace}/{slug}/chats/batch": "chatBatch POST inputs",
  "/chats": "getChat GET /{id}",
  "/executions": `listExecutions GET; getExecution GET /{id}; executionSteps GET /{id}/steps;
    cancelExecution POST /{id}/cancel; continueExecution POST /{id}/continue input;
    completeExecution POST /{id}/complete output; failExecution POST /{id}/fail error`,
  "/batches": "getBatch GET /{id}",
  "/api/v1/sinks": `createSink POST name; listSinks LIST; getSink GET /{id}; updateSink PATCH /{id};
    deleteSink DELETE /{id}; rotateSinkSecret POST /{id}/rotate-secret`,
  "/api/v1/sink-items": `createSinkItem POST sink_id title; createManySinkItems POST /many items; listSinkItems LIST;
    getSinkItem GET /{id}; updateSinkItem PATCH /{id}; deleteSinkItem DELETE /{id}`,
  "/api/v1/background-jobs": `createBackgroundJob POST name interval_minutes url; listBackgroundJobs LIST;
    getBackgroundJob GET /{id}; updateBackgroundJob PATCH /{id}; deleteBackgroundJob DELETE /{id};
    runBackgroundJob POST /{id}/run; listJobRuns LIST /{id}/runs; getJobRun GET /{id}/runs/{run};
    rotateJobSigningSecret POST /{id}/rotate-signing-secret; endJobSigningOverlap POST /{id}/end-signing-overlap`,
  "/api/v1/api-keys": "createKey POST name scopes; listKeys LIST; getKey GET /{id}; revokeKey DELETE /{id}",
  "/api/v1/roles": `createRole POST name permissions; listRoles LIST; getRole GET /{id}; updateRole PATCH /{id};
    deleteRole DELETE /{id}; listRoleMembers LIST /{id}/members; giveRole POST /{id}/members member;
    takeRole DELETE /{id}/members/{user}`,
  "/api/v1/teams": `createTeam POST name; listTeams LIST; getTeam GET /{id}; updateTeam PATCH /{id};
    deleteTeam DELETE /{id}`,
  "/api/v1/absences": `createAbsence POST begins_at ends_at; listAbsences LIST; getAbsence GET /{id};
    updateAbsence PATCH /{id}; endAbsence DELETE /{id}`,
  "/api/v1/policies": `createPolicy POST name steps; listPolicies LIST; getPolicy GET /{id};
    updatePolicy PATCH /{id}; deletePolicy DELETE /{id}; tryPolicy POST /try name steps`,
  "/api/v1/insights": "insights GET",
  "/api/v1/audit-entries": "listAuditEntries LIST",
  "/api/v1/escalation-chains": `createChain POST name time_zone working_hours steps; listChains LIST;
    getChain GET /{id}; updateChain PATCH /{id}; deleteChain DELETE /{id}`,
  "/api/v1/notification-channels": `createChannel POST kind config; listChannels LIST; getChannel GET /{id};
    updateChannel PATCH /{id}; deleteChannel DELETE /{id}; confirmChannel POST /{id}/confirm code;
    testChannel POST /{id}/test; createRule POST /{id}/rules`,
  "/api/v1/notification-rules": "replaceRule PUT /{id}; deleteRule DELETE /{id}",
  "/api/v1/notification-messages": "listMessages LIST; getMessage GET /{id}",
  "/auth": `me GET /me; checkPermissions POST /check-permissions permissions; refresh POST /refresh refresh_token;
    logout POST /logout refresh_token`,
};

// Which calls are made once: those of which the server keeps no response, for it has tokens in it. Any other POST may be
// repeated with its Idempotency-Key, and the server does it once.
const SENT_ONCE = [
  "/auth/login",
  "/auth/logout",
  "/auth/refresh",
];

/** Return true if the server might do such a call twice that is repeated. */
const isSentOnce = (method, path) => method === "POST" && SENT_ONCE.includes(path);

// How the client speaks HTTP: its key, repeated attempts, errors.

const TIMEOUT_SECONDS = 30;
const ATTEMPTS_MAX = 4;
const RETRY_AFTER_SECONDS_MAX = 60; // who is to wait for longer is told at once
const KINDS = {
  400: InvalidRequest, 401: NotAuthenticated, 403: Forbidden, 404: NotFound, 409: Conflict,
  413: InvalidRequest, 415: InvalidRequest, 422: InvalidRequest, 429: RateLimited,
};

/** Yield what a list has, page by page. */
async function* each(client, path, filters) {
  for (let query = { ...filters }; ; ) {
    const page = await client.request("GET", path, { query });
    yield* page.items;
    if (page.trail == null) return;
    query = { ...query, $trail: page.trail };
  }
}

/** Yield what a list of the execution API has, page by page; new rows move the others on meanwhile. */
async function* eachSkipping(client, path, filters, idField, limit = 100) {
  for (let skip = 0, known = new Set(); ; skip += limit) {
    const page = await client.request("GET", path, { query: { ...filters, skip, limit } });
    for (const row of page) if (!known.has(row[idField])) yield row;
    if (page.length < limit) return;
    known = new Set(page.map((row) => row[idField]));
  }
}

/** Return a response's content and headers, after as many attempts as it takes. */
async function exchange(client, key, method, path, options) {
  const { body, query = {}, waitSeconds = 0, deadline = Infinity, signal } = options;
  const url = new URL(client.baseUrl + path);
  for (const [name, value] of Object.entries(query)) if (value != null) url.searchParams.set(name, asText(value));
  const headers = { ...client.trace, ...options.headers, ...(key !== undefined && { Authorization: `Bearer ${key}` }) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const once = isSentOnce(method, path);
  // equal on every attempt of this call, so that the server does it once
  if (method === "POST" && !once) headers["Idempotency-Key"] = crypto.randomUUID();
  for (let attempt = 1; ; attempt++) {
    const seconds = Math.min(TIMEOUT_SECONDS + waitSeconds, Math.max(0, deadline - now()) + 2);
    const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const { response, text, problem } = await attempted(client, url, init, seconds, signal);
    // a DELETE whose response was lost has done its work
    const isDone = response?.ok || (method === "DELETE" && attempt > 1 && response?.status === 404);
    if (isDone) return { content: response.ok ? contentOf(response, text) : undefined, headers: response.headers };
    const asked = retryAfter(response);
    const wait = Math.max(0.25 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), asked ?? 0);
    // an earlier attempt, whose response was lost, still goes on; what it answers is the answer to the next one
    const isInProgress = response?.status === 409 && parsed(text).code === "idempotency_in_progress";
    // whoever is over a limit is refused before anything is done
    const isLater = response?.status === 429 || isInProgress || (!once && (!response || [502, 503, 504].includes(response.status)));
    if (!isLater || attempt === ATTEMPTS_MAX || wait > RETRY_AFTER_SECONDS_MAX || now() + wait >= deadline) {
      if (problem) throw problem;
      // browsers say of a redirection neither its status nor where it leads
      if (response.status < 400) throw new Redirected(response.status, { error: redirection(response, url) });
      const kind = KINDS[response.status] ?? (response.status >= 500 ? ServerError : OpenSinkApiError);
      throw new kind(response.status, parsed(text), asked);
    }
    await pause(wait, signal);
  }
}

async function attempted(client, url, init, seconds, signal) {
  const timer = new AbortController();
  const abort = () => timer.abort(signal.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", abort);
  const timeout = setTimeout(() => timer.abort(), Math.min(seconds * 1000, 2 ** 31 - 1));
  try {
    // secrets and bodies are for this server alone, and no POST becomes a GET
    const response = await client.fetch(url.href, { ...init, redirect: "manual", signal: timer.signal });
    return { response, text: await response.text() };
  } catch (cause) {
    signal?.throwIfAborted();
    if (timer.signal.aborted) return { problem: new TimedOut("The server did not answer in time.", { cause }) };
    const reason = cause?.cause?.message ?? cause?.message;
    return { problem: new Unreachable(`The server cannot be reached: ${reason}`, { cause }) };
  } finally {
    clearTimeout(timeout);
    signal?.removeEventListener("abort", abort);
  }
}

function redirection(response, url) {
  const said = response.status === 0 ? "The server redirects" : `The server answered ${response.status}`;
  const location = response.headers.get("Location");
  try {
    // neither a password nor a query goes into a log
    const { protocol, host, pathname } = new URL(location ?? "//", url);
    return `${said}: this is at ${protocol}//${host}${pathname} now.`;
  } catch {
    return `${said}: it is at another address.`;
  }
}

function contentOf(response, text) {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const error = "What the server answered is no JSON. Is this the address of OpenSink?";
    throw new OpenSinkApiError(response.status, { error });
  }
}

function parsed(text) {
  try {
    const problem = JSON.parse(text);
    return typeof problem === "object" && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

function retryAfter(response) {
  const text = response?.headers.get("Retry-After");
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

const now = () => performance.now() / 1000;
const part = (text) => encodeURIComponent(text);
const asText = (value) => (value instanceof Date ? value.toISOString() : String(value));

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => (signal?.removeEventListener("abort", stop), resolve());
    const stop = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

// What the client takes from where it runs: settings, its own address, the program's name.

const PLACE = "/static/sdk/opensink.js";
const URL_DEFAULT = "http://127.0.0.1:7465";

/** Return the server's address without one that was given. */
function defaultUrl() {
  return variable("OPENSINK_URL") ?? ownOrigin() ?? URL_DEFAULT;
}

function variable(name) {
  try {
    return globalThis.process?.env?.[name] || globalThis.Deno?.env.get(name) || undefined;
  } catch {
    return undefined; // Deno may not read it
  }
}

/** Return whether only programs on this machine reach what is at an address. */
function isOnThisMachine(url) {
  try {
    return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
  } catch {
    return false;
  }
}

function ownOrigin() {
  const isServed = import.meta.url.startsWith("http") && import.meta.url.endsWith(PLACE);
  return isServed ? import.meta.url.slice(0, -PLACE.length) : undefined;
}

function programName() {
  const file = globalThis.process?.argv?.[1]?.split(/[\\/]/).pop() ?? "";
  return file.replace(/\.\w+$/, "").replace(/^[-_]+|[-_]+$/g, "") || "JavaScript";
}

// What is asked, by which schema, for which agent, and what became of it.

/** What became of a question: `status` says it, and `response` is what a person answered. */
export class Answer {
  constructor(request, schema) {
    Object.assign(this, { request, status: request.status, response: request.response });
    Object.defineProperty(this, "schema", { value: schema });
  }
  /** The response as the schema's parse makes it; null unless somebody, or a default, has answered. */
  get value() {
    if (this.response === null) return null;
    return typeof this.schema.parse === "function" ? this.schema.parse(this.response) : this.response;
  }
}

/** A request that waits for an answer, and who asked. */
export class Question {
  constructor(client, request, schema) {
    Object.assign(this, { id: request.id, request });
    Object.defineProperties(this, { client: { value: client }, schema: { value: schema } });
  }
  /** Return what became of it once it waits no more. Throws TimeoutError. */
  async waitForAnswer(options) {
    return new Answer(await this.client.waitForAnswer(this.id, options), this.schema);
  }
}

/** Return the JSON Schema of what is one, or of a schema of zod's or another library that can say it. */
function schemaOf(schema, toJSONSchema) {
  if (toJSONSchema) return toJSONSchema(schema, { io: "input" });
  if (typeof schema.toJSONSchema === "function") return schema.toJSONSchema({ io: "input" });
  const standard = schema["~standard"]?.jsonSchema;
  if (standard) return standard.input({ target: "draft-2020-12" });
  if (typeof schema.parse === "function") throw new TypeError("Pass toJSONSchema too: z.toJSONSchema.");
  return schema;
}

async function agentNamed(client, name) {
  const slug = await slugOf(name);
  const there = async () => {
    for await (const agent of client.listAgents({ $limit: 100 })) {
      if (agent.namespace === "default" && agent.slug === slug) return agent;
    }
  };
  try {
    return (await there()) ?? (await client.createAgent(name, { slug }));
  } catch (error) {
    const agent = error instanceof Conflict ? await there() : undefined; // another program was faster
    if (agent) return agent;
    throw error;
  }
}

async function slugOf(name) {
  const plain = name.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 200);
  if (slug && !/[^\x00-\x7f]/.test(name)) return slug;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)));
  return `${slug || "agent"}-${Array.from(digest.slice(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

// Telling OpenSink's calls from others', for agents and functions behind an endpoint.

/**
 * Return a call that an agent or a function got if it is OpenSink's, and of now: `{id, sentAt, body, trace}`.
 *
 * Each secret that is given has to fit; of several, while one is replaced, one. `body` as it came: text or
 * bytes. Throws NotVerified, which says why; TypeError if no secret is given, or a signing secret is none.
 */
export async function verifyCall(headers, body, { signingSecret, executionSecret, toleranceSeconds = 300 }) {
  const [signing, execution] = [signingSecret ?? [], executionSecret ?? []].map((each) => [each].flat());
  if (signing.length + execution.length === 0 || [...signing, ...execution].includes("")) {
    throw new TypeError("Give a signing secret, an execution secret, or both.");
  }
  const keys = signing.map(keyOf);
  const given = namedIn(headers);
  const header = (name) => {
    if (!given.has(name.toLowerCase())) throw new NotVerified(`The header ${name} is missing.`);
    return given.get(name.toLowerCase());
  };
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body ?? []);
  if (execution.length > 0) {
    const sent = header("X-OpenSink-Secret");
    if (!execution.map((each) => isEqual(each, sent)).includes(true)) {
      throw new NotVerified("The header X-OpenSink-Secret is another.");
    }
  }
  let sentAt = null;
  if (signing.length > 0) {
    const text = header("webhook-timestamp");
    if (!/^\d{1,11}$/.test(text)) throw new NotVerified("The header webhook-timestamp is no number of seconds.");
    sentAt = new Date(Number(text) * 1000);
    const age = Math.round((Date.now() - sentAt.getTime()) / 1000);
    if (age > toleranceSeconds) throw new NotVerified(`The call was sent ${age} seconds ago: it is too old.`);
    if (-age > toleranceSeconds) throw new NotVerified("The call comes from the future: one of the clocks is wrong.");
    const signed = concatenated(new TextEncoder().encode(`${header("webhook-id")}.${text}.`), bytes);
    const signatures = await Promise.all(keys.map((key) => signature(key, signed)));
    const sent = header("webhook-signature").split(" ");
    if (!sent.flatMap((each) => signatures.map((own) => isEqual(own, each))).includes(true)) {
      throw new NotVerified("The signature is another: the body was changed, or the secret differs.");
    }
  }
  try {
    const content = bytes.length > 0 ? JSON.parse(new TextDecoder().decode(bytes)) : null;
    return { id: given.get("webhook-id") ?? null, sentAt, body: content, trace: traceIn(given) };
  } catch {
    throw new NotVerified("The body is no JSON.");
  }
}

/** Return headers by their names in lower case, whatever they came in. */
function namedIn(headers) {
  const entries = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Return the headers of a trace, and no others. */
const traceIn = (given) =>
  Object.fromEntries(["traceparent", "tracestate"].filter((name) => given.has(name)).map((name) => [name, given.get(name)]));

function keyOf(secret) {
  let text;
  try {
    text = atob(secret.replace(/^whsec_/, ""));
  } catch {
    throw new TypeError("A signing secret of OpenSink's begins with whsec_.");
  }
  if (text === "") throw new TypeError("A signing secret is empty."); // by which anybody could sign
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function signature(key, signed) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", imported, signed));
  return `v1,${btoa(String.fromCharCode(...made))}`;
}

function concatenated(...parts) {
  const whole = new Uint8Array(parts.reduce((length, each) => length + each.length, 0));
  parts.reduce((place, each) => (whole.set(each, place), place + each.length), 0);
  return whole;
}

/** Return true if both are equal; how long it takes says nothing of where they differ. */
function isEqual(ours, theirs) {
  let difference = ours.length ^ theirs.length;
  for (let i = 0; i < ours.length; i++) difference |= ours.charCodeAt(i) ^ (theirs.charCodeAt(i) || 0);
  return difference === 0;
}

// The client: what its methods are when they are not one call of operations.js.

const REQUESTS = "/api/v1/agent-session-input-requests";
const SLICE = 100;
const HOLD_SECONDS = 25;
const OUTAGE_SECONDS = 600;

/** Speaks to one server with one API key, or with an access token; repeats no call that would be done twice. */
export class Client {
  #key;
  #sessions = new Map();

  constructor({ baseUrl, apiKey, fetch, traceparent } = {}) {
    const url = baseUrl ?? defaultUrl();
    this.baseUrl = url.replace(/\/+$/, "");
    this.#key = (apiKey ?? variable("OPENSINK_API_KEY")) || undefined;
    // a server on this machine may be `opensink dev`, which needs no key
    if (!this.#key && !isOnThisMachine(this.baseUrl)) throw new TypeError("There is no API key: pass apiKey, or set OPENSINK_API_KEY.");
    this.fetch = fetch ?? ((...call) => globalThis.fetch(...call));
    this.trace = traceparent ? { traceparent } : {};
  }

  /** Return this client for calls in a trace: a traceparent, or headers that may have one. */
  inTrace(trace) {
    // without a key it goes on without one, whatever the environment has
    const client = new Client({ baseUrl: this.baseUrl, apiKey: this.#key ?? "", fetch: this.fetch });
    client.#sessions = this.#sessions;
    client.trace = typeof trace === "string" ? { traceparent: trace } : traceIn(namedIn(trace));
    return client;
  }

  /** Make any call of the server's; how the methods make theirs. */
  async request(method, path, options = {}) {
    return (await exchange(this, this.#key, method, path, options)).content;
  }

  /** Ask a person; without a session of one's own the question has one, which ends with it. */
  async ask(title, { schema, key, message = "", agent, session, toJSONSchema, ...options }) {
    const jsonSchema = schemaOf(schema, toJSONSchema);
    key ??= String(jsonSchema.title ?? "question").slice(0, 255);
    const body = { title, key, message, schema: jsonSchema, ...options };
    if (session) {
      const inSession = { ...body, session_id: session.id, agent_id: session.agent_id };
      return new Question(this, await this.request("POST", REQUESTS, { body: inSession }), schema);
    }
    const asked = await this.request("POST", "/api/v1/ask", { body: { ...body, agent: agent ?? programName() } });
    return new Question(this, await this.getInputRequest(asked.id), schema);
  }

  /** Read what became of a question that was asked in one call; a key that may only ask reads its own. */
  getAsk(requestId, { waitSeconds = 0, ...options } = {}) {
    const path = `/api/v1/ask/${part(requestId)}`;
    return this.request("GET", path, { ...options, waitSeconds, query: { wait: waitSeconds } });
  }

  /** Return a session for several questions of an agent of that name, both made if need be. */
  sessionFor(agent = programName()) {
    if (!this.#sessions.has(agent)) {
      const session = agentNamed(this, agent).then(({ id }) => this.startSession(id));
      session.catch(() => this.#sessions.delete(agent));
      this.#sessions.set(agent, session);
    }
    return this.#sessions.get(agent);
  }

  /** Return the request once it waits no more. Throws TimeoutError, or what the signal is aborted with. */
  async waitForAnswer(requestId, { timeoutSeconds = Infinity, signal } = {}) {
    const deadline = now() + timeoutSeconds;
    let heardAt = now();
    for (;;) {
      const hold = Math.floor(Math.max(0, Math.min(HOLD_SECONDS, deadline - now())));
      let problem;
      try {
        const request = await this.getInputRequest(requestId, { waitSeconds: hold, deadline, signal });
        if (request.status !== "pending") return request;
        heardAt = now();
      } catch (error) {
        const passes = [Unreachable, ServerError, RateLimited].some((kind) => error instanceof kind);
        if (!passes || (deadline === Infinity && now() - heardAt > OUTAGE_SECONDS)) throw error;
        problem = error;
      }
      if (now() >= deadline) throw new TimeoutError("Nobody answered in time.", { cause: problem });
      await pause(Math.min(0.5, deadline - now()), signal); // a busy server answers at once
    }
  }

  getInputRequest(requestId, { waitSeconds = 0, ...options } = {}) {
    const path = `${REQUESTS}/${part(requestId)}`;
    return this.request("GET", path, { ...options, waitSeconds, query: { wait: waitSeconds } });
  }

  /** Show which form a schema makes, filled with `values`; nobody is asked. */
  preview(schema, { values, toJSONSchema } = {}) {
    const body = { schema: schemaOf(schema, toJSONSchema), values };
    return this.request("POST", `${REQUESTS}/preview`, { body });
  }

  /** Return what is said about a request, oldest first; it waits for more while there is nothing. */
  async comments(requestId, { after, waitSeconds = 0 } = {}) {
    const path = `${REQUESTS}/${part(requestId)}/comments`;
    const items = [];
    let query = { $limit: SLICE, wait: waitSeconds, after };
    for (;;) {
      const page = await this.request("GET", path, { query, waitSeconds });
      items.push(...page.items);
      if (page.trail === null) return items.reverse();
      query = { ...query, wait: 0, $trail: page.trail };
    }
  }

  logActivity({ id, agent_id }, message, details = {}) {
    const body = { type: "message", source: "agent", message, ...details, session_id: id, agent_id };
    return this.request("POST", "/api/v1/agent-session-activities", { body });
  }

  /** Yield what happened, in a session or in all, newest first. */
  listActivities(session, filters = {}) {
    const query = session ? { ...filters, session_id: session.id } : filters;
    return each(this, "/api/v1/agent-session-activities", query);
  }

  /** Make an agent's calls again that failed, and return how many those were. */
  async redeliverFailed(agentId) {
    const body = { agent_id: agentId };
    return (await this.request("POST", "/api/v1/deliveries/redeliver", { body })).count;
  }

  /** Return what a rule said, newest first. */
  async listRevisions(policyId) {
    return (await this.request("GET", `/api/v1/policies/${part(policyId)}/revisions`)).items;
  }

  /** Execute a function and wait for its output; without a timeout its own counts. */
  execute(namespace, name, input, { timeoutSeconds } = {}) {
    const path = `/functions/${part(namespace)}/${part(name)}/execute`;
    return this.request("POST", path, { body: { input, timeout: timeoutSeconds }, waitSeconds: timeoutSeconds ?? 86400 });
  }

  /** Yield a batch's executions in the order of its inputs. */
  async *batchExecutions(batchId, filters = {}) {
    for (let offset = 0; ; offset += SLICE) {
      const query = { ...filters, limit: SLICE, offset };
      const { executions } = await this.request("GET", `/batches/${part(batchId)}/executions`, { query });
      yield* executions;
      if (executions.length < SLICE) return;
    }
  }

  /** Yield executions, newest first, page by page; `listExecutions` returns one page. */
  allExecutions(filters = {}) {
    return eachSkipping(this, "/executions", filters, "execution_id");
  }

  /** Yield batches, newest first. */
  listBatches(filters = {}) {
    return eachSkipping(this, "/batches", filters, "batch_id");
  }

  /** Cancel what has not begun, and return how many those were. */
  async cancelBatch(batchId) {
    return (await this.request("POST", `/batches/${part(batchId)}/cancel`)).cancelled_children;
  }

  /** Return the batch once all of it has ended; it looks in pauses. Throws TimeoutError. */
  async waitForBatch(batchId, { timeoutSeconds = Infinity, pauseSeconds = 1, signal } = {}) {
    const deadline = now() + timeoutSeconds;
    for (;;) {
      const batch = await this.getBatch(batchId);
      if (batch.finished_at !== null) return batch;
      if (now() >= deadline) throw new TimeoutError("The batch did not end in time.");
      await pause(pauseSeconds, signal);
    }
  }

  /** Yield chats without their messages, newest first. */
  async *listChats(filters = {}) {
    const query = { limit: SLICE, ...filters };
    do {
      const { content, headers } = await exchange(this, this.#key, "GET", "/chats", { query });
      yield* content;
      query.cursor = headers.get("X-Next-Cursor");
    } while (query.cursor);
  }
}

for (const [root, operations] of Object.entries(OPERATIONS)) {
  for (const operation of operations.split(/;\s*/)) {
    const [name, method, ...words] = operation.split(" ");
    const path = root + (words[0]?.startsWith("/") ? words.shift() : "");
    const ids = path.match(/\{\w+\}/g) ?? [];
    // in the prototype, like those that are written out
    Client.prototype[name] = function (...given) {
      const parts = given.splice(0, ids.length).map(part);
      const fields = Object.fromEntries(words.map((word) => [word, given.shift()]));
      const filled = path.replace(/\{\w+\}/g, () => parts.shift());
      const rest = { ...fields, ...given[0] };
      if (method === "LIST") return each(this, filled, rest);
      const isBody = !["GET", "DELETE"].includes(method) && (words.length > 0 || given[0] !== undefined);
      return this.request(method, filled, isBody ? { body: rest } : { query: rest });
    };
  }
}

/** Put something into a sink by its secret alone, without a key. */
export async function addToSink(sinkId, title, { secret, baseUrl, fetch, ...fields }) {
  const client = new Client({ baseUrl, fetch, apiKey: "-" });
  const options = { body: { title, ...fields }, headers: { "X-OpenSink-Secret": secret } };
  return (await exchange(client, undefined, "POST", `/api/v1/sinks/${part(sinkId)}/items`, options)).content;
}

/** Return tokens for a person; a client with the `access_token` as its apiKey then speaks for them. */
export async function signIn(email, password, { otp, workspace, baseUrl, fetch } = {}) {
  const client = new Client({ baseUrl, fetch, apiKey: "-" });
  const body = { email, password, otp, workspace };
  return (await exchange(client, undefined, "POST", "/auth/login", { body })).content;
}
