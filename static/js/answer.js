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

  function enhance(root) {
    root.querySelectorAll("[data-count-of]").forEach(count);
  }

  document.addEventListener("input", ({ target }) => {
    const counter = target.id && document.getElementById(`${target.id}-count`);
    if (counter?.dataset.countOf) count(counter);
  });
  document.addEventListener("htmx:load", ({ detail }) => enhance(detail.elt));
  enhance(document);
})();
