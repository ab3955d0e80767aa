// A part of a form that the server draws anew, as what was chosen asks for it: what is typed while
// it is on its way goes into what comes, with the caret where it was. Without this there is a button.
(() => {
  "use strict";
  let typed = new Set(); // the controls edited since the form was sent
  let pending = null; // what is drawn anew just now: one at a time, so that none overtakes another
  let next = null; // what was asked for meanwhile

  // a part of a form, or one of its buttons; the form itself is sent, not drawn anew
  const isForm = (element) => Boolean(element.parentElement?.closest("form[data-review]"));

  document.addEventListener("input", ({ target }) => typed.add(target));

  document.addEventListener("htmx:confirm", (event) => {
    const { elt } = event.detail;
    if (!pending || !isForm(elt)) return;
    event.preventDefault();
    if (elt.matches("button")) next = { name: elt.name, value: elt.value };
    else next ??= { part: true }; // a button draws it anew too
  });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!isForm(detail.elt)) return;
    typed = new Set();
    pending = detail.elt;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.requestConfig.elt !== pending) return; // it may have been replaced by now
    pending = null;
    if (!detail.successful) next = null;
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.shouldSwap || detail.requestConfig.verb !== "post" || !isForm(detail.target)) return;
    const form = detail.target.closest("form");
    const newer = [...typed].filter((control) => control.id && detail.target.contains(control))
      .map(({ id, name, value, checked }) => ({ id, name, value, checked }));
    const active = document.activeElement;
    const place = detail.target.contains(active) && !active.id && placeOf(active);
    const caret = typed.has(active) && { id: active.id, start: active.selectionStart, end: active.selectionEnd };
    document.addEventListener("htmx:afterSwap", () => newer.forEach(putBack), { once: true });
    // only then: a new row takes the focus when all has settled
    document.addEventListener("htmx:afterSettle", () => {
      if (caret) focusAgain(caret);
      else if (place && document.activeElement === document.body) goTo(place, form);
      pending = null; // it settles at once, so that no click falls between the old part and the new
      goOn(form);
    }, { once: true });
  });

  // Back to a page, a browser ticks again what was chosen, of a form that is as it first was.
  window.addEventListener("pageshow", () => {
    for (const part of document.querySelectorAll("[data-redraws]")) {
      const ticks = [...part.querySelectorAll("input[type=radio], input[type=checkbox]")];
      if (ticks.some(({ checked, defaultChecked }) => checked !== defaultChecked)) htmx.trigger(part, "change");
    }
  });

  function goOn(form) {
    const wanted = next;
    next = null;
    if (!wanted) return;
    if (wanted.part) {
      const part = form.querySelector("[data-redraws]");
      if (part) htmx.trigger(part, "change");
      return;
    }
    [...form.elements].find(({ name, value, type }) => type === "submit" && name === wanted.name && value === wanted.value)?.click();
  }

  // Where the focus is, of what has no id, by which htmx would find it again: a button, or the word
  // that unfolds what an empty field means.
  function placeOf(element) {
    const isSummary = element.matches("summary");
    const control = isSummary ? element.parentElement.querySelector("[name]") : element;
    return control?.name && { isSummary, name: control.name, value: control.type === "submit" && control.value };
  }

  function goTo({ isSummary, name, value }, form) {
    const control = [...form.elements].find((each) => each.name === name && (value === false || each.value === value));
    const summary = isSummary && control?.closest("details")?.querySelector("summary");
    // what unfolded is gone: the field itself, whose name the other begins with
    (summary || control || document.getElementById(name.replace(/-[a-z]+$/, "")))?.focus({ preventScroll: true });
  }

  function putBack({ id, name, value, checked }) {
    const control = document.getElementById(id);
    if (control?.name !== name) return;
    if (["radio", "checkbox"].includes(control.type)) control.checked = checked;
    else if (control.type !== "file") control.value = value;
  }

  function focusAgain({ id, start, end }) {
    const control = document.getElementById(id);
    control?.focus({ preventScroll: true });
    if (typeof start === "number") control?.setSelectionRange(start, end);
  }
})();
