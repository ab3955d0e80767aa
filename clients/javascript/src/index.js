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

export * from "./errors.js";
export { Answer, Question } from "./question.js";
export { verifyCall } from "./verification.js";
export { Client, addToSink, signIn } from "./client.js";
