// The days of a page are those of a zone, which the server cannot know: the reader's own is offered
// where it is another one.
(() => {
  "use strict";
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.querySelectorAll("a[data-zone]").forEach((link) => {
    if (!own || own === link.dataset.zone) return;
    link.href = link.getAttribute("href").replace("ZONE", encodeURIComponent(own));
    link.textContent = `Show the days of ${own}`;
    link.hidden = false;
  });
})();
