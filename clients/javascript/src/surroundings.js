// What the client takes from where it runs: settings, its own address, the program's name.

const PLACE = "/static/sdk/opensink.js";
const URL_DEFAULT = "http://127.0.0.1:7465";

/** Return the server's address without one that was given. */
export function defaultUrl() {
  return variable("OPENSINK_URL") ?? ownOrigin() ?? URL_DEFAULT;
}

export function variable(name) {
  try {
    return globalThis.process?.env?.[name] || globalThis.Deno?.env.get(name) || undefined;
  } catch {
    return undefined; // Deno may not read it
  }
}

/** Return whether only programs on this machine reach what is at an address. */
export function isOnThisMachine(url) {
  try {
    return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
  } catch {
    return false;
  }
}

function ownOrigin() {
  const isServed = import.meta.url.startsWith("http") && import.meta.url.endsWith(PLACE);
  return isServed ? import.meta.url.slice(0, -PLACE.length) : undefined;
}

export function programName() {
  const file = globalThis.process?.argv?.[1]?.split(/[\\/]/).pop() ?? "";
  return file.replace(/\.\w+$/, "").replace(/^[-_]+|[-_]+$/g, "") || "JavaScript";
}
