// Says of each call that comes in whether it is verified, or why not.
import { readFileSync } from "node:fs";
import { verifyCall } from "opensink-client";

const said = [];
for (const { headers, body, options } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const call = await verifyCall(headers, body, options);
    said.push({ id: call.id, sentAt: call.sentAt?.toISOString() ?? null, body: call.body });
  } catch (error) {
    said.push(`${error.name}: ${error.message}`);
  }
}
console.log(JSON.stringify(said));
