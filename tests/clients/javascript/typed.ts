// What the types promise is what tsc accepts; it is compiled, not run.
import { z } from "zod";
import { Client, type InputRequest, NotVerified, verifyCall } from "opensink-client";

const opensink = new Client({ apiKey: "key" });
const Deploy = z.object({ approved: z.boolean(), note: z.string().default("") });

const question = await opensink.ask("Deploy?", { schema: Deploy, priority: 3, expires_at: new Date() });
const answer = await question.waitForAnswer({ timeoutSeconds: 60, signal: AbortSignal.timeout(1000) });
const approved: boolean | undefined = answer.value?.approved;
const note: string | undefined = answer.value?.note;
// @ts-expect-error the schema has no such field
answer.value?.amount;

const json = await opensink.ask("Deploy?", { schema: { type: "object" } });
const value: Record<string, unknown> | null = (await json.waitForAnswer()).value;
for await (const request of opensink.listInputRequests({ status: "pending", $limit: 50 })) {
  const title: string = request.title;
  const decided: InputRequest = await opensink.resolve(request.id, { approved: true, title });
  await opensink.comment(decided.id, "Done.", { wake: true });
}
// @ts-expect-error there is no such status
opensink.listInputRequests({ status: "open" });
// @ts-expect-error a scope is missing
await opensink.createKey("CI");
const token: string | null = (await opensink.createKey("CI", ["agents:read"])).key;
try {
  const call = await verifyCall(new Headers(), "{}", { signingSecret: ["whsec_YQ==", "whsec_Yg=="] });
  console.log(call.id, call.sentAt?.getTime(), approved, note, value, token);
} catch (error) {
  if (error instanceof NotVerified) console.log(error.message);
}
