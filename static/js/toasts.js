// Short messages in the corner. Raise one from the server with the header
// HX-Trigger: {"toast": {"text": "Saved.", "tone": "success"}}, or from a script with
// document.dispatchEvent(new CustomEvent("toast", {detail: {text, tone, href, linkText, target}})).
// Tones: info, success, danger. A danger stays until it is closed.
(() => {
  "use strict";
  const SHOWN_MS = 6000;
  const MOST_AT_ONCE = 3;
  const TONES = ["info", "success", "danger"];

  function build({ text, tone, href, linkText, target }) {
    const toast = document.createElement("div");
    toast.className = `notice notice-${TONES.includes(tone) ? tone : "info"} notice-toast`;
    toast.dataset.text = text;
    const body = document.createElement("p");
    body.textContent = text;
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      if (target) link.target = target;
      link.textContent = linkText;
      body.append(" ", link);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", "Dismiss");
    close.dataset.dismiss = "";
    toast.append(body, close);
    return toast;
  }

  function show(detail) {
    const region = document.getElementById("toasts");
    if (!region || !detail || !detail.text) return;
    for (const old of region.children) {
      if (old.dataset.text === detail.text) old.remove();
    }
    const toast = build(detail);
    region.append(toast);
    while (region.children.length > MOST_AT_ONCE) region.firstElementChild.remove();
    if (detail.tone !== "danger") setTimeout(() => toast.remove(), SHOWN_MS);
  }

  document.addEventListener("toast", (event) => show(event.detail));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) event.target.closest(".notice").remove();
  });
})();
