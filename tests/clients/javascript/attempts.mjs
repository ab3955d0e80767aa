// How often it tries, how long it waits, and with which key; the server answers as it is told.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Client, Conflict, OpenSinkApiError, RateLimited, Redirected, ServerError, TimedOut, Unreachable } from "opensink-client";
import { addToSink, signIn } from "opensink-client";

const sent = [];
function scripted(...replies) {
  sent.length = 0;
  const fetch = async (url, { method, headers, signal }) => {
    sent.push({ url, method, headers });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    if (reply === "hang") return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    if (reply instanceof Error) throw reply;
    return reply.clone();
  };
  return new Client({ baseUrl: "https://opensink.example.com/below/", apiKey: "key", fetch });
}
const reply = (status, body = "", headers = {}) => new Response(body || null, { status, headers });

await scripted(reply(503), new TypeError("broken"), reply(201, "{}")).createAgent("Trader");
assert.equal(sent.length, 3);
assert.equal(new Set(sent.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
assert.equal(sent[0].headers.Authorization, "Bearer key");
assert.equal(sent[0].url, "https://opensink.example.com/below/api/v1/agents");
await scripted(reply(429, "", { "Retry-After": "0" }), reply(200, "[]")).listExecutions({ trigger_id: "a b" });
assert.equal(sent[1].url, "https://opensink.example.com/below/executions?trigger_id=a+b");
assert.equal("Idempotency-Key" in sent[1].headers, false);
const inProgress = reply(409, '{"error": "Wait.", "code": "idempotency_in_progress"}', { "Retry-After": "0" });
await scripted(inProgress, reply(201, "{}")).createAgent("Trader");
assert.equal(new Set(sent.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
assert.equal(sent.length, 2);
await assert.rejects(scripted(reply(409, '{"error": "No.", "code": "conflict"}'), reply(201, "{}")).createAgent("T"), Conflict);
assert.equal(sent.length, 1);
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const traced = scripted(reply(200, "{}"));
await traced.inTrace(new Headers({ Traceparent: traceparent, Tracestate: "a=1", "X-Other": "1" })).me();
await traced.inTrace(traceparent).me();
await traced.me();
await new Client({ baseUrl: "https://opensink.example.com", apiKey: "key", fetch: traced.fetch, traceparent }).me();
const inTraces = sent.map(({ headers }) => [headers.traceparent, headers.tracestate, headers["X-Other"]]);
const none = [undefined, undefined];
assert.deepEqual(inTraces, [[traceparent, "a=1", undefined], [traceparent, ...none], [undefined, ...none], [traceparent, ...none]]);
const rows = Array.from({ length: 101 }, (_, n) => ({ execution_id: n }));
const pages = [rows.slice(0, 100), rows.slice(99)].map((page) => reply(200, JSON.stringify(page)));
const every = [];
for await (const row of scripted(...pages).allExecutions({ status: "failed" })) every.push(row.execution_id);
assert.deepEqual(every, rows.map((row) => row.execution_id)); // what moved on to the next page is yielded once
assert.match(sent[1].url, /status=failed&skip=100&limit=100$/);
const later = scripted(reply(429, "", { "Retry-After": "61" })).me();
await assert.rejects(later, (error) => error instanceof RateLimited && error.retryAfterSeconds === 61);
assert.equal(sent.length, 1);
await assert.rejects(scripted(reply(500, '["no problem of ours"]')).me(), ServerError);
await assert.rejects(scripted(reply(200, "<h1>Sign in</h1>")).me(), OpenSinkApiError);
assert.equal(await scripted(reply(503), reply(404)).deleteAgent("a"), undefined);
await assert.rejects(scripted("hang").waitForAnswer("r", { timeoutSeconds: 0 }), (error) => error.cause instanceof TimedOut);
const problem = '{"error": "No such request.", "code": "not_found"}';
await assert.rejects(scripted(...Array(5).fill(reply(502)), reply(404, problem)).waitForAnswer("r"), /No such request/);

// what the server might do twice is sent once, unless it says that it has not begun
for (const call of [
  (opensink) => opensink.refresh("token"),
  (opensink) => opensink.logout("token"),
]) {
  for (const status of [502, 503, 504]) {
    await assert.rejects(call(scripted(reply(status), reply(500))), (error) => error.status === status);
  }
  await assert.rejects(call(scripted(new TypeError("broken"), reply(500))), Unreachable);
  assert.equal(sent.length, 1);
  assert.equal("Idempotency-Key" in sent[0].headers, false);
  await assert.rejects(call(scripted(reply(429), reply(409))), Conflict);
  assert.equal(sent.length, 2);
}

// what leads elsewhere gets neither keys nor bodies, and the error says where it is
const told = { status: 0, location: "", reached: undefined };
const opaque = Object.defineProperties(reply(200), { status: { value: 0 }, ok: { value: false }, clone: { value: () => opaque } });
await assert.rejects(scripted(opaque).me(), (error) => error instanceof Redirected && /redirects: it is at another/.test(error.message));
const elsewhere = createServer((request, response) => (told.reached = request.url, response.end("{}")));
const server = createServer((request, response) => response.writeHead(told.status, { Location: told.location }).end());
const origins = await Promise.all([elsewhere, server].map(listening));
told.location = `${origins[0].replace("//", "//user:hidden@")}/there?otp=hidden#hidden`;
const moved = new Client({ baseUrl: origins[1], apiKey: "hidden" });
for (told.status of [300, 301, 302, 303, 307, 308]) {
  for (const call of [
    () => moved.createTeam("Finance"),
    () => moved.deleteTeam("t"),
    () => moved.me(),
    () => signIn("alice@example.com", "hidden", { baseUrl: origins[1] }),
    () => addToSink("s", "News", { secret: "hidden", baseUrl: origins[1] }),
    () => moved.waitForAnswer("r"),
  ]) {
    const message = `The server answered ${told.status}: this is at ${origins[0]}/there now.`;
    await assert.rejects(call(), (error) => error instanceof Redirected && error.message === message);
  }
}
assert.equal(told.reached, undefined);
for (const each of [elsewhere, server]) each.close();
console.log("done");

function listening(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));
}
