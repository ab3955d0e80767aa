// How the client speaks HTTP: its key, repeated attempts, errors.

import { Conflict, Forbidden, InvalidRequest, NotAuthenticated, NotFound, OpenSinkApiError } from "./errors.js";
import { RateLimited, Redirected, ServerError, TimedOut, Unreachable } from "./errors.js";
import { isSentOnce } from "./once.js";

const TIMEOUT_SECONDS = 30;
const ATTEMPTS_MAX = 4;
const RETRY_AFTER_SECONDS_MAX = 60; // who is to wait for longer is told at once
const KINDS = {
  400: InvalidRequest, 401: NotAuthenticated, 403: Forbidden, 404: NotFound, 409: Conflict,
  413: InvalidRequest, 415: InvalidRequest, 422: InvalidRequest, 429: RateLimited,
};

/** Yield what a list has, page by page. */
export async function* each(client, path, filters) {
  for (let query = { ...filters }; ; ) {
    const page = await client.request("GET", path, { query });
    yield* page.items;
    if (page.trail == null) return;
    query = { ...query, $trail: page.trail };
  }
}

/** Yield what a list of the execution API has, page by page; new rows move the others on meanwhile. */
export async function* eachSkipping(client, path, filters, idField, limit = 100) {
  for (let skip = 0, known = new Set(); ; skip += limit) {
    const page = await client.request("GET", path, { query: { ...filters, skip, limit } });
    for (const row of page) if (!known.has(row[idField])) yield row;
    if (page.length < limit) return;
    known = new Set(page.map((row) => row[idField]));
  }
}

/** Return a response's content and headers, after as many attempts as it takes. */
export async function exchange(client, key, method, path, options) {
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

export const now = () => performance.now() / 1000;
export const part = (text) => encodeURIComponent(text);
const asText = (value) => (value instanceof Date ? value.toISOString() : String(value));

export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => (signal?.removeEventListener("abort", stop), resolve());
    const stop = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
