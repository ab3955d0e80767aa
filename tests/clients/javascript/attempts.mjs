// How often it tries, how long it waits, and with which key; the server answers as it is told.
import assert from "node:assert/strict";
import { Client, OpenSinkApiError, RateLimited, ServerError, TimedOut } from "opensink-client";

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
console.log("done");
