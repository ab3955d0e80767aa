// Comments: what is written and not sent stays in this tab, for its writer, also after a reload or
// where the page was left for another request.
(() => {
  "use strict";
  const boxOf = (form) => form.elements.comment;
  const keyOf = (form) => `comment ${form.dataset.comment}`;

  function keep(form) {
    try {
      const text = boxOf(form).value;
      if (text) sessionStorage.setItem(keyOf(form), text);
      else sessionStorage.removeItem(keyOf(form));
    } catch { /* there is no room: the page has it still */ }
  }

  function begin(form) {
    if ("sent" in form.dataset) {
      keep(form); // which is empty
      if (document.activeElement === document.body) boxOf(form).focus({ preventScroll: true });
      return;
    }
    if (boxOf(form).value) return keep(form);
    boxOf(form).value = sessionStorage.getItem(keyOf(form)) ?? "";
  }

  document.addEventListener("input", ({ target }) => {
    if (target.form?.matches("form[data-comment]")) keep(target.form);
  });
  // whom to ask is offered by a script that is fetched when somebody writes
  document.addEventListener("focusin", ({ target: { dataset } }) => dataset?.mentionScript && import(dataset.mentionScript));
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    const form = elt.matches?.("form[data-comment]") ? elt : elt.querySelector?.("form[data-comment]");
    if (form) begin(form);
  });
  // signed out by its own button, nobody finds it here
  document.addEventListener("submit", ({ target }) => {
    if (!target.action?.endsWith?.("/sign-out")) return;
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("comment ")) sessionStorage.removeItem(key);
  });
})();
