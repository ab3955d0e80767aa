// Keys that decide and move. What a key does on a page is whatever has its letter in data-key: in
// the row with the focus, else on the page. They can be turned off, for some write by voice.
(() => {
  "use strict";
  // key, what it does; the letters are those of data-key but for the last ones, which are done here
  const KEYS = [
    ["J", "The next request, or the next row of a list"],
    ["K", "The previous one"],
    ["Enter", "Open the row"],
    ["A", "Yes, or approve: it is sent at once"],
    ["R", "No: sent at once where yes or no is asked; else decline, with a reason"],
    ["S", "Yes, and allow the same again without a person: its bounds are asked for"],
    ["D", "Decline with a reason"],
    ["C", "Claim a request, or all that are selected: nobody else decides them meanwhile; or let them go"],
    ["Z", "Undo the last decision, while there is time"],
    ["X", "Select the row; with Shift all rows from the last selected one"],
    ["E", "Go to the first field"],
    ["M", "Write a message: ask the agent back, or comment"],
    ["/", "Search"],
    ["G I", "Go to the inbox"],
    ["Esc", "Leave a field; then back to the list"],
    ["?", "This help"],
    ["Ctrl Enter", "Send a form, also in a dialog; works while you type"],
  ];
  const ROWS = ".inbox-row, [data-row]";
  const TYPED = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
  const YEAR_SECONDS = 31536000;
  const PAIR_MS = 1000;
  let firstOfPair = -Infinity;
  let lastRow = null; // the id of the row that had the focus, for when a list is drawn anew

  const isOff = () => document.cookie.split("; ").includes("keys=off");

  function keep(off) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const root = document.documentElement.dataset.root || "/";
    document.cookie = `keys=off; Path=${root}; Max-Age=${off ? YEAR_SECONDS : 0}; SameSite=Lax${secure}`;
    showSwitches();
  }

  function showSwitches() {
    document.documentElement.classList.toggle("keys-off", isOff());
    for (const box of document.querySelectorAll("[data-keys-switch]")) box.checked = !isOff();
  }

  const isSeen = (element) => element.checkVisibility() && !element.closest("[aria-hidden=true]");

  function find(key) {
    const first = document.querySelector(`[data-key-first="${CSS.escape(key)}"]:enabled`);
    if (first) return first; // of the bar, while rows are chosen
    const selector = `[data-key~="${CSS.escape(key)}"]`;
    const row = document.activeElement?.closest(ROWS);
    const inRow = row && [...row.querySelectorAll(selector)].find(isSeen);
    return inRow || [...document.querySelectorAll(selector)].find((each) => !each.closest(ROWS) && isSeen(each));
  }

  function move(step) {
    const rows = [...document.querySelectorAll(ROWS)].filter(isSeen);
    if (!rows.length) return false;
    const current = document.activeElement?.closest(ROWS) || document.getElementById(lastRow);
    const at = rows.indexOf(current);
    const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
    (row.querySelector(".row-title, a[href]") || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  function firstField() {
    const fields = document.querySelectorAll("#answer-form :is(input, select, textarea):not([type=hidden], :disabled), main form:not([data-sends-itself]) :is(input, select, textarea):not([type=hidden], [type=search], :disabled)");
    const field = [...fields].find(isSeen);
    field?.focus();
    return Boolean(field);
  }

  function act(key, event) {
    const element = find(key);
    if (element) {
      const options = { shiftKey: event.shiftKey, bubbles: true, cancelable: true };
      if (key === "x" && event.shiftKey) element.dispatchEvent(new MouseEvent("click", options));
      else element.click();
      return true;
    }
    if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
    if (key === "e") return firstField();
    if (key === "?") return help();
    if (key === "/") {
      const search = [...document.querySelectorAll("main input[type=search]")].find(isSeen);
      search?.focus();
      return Boolean(search);
    }
    return false;
  }

  function leaveField(field) {
    field.blur();
    const heading = document.querySelector("main h1");
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  function send(event) {
    const dialog = event.target.closest("dialog");
    if (dialog) {
      const button = dialog.querySelector(".confirm-actions [type=submit]") || dialog.querySelector("[type=submit]");
      if (button) event.preventDefault();
      button?.click();
      return;
    }
    const own = event.target.form?.matches("[data-sends-itself]") && event.target.form.querySelector("[type=submit]");
    if (own) {
      event.preventDefault();
      own.click();
      return;
    }
    const form = event.target.form?.matches("[data-review]") ? event.target.form : document.querySelector("form[data-review]");
    const main = form && [...form.elements].find((each) => each.matches('[data-review-submit=""]'));
    if (!main) return;
    event.preventDefault();
    main.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isOff()) return;
    const typing = event.target.closest?.(TYPED);
    if (event.target.closest?.("dialog")) return;
    if (event.key === "Escape") {
      if (document.querySelector("details[data-menu][open]")) return;
      if (typing) leaveField(typing);
      else find("escape")?.click();
      return;
    }
    if (typing || event.key.length !== 1) return;
    const key = event.key.toLowerCase();
    if (event.shiftKey && key !== "x" && /^[a-z]$/.test(key)) return; // no letter is meant as a capital
    if (key === "g") {
      firstOfPair = performance.now();
      return;
    }
    const isPair = performance.now() - firstOfPair < PAIR_MS;
    firstOfPair = -Infinity;
    if (isPair) {
      if (key !== "i") return;
      event.preventDefault();
      find("inbox")?.click();
    } else if (act(key, event)) event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.(ROWS);
    if (row) lastRow = row.id;
  });

  // The help, with the switch. Made when it is first asked for.
  let dialog = null;
  function help() {
    dialog ??= makeHelp();
    showSwitches();
    if (!dialog.open) dialog.showModal();
    return true;
  }

  function make(name, properties = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  function makeHelp() {
    const rows = KEYS.map(([keys, words]) => make(
      "div", {},
      make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", { textContent: key }), " "])),
      make("dd", { textContent: words }),
    ));
    const box = make("input", { type: "checkbox", className: "form-check-input", id: "keys-switch" });
    box.dataset.keysSwitch = "";
    const label = make("label", { className: "form-check-label", htmlFor: "keys-switch", textContent: "Use these keys in this browser" });
    const close = make("button", { type: "button", className: "btn", textContent: "Close" });
    close.dataset.closeDialog = "";
    const made = make(
      "dialog", { className: "confirm-dialog keys-help" },
      make("h2", { textContent: "Keys" }),
      make("dl", { className: "keys-table" }, ...rows),
      make("div", { className: "form-check" }, box, label),
      make("div", { className: "confirm-actions" }, close),
    );
    made.setAttribute("aria-label", "Keys");
    document.body.append(made);
    return made;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) help();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) keep(!event.target.checked);
  });
  showSwitches();
})();
