// Drafts: what is typed into a form is saved on the server while one types. While that cannot be
// reached it stays in this tab, which tries again with growing pauses, and also after a reload.
(() => {
  "use strict";
  const PAUSE_MS = 800;
  const LONGEST_PAUSE_MS = 15_000;
  const KEEPALIVE_BYTES = 60_000; // more of it a browser refuses
  const LEFT_MS = 30_000; // a page that was left so long ago has sent what it had
  const LOOK_AGAIN_MS = [200, 500, 1000, 2000];
  const states = new WeakMap(); // by form

  const statusOf = (form) => form && document.querySelector(`[data-draft-of="${form.id}"]`);
  const formOf = (element) => {
    const form = element?.form ?? element?.closest?.("form");
    return form?.matches("form[data-review]") ? form : null;
  };

  function stateOf(form) {
    if (!states.has(form)) {
      states.set(form, { timer: 0, pause: PAUSE_MS, isDirty: false, isSaving: false, isSent: false });
    }
    return states.get(form);
  }

  function say(form, words, isProblem = false) {
    const status = statusOf(form);
    if (!status || status.textContent === words) return;
    status.textContent = words;
    status.classList.toggle("is-problem", isProblem);
  }

  // In this tab alone, and only where no secret can be in it.
  function keepHere(form, body) {
    const status = statusOf(form);
    if (!("draftHere" in status.dataset)) return;
    const kept = new URLSearchParams(body);
    kept.delete("csrf_token");
    try {
      sessionStorage.setItem(`draft ${status.dataset.draft}`, kept.toString());
    } catch { /* there is no room: the page has it still */ }
  }

  function forgetHere(form) {
    try {
      sessionStorage.removeItem(`draft ${statusOf(form).dataset.draft}`);
    } catch { /* there is no storage */ }
  }

  function schedule(form, pause) {
    const state = stateOf(form);
    clearTimeout(state.timer);
    if (!state.isSent) state.timer = setTimeout(() => save(form), pause);
  }

  // The page that comes next may be drawn before what is sent now has arrived: it looks again.
  function noteLeaving(form) {
    const state = stateOf(form);
    if (!statusOf(form) || state.isSent || !(state.isDirty || state.isSaving)) return;
    try {
      sessionStorage.setItem(`left ${statusOf(form).dataset.draft}`, String(Date.now()));
    } catch { /* there is no storage */ }
  }

  async function save(form, isLeaving = false) {
    const status = statusOf(form);
    const state = stateOf(form);
    clearTimeout(state.timer);
    if (isLeaving) noteLeaving(form);
    if (!status || !state.isDirty || state.isSent || (state.isSaving && !isLeaving)) return;
    state.isDirty = false;
    state.isSaving = true;
    const body = new URLSearchParams(new FormData(form)).toString();
    const keepalive = isLeaving && body.length < KEEPALIVE_BYTES;
    if (isLeaving) keepHere(form, body); // it may not arrive
    try {
      const answer = await fetch(status.dataset.draft, {
        method: "POST",
        body,
        keepalive,
        redirect: "error",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        signal: keepalive ? undefined : AbortSignal.timeout(LONGEST_PAUSE_MS),
      });
      settle(form, answer, body);
    } catch {
      failed(form, body, "Not saved: the server cannot be reached. It is tried again.");
    } finally {
      state.isSaving = false;
      if (state.isDirty) schedule(form, state.pause);
    }
  }

  function settle(form, answer, body) {
    const state = stateOf(form);
    if (answer.ok) {
      state.pause = PAUSE_MS;
      forgetHere(form);
      const version = answer.headers.get("X-Draft");
      if (version) form.elements._draft.value = version;
      const isReplaced = answer.headers.has("X-Draft-Replaced");
      say(form, isReplaced ? "Draft saved. It replaced what you had typed in another tab." : "Draft saved");
      if (!state.isDirty) document.dispatchEvent(new CustomEvent("draft-saved", { detail: form }));
    } else if (answer.status >= 500 || answer.status === 429) {
      failed(form, body, "Not saved: the server cannot take it just now. It is tried again.");
    } else {
      keepHere(form, body);
      say(form, answer.status === 400 || answer.status === 401 || answer.status === 403
        ? "Not saved: sign in again, in another tab; then send this one."
        : "Not saved: this page cannot save drafts any more.", true);
    }
  }

  function failed(form, body, words) {
    const state = stateOf(form);
    state.isDirty = true;
    state.pause = Math.min(state.pause * 2, LONGEST_PAUSE_MS);
    keepHere(form, body);
    say(form, words, true);
  }

  function note(form, pause) {
    if (!statusOf(form)) return;
    const state = stateOf(form);
    state.isDirty = true;
    if (state.pause > PAUSE_MS) return; // the server is away: its own pause goes on
    schedule(form, pause);
  }

  document.addEventListener("input", ({ target }) => note(formOf(target), PAUSE_MS));
  document.addEventListener("change", ({ target }) => note(formOf(target), PAUSE_MS));
  document.addEventListener("focusout", ({ target }) => {
    const form = formOf(target);
    if (form && stateOf(form).pause === PAUSE_MS) save(form);
  });
  // rows that came or went by a button
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.requestConfig?.verb === "post") note(formOf(detail.elt), PAUSE_MS);
  });
  document.addEventListener("submit", (event) => {
    const form = formOf(event.target);
    if (!form || !event.submitter?.matches("[data-review-submit]")) return;
    // what is sent by htmx may fail, and goes on to be saved then
    const state = stateOf(form);
    state.isSent = true;
    clearTimeout(state.timer);
    forgetHere(form);
  });
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, ({ detail }) => {
      const form = formOf(detail.elt);
      if (!form || !stateOf(form).isSent) return;
      stateOf(form).isSent = false;
      note(form, PAUSE_MS);
    });
  }

  function leave() {
    for (const form of document.querySelectorAll("form[data-review]")) save(form, true);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
  });
  window.addEventListener("beforeunload", leave); // which is before the next page is asked for
  window.addEventListener("pagehide", leave);
  window.addEventListener("online", () => {
    for (const form of document.querySelectorAll("form[data-review]")) {
      if (statusOf(form) && stateOf(form).isDirty) schedule(form, 0);
    }
  });

  // What this tab could not save before it was reloaded goes to the server first, and is shown then.
  async function bringBack(form) {
    const status = statusOf(form);
    const key = status && `draft ${status.dataset.draft}`;
    const kept = key && sessionStorage.getItem(key);
    if (!kept) {
      if (status) await lookAgain(form, status.dataset.draft);
      return;
    }
    sessionStorage.removeItem(key);
    const body = new URLSearchParams(kept);
    const token = form.elements.csrf_token?.value;
    if (token) body.set("csrf_token", token);
    try {
      const answer = await fetch(status.dataset.draft, { method: "POST", body, redirect: "error" });
      if (!answer.ok) sessionStorage.setItem(key, kept);
      else if (!stateOf(form).isDirty) location.reload();
    } catch {
      sessionStorage.setItem(key, kept);
      say(form, "Not saved: the server cannot be reached.", true);
    }
  }

  async function lookAgain(form, address) {
    const leftAt = Number(sessionStorage.getItem(`left ${address}`));
    sessionStorage.removeItem(`left ${address}`);
    if (Date.now() - leftAt > LEFT_MS) return;
    for (const pause of LOOK_AGAIN_MS) {
      await new Promise((done) => { setTimeout(done, pause); });
      const answer = await fetch(address, { redirect: "error" }).catch(() => null);
      if (stateOf(form).isDirty) return; // something newer is typed here
      const version = answer?.ok && answer.headers.get("X-Draft");
      if (version && version !== form.elements._draft.value) {
        location.reload();
        return;
      }
    }
  }

  document.querySelectorAll("form[data-review]").forEach((form) => bringBack(form));
  document.addEventListener("htmx:load", ({ detail }) => {
    detail.elt.querySelectorAll?.("form[data-review]").forEach((form) => bringBack(form));
  });
})();
