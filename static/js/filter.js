// A long list of choices gets a box to find those one looks for. What is chosen is always shown.
(() => {
  "use strict";
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  function filter(list) {
    const box = document.createElement("input");
    const found = document.createElement("p");
    Object.assign(box, { type: "search", className: "form-control answer-filter", placeholder: "Find…", autocomplete: "off" });
    box.setAttribute("aria-label", `Find in ${list.dataset.filter}`);
    box.setAttribute("aria-controls", list.id);
    found.className = "visually-hidden";
    found.setAttribute("role", "status");
    const items = [...list.children].map((item) => ({ item, words: plain(item.textContent) }));
    box.addEventListener("input", () => {
      const words = plain(box.value).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const each of items) {
        const isShown = words.every((word) => each.words.includes(word));
        count += isShown;
        each.item.hidden = !isShown && !each.item.querySelector("input:checked");
      }
      found.textContent = `${count} of ${items.length}`;
    });
    // Enter would send the form.
    box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    list.before(box, found);
    list.removeAttribute("data-filter");
  }

  const start = (root) => root.querySelectorAll("[data-filter]").forEach(filter);
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
