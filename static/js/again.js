// A page of no workspace, which nobody tells of news: its part with data-again="10" asks each ten
// seconds while somebody can see it.
(() => {
  "use strict";
  const seconds = Number(document.querySelector("[data-again]")?.dataset.again);
  if (!seconds) return;
  setInterval(() => {
    const part = document.querySelector("[data-again]");
    if (part && !document.hidden) htmx.trigger(part, "again");
  }, seconds * 1000);
})();
