// Deciding: the next request comes into the page that is open, with the focus where the answer
// begins and what was decided read out; leaving with something unsent asks first; and a part that
// updates itself keeps its place under the reader's eyes and what is unfolded in it.
(() => {
  "use strict";
  // A second press or click that was meant for the request before decides nothing.
  const UNSEEN_MS = 300;
  let isUnsent = false;
  let isBeingSent = false;
  let isSentWhole = false; // the page that answers is on its way
  let shownAt = -UNSEEN_MS;
  let shown = document.querySelector(".deciding")?.dataset.request;

  const isMain = (element) => element?.id === "main";

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-review-submit]") || performance.now() - shownAt >= UNSEEN_MS) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });

  document.addEventListener("input", (event) => {
    if (event.target.form?.matches("form[data-review]")) isUnsent = true;
  });
  document.addEventListener("draft-saved", () => { isUnsent = false; });
  document.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-review-submit]")) return;
    isBeingSent = true;
    if (event.target.matches("[hx-post]")) return; // it is unsent until there is an answer
    isUnsent = false;
    history.replaceState(history.state, "", location.href); // Back asks for the page, not to send again
  });
  // A part that asks for news finds out that the sign-in ended, and would lead there at once: away
  // from what is typed, or from the page on which the server is about to keep it.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status === 401 && requestConfig.elt.matches("form[data-review]")) {
      event.preventDefault();
      sendWhole(requestConfig.elt, requestConfig.triggeringEvent?.submitter);
      return;
    }
    if (!xhr.getResponseHeader("HX-Redirect")) return;
    if (requestConfig.verb === "post") {
      isUnsent = false; // it was taken, and it goes on elsewhere
      return;
    }
    if (!(isUnsent || isBeingSent || isSentWhole)) return;
    event.preventDefault();
    if (isUnsent) document.dispatchEvent(new CustomEvent("signed-out"));
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.requestConfig.verb === "post") isBeingSent = false;
  });
  // Nobody is signed in any more: sent as a page, it is answered by one that keeps what was typed for
  // its writer alone.
  function sendWhole(form, button) {
    isUnsent = false;
    isSentWhole = true;
    if (button?.name) {
      const pressed = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
      form.append(pressed);
    }
    form.submit();
  }

  // The page that was to answer never came, and the reader is back on this one: it is unsent still.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    isUnsent ||= isBeingSent || isSentWhole;
    isBeingSent = isSentWhole = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsent) event.preventDefault();
  });

  // Another request, or another page, is asked for while something is unsent: as a link does, which
  // asks first.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target, verb, path } = event.detail;
    if (!isUnsent || !isMain(target) || verb !== "get") return;
    event.preventDefault();
    location.href = elt.href || path;
  });

  // At the page's very top nothing is kept in place: there, what is new shall be seen.
  function placesBelowTop(part) {
    if (scrollY === 0) return [];
    const places = [...part.querySelectorAll("[id]")].map(({ id }) => [id, topOf(id)]);
    return places.filter(([, top]) => top >= 0);
  }

  function topOf(id) {
    return document.getElementById(id)?.getBoundingClientRect().top;
  }

  function putBack(places) {
    const kept = places.find(([id]) => document.getElementById(id));
    if (kept) scrollBy({ top: topOf(kept[0]) - kept[1], behavior: "instant" });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    if (isMain(detail.target)) return comeIn(detail);
    if (!detail.shouldSwap || detail.requestConfig.verb !== "get") return;
    // what is new of a request stands all over its page
    const part = detail.target.id === "watch" ? document.getElementById("main") : detail.target;
    const isSending = isBeingSent && detail.target.id === "watch";
    if (isSending || part.querySelector("dialog:modal")) {
      detail.shouldSwap = false; // somebody is being asked, or leaves this page: the news can wait
      return;
    }
    const unfolded = [...part.querySelectorAll("details[id][open]")].map(({ id }) => id);
    const places = placesBelowTop(part);
    document.addEventListener("htmx:afterSwap", () => {
      for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
      putBack(places);
    }, { once: true });
  });

  // A page that says why nothing was decided is shown as any other; what else fails is told.
  function comeIn(detail) {
    const isPage = detail.serverResponse.includes('class="deciding"');
    if ([400, 403, 404, 409].includes(detail.xhr.status) && isPage) {
      detail.shouldSwap = true;
      detail.isError = false;
    }
    if (!detail.shouldSwap) return;
    // A reason, typed outside its form, would tell of its change when it is taken away with the focus
    // in it: the next form, of the same id, is there by then, and would be saved with that reason.
    if (detail.target.contains(document.activeElement)) document.activeElement.blur();
    // what the old page has asked for must not be drawn into the new one
    for (const asking of detail.target.querySelectorAll(".htmx-request")) {
      if (asking === detail.requestConfig.elt) continue;
      asking.addEventListener("htmx:beforeOnLoad", (event) => event.preventDefault());
    }
    document.addEventListener("htmx:afterSettle", () => begin(document.getElementById("main")), { once: true });
  }

  // Where one key decides, or something was said, the heading: the reader begins there. Else the first
  // field that has no answer yet. On a phone that would draw its keyboard over what is asked.
  function begin(main) {
    const request = main.querySelector(".deciding")?.dataset.request;
    if (request !== shown) shownAt = performance.now();
    shown = request;
    isUnsent = Boolean(main.querySelector("[data-unsent]"));
    start(main);
    const page = main.querySelector(".deciding");
    const announcer = document.getElementById("announcer");
    if (page && announcer) announcer.textContent = wordsOf(page);
    focusIn(main, page);
  }

  function focusIn(main, page) {
    const errors = document.getElementById("answer-errors");
    if (errors) return errors.focus();
    const isTyped = page?.dataset.decidable === "form" && !matchMedia("(pointer: coarse)").matches;
    (isTyped && firstOpenField() || headingOf(main))?.focus({ preventScroll: true });
  }

  function headingOf(main) {
    const heading = main.querySelector("h1");
    if (heading) heading.tabIndex = -1;
    return heading;
  }

  function firstOpenField() {
    const form = document.getElementById("answer-form");
    if (!form) return null;
    const fields = [...form.elements].filter((each) => each.name && each.type !== "hidden" && each.matches("input, select, textarea") && each.checkVisibility());
    const isOpen = (field) => {
      if (field.type === "radio") return !fields.some(({ name, checked }) => name === field.name && checked);
      if (field.type === "checkbox") return false;
      return !field.value;
    };
    const isRequired = (field) => field.closest(".answer-field")?.querySelector(".answer-requirement")?.textContent.trim().startsWith("required");
    return fields.find((field) => isOpen(field) && isRequired(field)) || null;
  }

  function wordsOf(page) {
    const last = page.querySelector(".last-decision-what")?.textContent.trim();
    const title = page.querySelector("h1")?.textContent.trim();
    const place = page.querySelector(".place-count")?.textContent.trim();
    return (last ? `${last}. Next: ` : "") + `${title}, ${place}`;
  }

  // What becomes of the last decision is read out as well, but not how its seconds run out.
  let toldOfLast = "";
  document.addEventListener("htmx:afterSettle", () => {
    const now = document.querySelector(".last-decision-now");
    const words = !now || now.querySelector("time") ? "" : now.textContent.trim();
    if (words && words !== toldOfLast) document.getElementById("announcer")?.append(` ${words}.`);
    toldOfLast = words;
  });

  function start(root) {
    if (/^Mac|^iP/.test(navigator.platform)) {
      root.querySelectorAll(".review-keys kbd:first-child").forEach((key) => { key.textContent = "⌘"; });
    }
    // A wide table is scrolled, which in some browsers a keyboard does only to what has the focus.
    for (const table of root.querySelectorAll(".markdown table")) {
      if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    }
  }

  // The reasons that were given last: by a click, or by the arrow up in the empty box as in a shell.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-reason]");
    if (button) fillReason(button.closest("dialog"), button.dataset.reason);
  });
  document.addEventListener("keydown", (event) => {
    const dialog = event.target.matches?.("dialog textarea") && event.target.closest("dialog");
    if (event.key !== "ArrowUp" || !dialog) return;
    const reasons = [...dialog.querySelectorAll("[data-reason]")].map((each) => each.dataset.reason);
    const at = reasons.indexOf(event.target.value);
    if (!reasons.length || (event.target.value && at < 0)) return;
    event.preventDefault();
    fillReason(dialog, reasons[Math.min(at + 1, reasons.length - 1)]);
  });

  function fillReason(dialog, reason) {
    const box = dialog.querySelector("textarea");
    box.value = reason;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  }

  start(document);
  const main = document.getElementById("main");
  const page = document.querySelector(".deciding");
  if (page && !location.hash && document.activeElement === document.body) focusIn(main, page);
  else document.getElementById("answer-errors")?.focus();
})();
