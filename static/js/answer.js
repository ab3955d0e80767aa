// What makes a form from a schema easier to fill in; all of it works without this too.
(() => {
  "use strict";

  // How many characters are typed: code points, of which an emoji may be one and the browser's own
  // length says two, and one for a line break.
  function count(element) {
    const control = document.getElementById(element.dataset.countOf);
    if (!control) return;
    const length = [...control.value.replace(/\r\n?/g, "\n")].length;
    const most = Number(element.dataset.max);
    const isOver = length > most;
    element.dataset.words ??= element.textContent;
    element.textContent = length ? `${element.dataset.words} Now ${length}.` : element.dataset.words;
    element.classList.toggle("is-over", isOver);
    element.setAttribute("aria-live", isOver ? "polite" : "off");
  }

  // 1.200 is 1.2 in JSON, and 1200 to many a reader: the page says how it is read.
  const DOUBTFUL = /^\s*[-+\u2212]?\s*[1-9]\d{0,2}\.\d{3}\s*$/;
  function sayHowRead(input) {
    const isDoubtful = DOUBTFUL.test(input.value);
    let note = input.parentElement.querySelector(":scope > .answer-read");
    if (!note && !isDoubtful) return;
    if (!note) {
      note = Object.assign(document.createElement("div"), { className: "form-hint answer-read" });
      note.setAttribute("role", "status");
      input.after(note);
    }
    const number = Number(input.value.replace("\u2212", "-").replace(/[\s+]/g, ""));
    note.textContent = isDoubtful ? `This is read as ${number}, with a decimal point.` : "";
  }

  // A picker beside a text: a native input that is never sent, and only fills in the text.
  const PICK = {
    date: "Pick a date", time: "Pick a time", "datetime-local": "Pick a date and time", color: "Pick a colour",
  };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  const MOMENT = /^(\d{4}-\d\d-\d\d)[Tt ] *(\d\d:\d\d)(:\d\d(?:\.\d+)?)?\s*(?:([Zz])|([+-]\d\d):?(\d\d))?$/;

  // What a native input shall show of the text, "" where it can show nothing.
  function forPicker(type, text) {
    if (type === "color") return /^#[0-9a-f]{6}$/i.test(text) ? text : "";
    if (type === "time") return text.match(/^\d\d:\d\d(:\d\d)?/)?.[0] ?? "";
    if (type === "date") return text;
    const moment = instantOf(text);
    if (moment) return localText(moment);
    return MOMENT.test(text) ? text.trim().replace(/ +/, "T").replace(/\.\d+$/, "") : "";
  }

  function instantOf(text) {
    const parts = text.trim().match(MOMENT);
    if (!parts || !(parts[4] || parts[5])) return null;
    const offset = parts[4] ? "Z" : `${parts[5]}:${parts[6]}`;
    const moment = new Date(`${parts[1]}T${parts[2]}${parts[3] ?? ""}${offset}`);
    return Number.isNaN(moment.getTime()) ? null : moment;
  }

  function two(number) {
    return String(number).padStart(2, "0");
  }

  function localText(moment) {
    const day = `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
    const seconds = moment.getSeconds() ? `:${two(moment.getSeconds())}` : "";
    return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}${seconds}`;
  }

  function offsetText(minutes) {
    const size = Math.abs(minutes);
    return `${minutes > 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  }

  // With its offset, where the clocks show this time once; else without: the server asks which.
  function withOffset(local) {
    const middle = new Date(local).getTime();
    const around = [middle - 864e5, middle + 864e5].map((at) => new Date(at).getTimezoneOffset());
    const fitting = [...new Set(around)].filter((offset) => {
      const moment = new Date(`${local}${offsetText(offset)}`);
      return moment.getTimezoneOffset() === offset;
    });
    return fitting.length === 1 ? `${local}${offsetText(fitting[0])}` : local.replace("T", " ");
  }

  function picked(type, value) {
    const full = value.length === "00:00".length || /T\d\d:\d\d$/.test(value) ? `${value}:00` : value;
    if (type === "datetime-local") return withOffset(full);
    return type === "time" ? full + offsetText(new Date().getTimezoneOffset()) : value;
  }

  function addPicker(text) {
    const type = text.dataset.picker;
    if (text.parentElement.querySelector(".answer-pick")) return;
    const native = Object.assign(document.createElement("input"), { type, tabIndex: -1 });
    native.className = "answer-native";
    native.setAttribute("aria-hidden", "true");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Pick" });
    button.className = "btn answer-pick";
    button.setAttribute("aria-label", `${PICK[type]} for ${text.labels[0]?.firstChild.textContent.trim() ?? ""}`);
    button.addEventListener("click", () => {
      native.value = forPicker(type, text.value);
      if (/:\d\d:(?!00)\d\d/.test(`:${native.value}`)) native.step = "1";
      native.showPicker();
    });
    native.addEventListener("input", () => {
      if (!native.value) return;
      text.value = picked(type, native.value);
      text.dispatchEvent(new Event("input", { bubbles: true }));
    });
    text.after(native, button);
    if (type === "color") swatch(text);
  }

  function swatch(text) {
    const colour = forPicker("color", text.value.trim());
    text.parentElement.querySelector(".answer-pick")?.style.setProperty("--answer-swatch", colour || "transparent");
  }

  // The moment in the reader's own zone, and which zone counts where no offset is written.
  function localise(element) {
    const text = document.getElementById(element.dataset.momentOf);
    if (!text || !zone) return;
    const moment = instantOf(text.value);
    const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
    element.textContent = moment
      ? `In your time zone, ${zone}: ${format.format(moment)}.`
      : `Without an offset such as +01:00 it is read in your time zone, ${zone}.`;
    element.hidden = false;
  }

  function enhance(root) {
    root.querySelectorAll("[data-count-of]").forEach(count);
    root.querySelectorAll("[data-own-zone]").forEach((input) => { input.value = zone; });
    root.querySelectorAll("[data-picker]").forEach(addPicker);
    root.querySelectorAll("[data-moment-of]").forEach(localise);
  }

  document.addEventListener("input", ({ target }) => {
    const counter = document.getElementById(`${target.id}-count`);
    if (counter?.dataset.countOf) count(counter);
    if (target.dataset.picker === "color") swatch(target);
    if ("decimal" in target.dataset) sayHowRead(target);
    document.querySelectorAll(`[data-moment-of="${CSS.escape(target.id)}"]`).forEach(localise);
  });
  document.addEventListener("htmx:load", ({ detail }) => enhance(detail.elt));
  enhance(document);
})();
