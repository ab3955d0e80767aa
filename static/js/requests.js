// What every htmx request needs: the CSRF token, and a word to the person when it fails.
(() => {
  "use strict";
  const SAFE_VERBS = ["get", "head", "options"];
  const FAILURES = {
    0: "The server cannot be reached. Check your connection; what you typed is still here.",
    401: "You are signed out; what you typed is still here.",
    403: "You do not have permission to do this.",
    404: "This no longer exists. Reload the page to see what is there.",
    429: "Too many requests. Wait a moment and try again.",
  };
  const OTHERWISE = "Something went wrong on the server. Nothing was changed; try again in a moment.";

  // Text of agents lives inside hx-disable. htmx does not process it; should it ever, the request
  // must not carry the token.
  function mayCarryToken({ elt, verb, path }) {
    const sameOrigin = new URL(path, location.href).origin === location.origin;
    return sameOrigin && !SAFE_VERBS.includes(verb) && !elt.closest("[hx-disable], [data-hx-disable]");
  }

  function tellFailure(status) {
    const detail = { text: FAILURES[status] || OTHERWISE, tone: "danger" };
    if (status === 401) Object.assign(detail, { href: `${document.documentElement.dataset.root}/sign-in`, linkText: "Sign in in another tab", target: "_blank" });
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  }

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token && mayCarryToken(event.detail)) event.detail.headers["X-CSRFToken"] = token.content;
  });
  // What moves by itself asks again by itself (live.js), which also says that the server has gone.
  function isAskedAgain({ requestConfig, xhr: { status } }) {
    return requestConfig?.triggeringEvent?.type === "live" && (status === 0 || status === 429 || status >= 500);
  }

  // The server has its own word for it.
  const isTold = ({ xhr }) => xhr.getResponseHeader("HX-Trigger")?.includes('"toast"');

  document.addEventListener("htmx:responseError", ({ detail }) => isAskedAgain(detail) || isTold(detail) || tellFailure(detail.xhr.status));
  document.addEventListener("signed-out", () => tellFailure(401));
  document.addEventListener("htmx:sendError", ({ detail }) => isAskedAgain(detail) || tellFailure(0));
  document.addEventListener("htmx:timeout", ({ detail }) => isAskedAgain(detail) || tellFailure(0));
})();
