// A form is sent once: its button says that it is busy, and a second click does nothing.
(() => {
  "use strict";
  const SENT_BY_HTMX = "[hx-post], [hx-put], [hx-patch], [hx-delete]";

  function setBusy(form, button) {
    form.setAttribute("aria-busy", "true");
    if (!button?.dataset.busyLabel) return;
    const label = button.querySelector("[data-label]");
    button.classList.add("is-busy");
    button.setAttribute("aria-disabled", "true");
    label.dataset.label = label.textContent;
    label.textContent = button.dataset.busyLabel;
  }

  function setReady(form) {
    form.removeAttribute("aria-busy");
    for (const button of [...form.elements].filter((each) => each.matches(".is-busy"))) {
      const label = button.querySelector("[data-label]");
      button.classList.remove("is-busy");
      button.removeAttribute("aria-disabled");
      label.textContent = label.dataset.label;
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    // what opens in another tab leaves this page as it is
    if (form.method !== "post" || event.submitter?.formTarget === "_blank") return;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // Afterwards: a handler may still refuse to send, and the button's value must be sent.
    setTimeout(() => {
      if (!event.defaultPrevented || form.matches(SENT_BY_HTMX)) setBusy(form, event.submitter);
    });
  }, { capture: true });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (!form) return;
    setTimeout(() => setReady(form));
    // what was typed has been taken in, and the form stays for what is typed next
    if ("clearWhenDone" in form.dataset && event.detail.successful) form.reset();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[aria-busy]").forEach(setReady);
  });
  document.querySelector("[data-focus-on-load]")?.focus();
})();
