// Which calls are made once: those of which the server keeps no response under a key. Any other POST may be
// repeated with its Idempotency-Key, and the server does it once.
const SENT_ONCE = [
  "/api/v1/absences",
  "/api/v1/deliveries/redeliver",
  "/api/v1/escalation-chains",
  "/api/v1/notification-channels",
  "/api/v1/notification-channels/{channel_id}/confirm",
  "/api/v1/notification-channels/{channel_id}/rules",
  "/api/v1/notification-channels/{channel_id}/test",
  "/api/v1/roles",
  "/api/v1/roles/{role_id}/members",
  "/api/v1/teams",
  "/auth/check-permissions",
  "/auth/login",
  "/auth/logout",
  "/auth/refresh",
];
const SENT_ONCE_PATH = new RegExp(`^(${SENT_ONCE.join("|").replace(/\{\w+\}/g, "[^/]+")})$`);

/** Return true if the server might do such a call twice that is repeated. */
export const isSentOnce = (method, path) => method === "POST" && SENT_ONCE_PATH.test(path.split("?")[0]);
