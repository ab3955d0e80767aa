// What is asked, by which schema, for which agent, and what became of it.

import { Conflict } from "./errors.js";

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
export function schemaOf(schema, toJSONSchema) {
  if (toJSONSchema) return toJSONSchema(schema, { io: "input" });
  if (typeof schema.toJSONSchema === "function") return schema.toJSONSchema({ io: "input" });
  const standard = schema["~standard"]?.jsonSchema;
  if (standard) return standard.input({ target: "draft-2020-12" });
  if (typeof schema.parse === "function") throw new TypeError("Pass toJSONSchema too: z.toJSONSchema.");
  return schema;
}

export async function agentNamed(client, name) {
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
