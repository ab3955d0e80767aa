// What was proposed beside each field: marked as soon as it is changed, counted beside the button
// that sends the form, and put back by a button, without asking the server.
(() => {
  "use strict";
  const CONTROLS = "input[name]:not([type=hidden]), select[name], textarea[name]";
  const NAMES_SHOWN = 3;
  const proposed = new WeakMap(); // what each control held, or would hold, as it was proposed

  function controlsOf(mark) {
    const part = mark.closest(".answer-group, .answer-field");
    if (part.matches(".answer-field")) return [...part.querySelectorAll(CONTROLS)];
    const box = part.querySelector(`:scope > .form-check > input[name="${part.id}-in"]`);
    return box ? [box] : [];
  }

  const isTick = (control) => control.type === "radio" || control.type === "checkbox";
  const lines = (text) => text.replace(/\r\n?/g, "\n");

  function stateOf(control) {
    return isTick(control) ? control.checked : lines(control.value);
  }

  // As the server drew it, unless it drew what was changed before.
  function drawnState(control, inputs) {
    if (inputs && control.name in inputs) {
      const sent = inputs[control.name];
      return isTick(control) ? sent.includes(control.value) : lines(sent[0]);
    }
    if (isTick(control)) return control.defaultChecked;
    if (control.localName !== "select") return lines(control.defaultValue);
    const drawn = [...control.options].find((option) => option.defaultSelected) || control.options[0];
    return drawn ? drawn.value : "";
  }

  const isOther = (control) => proposed.has(control) && stateOf(control) !== proposed.get(control);

  function sealedIn(mark) {
    return mark.closest(".answer-field")?.querySelector('input[type=hidden][name$="-sealed"]');
  }

  // Only the server can tell of some, such as lists with other rows: as it drew them, so they stay.
  function isServers(mark) {
    return mark.dataset.drawn === "changed" && !mark.dataset.inputs;
  }

  function isChanged(mark) {
    if (isServers(mark) || sealedIn(mark)) return true;
    return controlsOf(mark).some(isOther);
  }

  // Of a field for which nothing was proposed: whether it was filled in. Drawn with something in it, as
  // after a refusal, it is filled in until it is empty.
  function isFilled(mark) {
    const { of: name, fill } = mark.dataset;
    const own = [...mark.closest("form").querySelectorAll(CONTROLS)].filter((control) => (
      (control.name === name || control.name.startsWith(`${name}-`)) && !control.closest(".answer-empty")));
    if (fill === "blank") return own.some((control) => stateOf(control) !== drawnState(control));
    return !own.length || own.some((control) => control.value && (!isTick(control) || control.checked));
  }

  // Three labels, each as it was drawn: hidden characters in them are marked.
  function firstFew(labels) {
    const parts = labels.slice(0, NAMES_SHOWN).flatMap((label, at) => (
      [at ? ", " : "", ...[...label.childNodes].map((node) => node.cloneNode(true))]));
    if (labels.length > NAMES_SHOWN) parts.push(` and ${labels.length - NAMES_SHOWN} more`);
    return parts;
  }

  function tell(form, changed) {
    const line = form.querySelector("[data-proposed-changes]")
      || (form.id && document.querySelector(`[data-proposed-changes="${form.id}"]`));
    if (!line) return;
    const fields = changed.length === 1 ? "1 field" : `${changed.length} fields`;
    const filled = [...form.querySelectorAll("[data-fill]")].filter(isFilled);
    const parts = changed.length
      ? [`${fields} changed: `, ...firstFew(changed.map((mark) => mark.querySelector("[data-label]")))]
      : ["Nothing changed from the proposal."];
    if (filled.length) parts.push(changed.length ? ". Filled in: " : " Filled in: ", ...firstFew(filled));
    const told = document.createElement("p");
    told.append(...parts);
    // The same words again would be read out again.
    if (told.textContent !== line.textContent) line.replaceChildren(...told.childNodes);
  }

  function update(form) {
    const marks = [...form.querySelectorAll("[data-proposed]")];
    if (!marks.length) return;
    const changed = marks.filter((mark) => {
      const is = isChanged(mark);
      mark.classList.toggle("is-changed", is);
      mark.querySelector("button").disabled = !is;
      return is;
    });
    tell(form, changed);
  }

  function putBack(mark) {
    const controls = controlsOf(mark);
    const restored = controls.filter(isOther);
    sealedIn(mark)?.remove();
    for (const control of restored) {
      const state = proposed.get(control);
      if (isTick(control)) control.checked = state;
      else control.value = state;
      for (const name of ["input", "change"]) control.dispatchEvent(new Event(name, { bubbles: true }));
    }
    const first = [...restored, ...controls].filter((control) => control.checkVisibility());
    (first.find((control) => !isTick(control) || control.checked) || first[0])?.focus();
    update(mark.closest("form"));
  }

  function start(root) {
    const forms = new Set();
    for (const mark of root.querySelectorAll("[data-fill]")) if (mark.closest("form")) forms.add(mark.closest("form"));
    for (const mark of root.querySelectorAll("[data-proposed]")) {
      if (mark.dataset.drawn) continue;
      mark.dataset.drawn = mark.classList.contains("is-changed") ? "changed" : "as proposed";
      const form = mark.closest("form");
      if (!form) continue;
      forms.add(form);
      if (isServers(mark)) continue;
      mark.querySelector("button").type = "button";
      const inputs = mark.dataset.inputs ? JSON.parse(mark.dataset.inputs) : null;
      for (const control of controlsOf(mark)) proposed.set(control, drawnState(control, inputs));
    }
    for (const form of forms) {
      update(form);
      // Enter shall send the form again, where no button of the server's would be pressed instead.
      if (!form.querySelector('[name="_restore"][type="submit"]')) form.querySelector("[data-proposed-guard]")?.remove();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('[data-proposed] button[type="button"][name="_restore"]');
    if (button) putBack(button.closest("[data-proposed]"));
  });
  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => event.target.form && update(event.target.form));
  }
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement || event.detail.elt));
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach(update));
})();
