// The client: what its methods are when they are not one call of operations.js.

import { RateLimited, ServerError, TimeoutError, Unreachable } from "./errors.js";
import { each, eachSkipping, exchange, now, part, pause } from "./exchange.js";
import { OPERATIONS } from "./operations.js";
import { Answer, Question, agentNamed, schemaOf } from "./question.js";
import { defaultUrl, isOnThisMachine, programName, variable } from "./surroundings.js";
import { namedIn, traceIn } from "./verification.js";

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
