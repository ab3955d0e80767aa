// Notes from a page's start on what its policy stops and what htmx asks for.
(() => {
  const seen = { policy: [], htmx: [] };
  Object.defineProperty(window, "seenByTests", { value: seen });
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    seen.policy.push(`${violatedDirective} ${blockedURI}`);
  }, true);
  addEventListener("htmx:beforeRequest", ({ detail: { requestConfig } }) => {
    seen.htmx.push(`${requestConfig.verb} ${requestConfig.path}`);
  }, true);
})();
