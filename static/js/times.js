// Moments are sent in UTC; here they become the reader's own: "3 min ago", and the full local
// time in the title. data-time is "relative" (default) or "absolute".
(() => {
  "use strict";
  const REFRESH_MS = 30000;
  const RELATIVE_BELOW_SECONDS = 7 * 86400;
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const ago = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" });
  const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
  const short = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

  function relative(moment) {
    const seconds = Math.round((moment - Date.now()) / 1000);
    for (const [unit, size] of UNITS) {
      if (Math.abs(seconds) >= size) return ago.format(Math.trunc(seconds / size), unit);
    }
    return seconds > 10 ? "in under a minute" : "just now";
  }

  function localise(element) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const far = Math.abs(moment - Date.now()) > RELATIVE_BELOW_SECONDS * 1000;
    const absolute = element.dataset.time === "absolute" || far;
    const text = absolute ? short.format(moment) : relative(moment);
    element.title = full.format(moment);
    if (element.textContent !== text) element.textContent = text;
  }

  function localiseIn(root) {
    if (root.matches?.("time[data-time]")) localise(root);
    root.querySelectorAll("time[data-time]").forEach(localise);
  }

  localiseIn(document);
  document.addEventListener("htmx:load", (event) => localiseIn(event.detail.elt));
  setInterval(() => document.hidden || localiseIn(document), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || localiseIn(document));
})();
