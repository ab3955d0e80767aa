// Menus and confirmations are <details>, which work without this script. With it a menu closes by
// Escape or a click beside it, and a confirmation becomes a modal dialog.
(() => {
  "use strict";

  function closeMenus(exceptAround) {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(exceptAround)) menu.open = false;
    }
  }

  function askInDialog(details) {
    const dialog = details.querySelector("dialog");
    dialog.removeAttribute("open"); // it lay open for readers without scripts
    details.open = true;
    dialog.addEventListener("close", () => { details.open = false; }, { once: true });
    dialog.showModal();
    dialog.querySelector("input:not([type=hidden]), textarea, select, button").focus();
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const summary = event.target.closest("details.confirm > summary");
    if (summary) {
      event.preventDefault();
      askInDialog(summary.parentElement);
    }
    const close = event.target.closest("[data-close-dialog]");
    if (close) close.closest("dialog").close();
    if (event.target.matches("dialog.confirm-dialog")) event.target.close(); // the backdrop
  });
  // What was refused in a confirmation comes back with it unfolded.
  function askAgain(root) {
    const refused = root.querySelector("details.confirm[open]");
    if (refused) askInDialog(refused);
  }
  askAgain(document);
  document.addEventListener("htmx:load", (event) => askAgain(event.detail.elt));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details[data-menu][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
})();
