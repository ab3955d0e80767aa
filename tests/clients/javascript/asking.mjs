// Asks, waits, lists and fails against a running server, as a program in Node does.
import assert from "node:assert/strict";
import { z } from "zod";
import * as client from "opensink-client";

const { Client, Conflict, InvalidRequest, NotFound, TimeoutError, Unreachable } = client;
const opensink = new Client();
const Order = z.object({ approved: z.boolean(), amount: z.number().int().default(10) });
const Strict = Order.refine((order) => order.amount % 2 === 0, "odd");
const plain = { type: "object", properties: { approved: { type: "boolean" } }, title: "Plain" };

// in one line, by a schema of zod's, and back through it
const question = await opensink.ask("Buy ten?", {
  schema: Order,
  priority: 7,
  agent: "Übung",
  expires_at: new Date("2090-01-01"),
});
const waiting = question.waitForAnswer({ timeoutSeconds: 100 });
await opensink.resolve(question.id, { approved: true });
const answer = await waiting;
assert.deepEqual(answer.value, { approved: true, amount: 10 });
assert.deepEqual([answer.status, answer.response], ["resolved", { approved: true }]);
assert.deepEqual([answer.request.priority, answer.request.expires_at], [7, "2090-01-01T00:00:00Z"]);

// what is no answer, and what zod does not take
const declined = await opensink.ask("Buy?", { schema: plain, agent: "Übung" });
await assert.rejects(declined.waitForAnswer({ timeoutSeconds: 0.1 }), TimeoutError);
await opensink.decline(declined.id, "Too dear.");
const none = await declined.waitForAnswer();
assert.deepEqual([none.value, none.status, none.request.key], [null, "declined", "Plain"]);
const odd = await opensink.ask("Odd?", { schema: Strict, toJSONSchema: z.toJSONSchema, agent: "Übung" });
await opensink.resolve(odd.id, { approved: true, amount: 3 });
assert.throws(() => odd.request && new client.Answer({ status: "resolved", response: { approved: true, amount: 3 } }, Strict).value, /odd/);

// one agent, however many ask at once, and a session for each, which ends with the question
const many = await Promise.all([1, 2, 3, 4, 5].map((n) => opensink.ask(`${n}?`, { schema: plain, agent: "Übung" })));
assert.deepEqual(new Set(many.map((each) => each.request.agent_id)), new Set([question.request.agent_id]));
assert.equal(new Set(many.map((each) => each.request.session_id)).size, 5);
assert.equal((await opensink.getSession(question.request.session_id)).status, "completed");
assert.equal((await opensink.getAsk(question.id)).outcome, "answered");
const session = await opensink.sessionFor("Übung");
assert.equal(session.agent_id, question.request.agent_id);
const inIt = await opensink.ask("In it?", { schema: plain, session });
assert.equal(inIt.request.session_id, session.id);
const noted = await opensink.logActivity(session, "Asked.", { payload: { count: 5 } });
const said = [];
for await (const activity of opensink.listActivities(session, { type: "message", $limit: 1 })) said.push(activity.id);
assert.deepEqual(said, [noted.id]);

// a wait that is given up ends at once
const abort = new AbortController();
const given = inIt.waitForAnswer({ signal: abort.signal });
setTimeout(() => abort.abort(new Error("given up")), 50);
await assert.rejects(given, /given up/);

await opensink.decline(inIt.id, "No."); // lets the server end what it holds

await opensink.updateSession(session.id, { status: "completed" });
await assert.rejects(opensink.ask("Still?", { schema: plain, session }), Conflict);

// lists go on page by page, and errors have types
const titles = [];
for await (const request of opensink.listInputRequests({ agent_id: session.agent_id, $limit: 2 })) titles.push(request.title);
assert.equal(titles.length, 9);
assert.equal((await opensink.getInputRequest(question.id)).status, "resolved");
assert.equal((await opensink.preview(Order)).is_native, true);
const comment = await opensink.comment(inIt.id, "Well?");
assert.deepEqual((await opensink.comments(inIt.id)).map((each) => each.id), [comment.id]);
await assert.rejects(opensink.createAgent(""), (error) => error instanceof InvalidRequest && error.errors[0].path === "/name");
await assert.rejects(opensink.getAgent("a/b?c"), NotFound);
await assert.rejects(new Client({ baseUrl: "http://127.0.0.1:9", apiKey: "k" }).me(), Unreachable);
assert.equal((await opensink.me()).email, "alice@example.com");
// by key, and by a sink's secret alone
const sink = await opensink.createSink("News", { color: "blue" });
const put = await opensink.createManySinkItems([{ sink_id: sink.id, title: "One" }, { sink_id: sink.id, title: "Two" }]);
assert.deepEqual([put.created.length, put.failed, put.invalid], [2, [], []]);
const told = await client.addToSink(sink.id, "Three", { secret: sink.secret, fields: { category: "news" } });
const found = [];
for await (const item of opensink.listSinkItems({ sink_id: sink.id, q: "three" })) found.push(item.id);
assert.deepEqual(found, [told.id]);
console.log("done", question.request.agent_id);
