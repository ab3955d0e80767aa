// Moments are sent in UTC; here they become the reader's own: "3 min ago", and the full local
// time in the title. data-time is "relative" (default), "absolute", "exact" (to the second) or
// "countdown" (relative, and by the second in the last minute).
(() => {
  "use strict";
  const REFRESH_MS = 30000;
  const COUNT_MS = 1000;
  const RELATIVE_BELOW_SECONDS = 7 * 86400;
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const ago = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" });
  const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  const short = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

  function relative(moment) {
    const seconds = Math.round((moment - Date.now()) / 1000);
    for (const [unit, size] of UNITS) {
      if (Math.abs(seconds) >= size) return ago.format(Math.trunc(seconds / size), unit);
    }
    return seconds > 10 ? "in under a minute" : "just now";
  }

  function countdown(moment) {
    const seconds = Math.ceil((moment - Date.now()) / 1000);
    if (seconds <= 0) return "now";
    return seconds < 60 ? `in ${seconds} s` : relative(moment);
  }

  function written(moment, display) {
    const far = Math.abs(moment - Date.now()) > RELATIVE_BELOW_SECONDS * 1000;
    if (display === "exact") return exact.format(moment);
    if (display === "absolute" || far) return short.format(moment);
    return display === "countdown" ? countdown(moment) : relative(moment);
  }

  function localise(element) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const text = written(moment, element.dataset.time);
    element.title = full.format(moment);
    if (element.textContent !== text) element.textContent = text;
  }

  function localiseIn(root, selector = "time[data-time]") {
    if (root.matches?.(selector)) localise(root);
    root.querySelectorAll(selector).forEach(localise);
  }

  localiseIn(document);
  document.addEventListener("htmx:load", (event) => localiseIn(event.detail.elt));
  setInterval(() => document.hidden || localiseIn(document), REFRESH_MS);
  setInterval(() => document.hidden || localiseIn(document, 'time[data-time="countdown"]'), COUNT_MS);
  document.addEventListener("visibilitychange", () => document.hidden || localiseIn(document));
})();
// Where a time zone is asked for, it is the reader's own, until they say otherwise.
document.querySelectorAll("[data-own-zone]").forEach((field) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && field.value === "UTC") field.value = zone;
});
