// Rows that are chosen: a range with Shift, all of them, and what the bar says; deciding in a row.
(() => {
  "use strict";
  const chosen = new Set(); // of the boxes' ids, for the list may be drawn anew
  const timed = new WeakSet(); // what goes when it cannot be undone any more
  let lastBox = "";
  let lastUndo = ""; // the id of the button in the row that was decided last
  let lostCount = 0; // what was chosen and is in the list no longer, since something was chosen last
  let declinedRow = ""; // the address at which the dialog's reason goes to one row alone

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const bar = () => document.querySelector("form[data-selection]");
  const boxes = () => all("[data-select]:enabled");

  function toggle(box, isChosen) {
    box.checked = isChosen;
    chosen[isChosen ? "add" : "delete"](box.id);
  }

  function click(box, hasShift) {
    const row = boxes();
    const [from, to] = [row.findIndex(({ id }) => id === lastBox), row.indexOf(box)];
    const range = hasShift && from >= 0 ? row.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const each of range) toggle(each, box.checked);
    lastBox = box.id;
    lostCount = 0;
    draw();
  }

  function write(part, count) {
    part.textContent = count === 1 ? part.dataset.one : part.dataset.many.replace("#", count);
  }

  // What the bar offers is what fits the rows: to approve, or to say yes.
  function draw() {
    const form = bar();
    if (!form) return;
    const rows = boxes();
    const ticked = rows.filter(({ checked }) => checked);
    const approvals = ticked.filter((box) => "approval" in box.dataset).length;
    form.classList.toggle("is-active", ticked.length > 0 || lostCount > 0);
    write(form.querySelector("[data-select-count]"), ticked.length);
    const lost = form.querySelector("[data-select-lost]");
    lost.hidden = lostCount === 0;
    write(lost, lostCount);
    const yes = form.querySelector("[data-select-yes]");
    yes.querySelector("[data-label]").textContent = !approvals ? "Yes" : approvals === ticked.length ? "Approve" : "Yes, approve";
    form.querySelector("[data-select-no]").hidden = ticked.length > 0 && approvals === ticked.length;
    form.querySelector("[data-select-release]").hidden = !ticked.some((box) => "claimed" in box.dataset);
    for (const button of all(".selection-actions > button", form)) button.disabled = !ticked.length;
    const every = form.querySelector("[data-select-all]");
    every.checked = ticked.length > 0 && ticked.length === rows.length;
    every.indeterminate = ticked.length > 0 && !every.checked;
  }

  // Nobody can decide any more on what is gone from the list; it may come back, if that is undone.
  function dropGone() {
    for (const box of all("[data-select]")) {
      box.disabled = box.closest(".is-gone") !== null;
      if (box.disabled) box.checked = false;
    }
    const there = new Set(boxes().map(({ id }) => id));
    for (const id of chosen) {
      if (!there.has(id)) lostCount += chosen.delete(id);
    }
  }

  function takeOver() {
    for (const box of boxes()) {
      if (box.checked) chosen.add(box.id);
      else box.checked = chosen.has(box.id);
    }
    dropGone();
    draw();
    for (const part of all("[data-undo-seconds]")) {
      if (!timed.has(part)) setTimeout(endUndo, part.dataset.undoSeconds * 1000, part);
      timed.add(part);
    }
    offerUndo();
  }

  function endUndo(part) {
    part.remove();
    offerUndo();
  }

  // The focus has gone on from the row that was decided last: from there, it is undone by this.
  function offerUndo() {
    const button = document.getElementById("undo-last");
    if (button) button.hidden = !document.getElementById(lastUndo);
  }

  // One reason for one row: the dialog of the bar, which then says whom it is about.
  function askReason(button) {
    const details = document.getElementById("decline-chosen");
    const title = button.closest("li").querySelector(".row-title").textContent;
    declinedRow = button.dataset.decline;
    details.querySelector("[data-decline-title]").textContent = `Decline “${title}”?`;
    details.querySelector("summary").click();
    const dialog = details.querySelector("dialog");
    dialog.addEventListener("close", () => {
      declinedRow = "";
      details.querySelector("[data-decline-title]").textContent = "Decline what is chosen?";
      button.closest("li")?.querySelector(".row-title").focus();
    }, { once: true });
    dialog.dataset.row = button.closest("li").id;
  }

  function sendReason(event, button) {
    const dialog = button.closest("dialog");
    const reason = dialog.querySelector("textarea");
    if (!reason.value.trim()) {
      event.preventDefault();
      reason.focus();
    } else if (declinedRow) {
      event.preventDefault();
      const target = `#${dialog.dataset.row}`;
      htmx.ajax("POST", declinedRow, { target, swap: "outerHTML", values: { verdict: "decline", reason: reason.value } });
      reason.value = "";
      dialog.close();
    }
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("[data-select]")) click(target, event.shiftKey);
    if (target.matches("[data-select-all]")) {
      for (const box of boxes()) toggle(box, target.checked);
      lostCount = 0;
      draw();
    }
    const decline = target.closest("button[data-decline]");
    if (decline) {
      event.preventDefault();
      askReason(decline);
    }
    if (target.closest("#undo-last")) document.getElementById(lastUndo)?.click();
    const send = target.closest("[data-decline-send]");
    if (send) sendReason(event, send);
  });
  // Shift and a click select text, unless they choose rows.
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest(".row-select")) event.preventDefault();
  });

  // What was decided stays where it is (arrivals.js), and the focus goes on to what can be decided next.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    const row = detail.requestConfig?.verb === "post" && document.getElementById(detail.target.id);
    if (row && row.matches("li.inbox-row")) {
      if (!row.querySelector("[data-select]")) chosen.delete(row.id.replace("request-", "choose-"));
      const undo = row.querySelector("[data-key=z]");
      lastUndo = undo?.id || "";
      const next = !row.querySelector("[data-select]") && all(`#${CSS.escape(row.id)} ~ li.inbox-row`).find((each) => each.querySelector("[data-select]"));
      (next || row).querySelector(".row-title").focus();
    }
    takeOver();
  });
  document.addEventListener("rows-gone", () => {
    dropGone();
    draw();
  });
  window.addEventListener("pageshow", takeOver);
})();
