// Whom a comment can ask: while somebody types behind an @, the members who may read the request are
// offered. Arrows move, Enter and Tab take, Escape leaves; a press takes, too. Loaded with the first
// look into the box. Without it an address is simply typed.
(() => {
  "use strict";
  const BEGUN = /(?<![\w.@-])@([^\s@<>()[\],;:"]*(?:@[\w.-]*)?)$/;
  let list = null; // while something is offered
  let asked = 0; // which question is the last: what comes late is not shown

  const isBox = (element) => element?.matches?.("[data-mention-script]");
  const address = (box) => box.form.action.replace(/\/comments(\?.*)?$/, "/mentionable");
  const begun = (box) => (box.selectionStart === box.selectionEnd ? BEGUN.exec(box.value.slice(0, box.selectionStart)) : null);

  function close(box) {
    asked += 1;
    if (!list) return;
    list.remove();
    list = null;
    for (const name of ["aria-controls", "aria-activedescendant"]) box.removeAttribute(name);
    say("");
  }

  function say(text) {
    let status = document.getElementById("mention-status");
    if (!status) {
      status = Object.assign(document.createElement("p"), { id: "mention-status", className: "visually-hidden" });
      status.setAttribute("role", "status");
      document.body.append(status);
    }
    status.textContent = text;
  }

  function mark(box, option) {
    for (const each of list.children) each.setAttribute("aria-selected", String(each === option));
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function take(box, option) {
    const [whole] = begun(box) ?? [""];
    const end = box.selectionStart;
    close(box);
    if (whole) box.setRangeText(`@${option.textContent} `, end - whole.length, end, "end");
    box.dispatchEvent(new Event("input", { bubbles: true })); // what was written is kept
  }

  function show(box, members) {
    close(box);
    if (!members.length) return;
    list = Object.assign(document.createElement("div"), { id: "mention-list", className: "facet-options mention-list" });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Members who may read this");
    members.forEach((member, at) => {
      const option = Object.assign(document.createElement("div"), { id: `offered-${at}`, dir: "auto", textContent: member });
      option.setAttribute("role", "option");
      list.append(option);
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", ({ target }) => target !== list && take(box, target));
    box.after(list);
    box.setAttribute("aria-controls", list.id);
    mark(box, list.firstElementChild);
    say(members.length === 1 ? "1 member" : `${members.length} members`);
  }

  // what is offered fits what is typed also before the server has said so: Enter takes nobody else
  function narrow(box, typed) {
    for (const each of [...list.children]) if (!each.textContent.toLowerCase().includes(typed.toLowerCase())) each.remove();
    if (!list.firstElementChild) close(box);
    else if (!list.querySelector("[aria-selected=true]")) mark(box, list.firstElementChild);
  }

  async function look(box) {
    const match = begun(box);
    if (!match) return close(box);
    if (list) narrow(box, match[1]);
    const own = (asked += 1);
    try {
      const answer = await fetch(`${address(box)}?q=${encodeURIComponent(match[1])}`, { headers: { Accept: "application/json" } });
      const members = answer.ok ? (await answer.json()).members : [];
      if (own === asked && document.activeElement === box) show(box, members);
    } catch { /* it is only typed, then */ }
  }

  function press(event) {
    const { target: box, key } = event;
    if (!list || !isBox(box) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const options = [...list.children];
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) mark(box, options[(at + step + options.length) % options.length]);
    else if (key === "Escape") close(box);
    else if ((key === "Enter" || key === "Tab") && !event.shiftKey) take(box, options[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function announce(box) {
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-haspopup", "listbox");
  }

  if (isBox(document.activeElement)) announce(document.activeElement);
  document.addEventListener("focusin", ({ target }) => isBox(target) && announce(target));
  document.addEventListener("keydown", press, true);
  document.addEventListener("input", ({ target, isTrusted }) => isTrusted && isBox(target) && look(target));
  document.addEventListener("focusout", ({ target }) => isBox(target) && close(target));
  document.addEventListener("htmx:beforeRequest", ({ target }) => list && target.contains(list) && close(list.previousElementSibling));
})();
