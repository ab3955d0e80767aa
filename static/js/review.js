// Answering: Ctrl/Cmd+Enter sends the form, leaving with something unsent asks first, and a part
// that updates itself keeps its place under the reader's eyes and what is unfolded in it.
(() => {
  "use strict";
  let isUnsent = false;
  let isBeingSent = false;

  function submitButton(element) {
    return element.closest?.("form[data-review]")?.querySelector("[data-review-submit]");
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const form = event.target.closest("form[data-review]") || document.querySelector("form[data-review]");
    if (!form || event.target.closest("dialog")) return;
    event.preventDefault();
    form.requestSubmit(submitButton(form));
  });

  document.addEventListener("input", (event) => {
    if (submitButton(event.target)) isUnsent = true;
  });
  document.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-review-submit]")) return;
    isUnsent = false;
    isBeingSent = true;
    history.replaceState(history.state, "", location.href); // Back asks for the page, not to send again
  });
  // A part that asks for news finds out that the sign-in ended, and would lead there at once: away
  // from what is typed, or from the page on which the server is about to keep it.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!(isUnsent || isBeingSent) || !event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    event.preventDefault();
    if (isUnsent) document.dispatchEvent(new CustomEvent("signed-out"));
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsent) event.preventDefault();
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

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.shouldSwap || detail.requestConfig.verb !== "get") return;
    if (detail.target.querySelector("dialog:modal")) {
      detail.shouldSwap = false; // somebody is being asked: the news can wait
      return;
    }
    const unfolded = [...detail.target.querySelectorAll("details[id][open]")].map(({ id }) => id);
    const places = placesBelowTop(detail.target);
    document.addEventListener("htmx:afterSwap", () => {
      for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
      putBack(places);
    }, { once: true });
  });

  if (/^Mac|^iP/.test(navigator.platform)) {
    document.querySelectorAll(".review-keys kbd:first-child").forEach((key) => { key.textContent = "⌘"; });
  }
  // A wide table is scrolled, which in some browsers a keyboard does only to what has the focus.
  for (const table of document.querySelectorAll(".markdown table")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  }
  document.getElementById("answer-errors")?.focus();
})();
