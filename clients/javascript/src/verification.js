// Telling OpenSink's calls from others', for agents and functions behind an endpoint.

import { NotVerified } from "./errors.js";

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
export function namedIn(headers) {
  const entries = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Return the headers of a trace, and no others. */
export const traceIn = (given) =>
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
