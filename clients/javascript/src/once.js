// Which calls are made once: those of which the server keeps no response, for it has tokens in it. Any other POST may be
// repeated with its Idempotency-Key, and the server does it once.
const SENT_ONCE = [
  "/auth/login",
  "/auth/logout",
  "/auth/refresh",
];

/** Return true if the server might do such a call twice that is repeated. */
export const isSentOnce = (method, path) => method === "POST" && SENT_ONCE.includes(path);
