// Calls every method once, of a server that has nothing.
import { Client, OpenSinkError, addToSink, signIn } from "opensink-client";

const opensink = new Client();
const session = { id: "s", agent_id: "a" };
const special = { ask: ["x", { schema: {} }], logActivity: [session, "x"], listActivities: [session], request: null, inTrace: null };
const silent = [];
for (const name of Object.getOwnPropertyNames(Client.prototype)) {
  const given = name in special ? special[name] : ["x", "x", "x", "x", "x", "x"].slice(0, 6);
  if (name === "constructor" || given === null) continue;
  const refused = await called(() => opensink[name](...given));
  if (!refused) silent.push(name);
}
if (!(await called(() => opensink.ask("x", { schema: {}, session })))) silent.push("ask in a session");
if (!(await called(() => signIn("alice@example.com", "x")))) silent.push("signIn");
if (!(await called(() => addToSink("x", "x", { secret: "x" })))) silent.push("addToSink");
console.log(JSON.stringify(silent));

async function called(call) {
  try {
    const made = await call();
    if (made?.next) await made.next();
    return false;
  } catch (error) {
    if (error instanceof OpenSinkError) return true;
    throw error;
  }
}
