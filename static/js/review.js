// Answering: Ctrl/Cmd+Enter sends the form, leaving with something unsent asks first, and a part
// that updates itself keeps what is unfolded in it.
(() => {
  "use strict";
  let isUnsent = false;

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
    if (event.submitter?.matches("[data-review-submit]")) isUnsent = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsent) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.shouldSwap) return;
    const unfolded = [...detail.target.querySelectorAll("details[id][open]")].map(({ id }) => id);
    if (!unfolded.length) return;
    document.addEventListener("htmx:afterSwap", () => {
      for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    }, { once: true });
  });

  if (/^Mac|^iP/.test(navigator.platform)) {
    document.querySelectorAll(".review-keys kbd:first-child").forEach((key) => { key.textContent = "⌘"; });
  }
  document.getElementById("answer-errors")?.focus();
})();
