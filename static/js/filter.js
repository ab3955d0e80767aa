// A long list of choices gets a box to find those one looks for. What is chosen is always shown.
(() => {
  "use strict";
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // The box to search in, and how much was found, for those who hear the page.
  function finder(list) {
    const box = document.createElement("input");
    const found = document.createElement("p");
    Object.assign(box, { type: "search", className: "form-control answer-filter", placeholder: "Find…", autocomplete: "off" });
    box.setAttribute("aria-label", `Find in ${list.dataset.filter}`);
    box.setAttribute("aria-controls", list.id);
    found.className = "visually-hidden";
    found.setAttribute("role", "status");
    list.before(box, found);
    list.removeAttribute("data-filter");
    return [box, found];
  }

  function filter(list) {
    const [box, found] = finder(list);
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
  }

  // A select opens as a list of what fits while one types; arrows move in it, Enter takes, Escape leaves.
  function filterSelect(select) {
    const [box, found] = finder(select);
    const items = [...select.options].map((item) => (
      { item, words: plain(`${item.textContent} ${item.dataset.words ?? ""}`) }));

    function show(fitting) {
      const chosen = select.selectedOptions[0];
      const shown = items.filter((each) => fitting.includes(each) || each.item === chosen);
      select.replaceChildren(...shown.map(({ item }) => item));
      if (chosen) chosen.selected = true;
    }

    function fitting() {
      const words = plain(box.value).split(/\s+/).filter(Boolean);
      return items.filter((each) => each.item.value && words.every((word) => each.words.includes(word)));
    }

    function close() {
      if (!select.size) return;
      box.value = "";
      found.textContent = "";
      show(items);
      select.size = 0;
    }

    function choose(item) {
      if (!item || item.selected) return;
      item.selected = true;
      item.scrollIntoView({ block: "nearest" });
      select.dispatchEvent(new Event("input", { bubbles: true }));
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    box.addEventListener("input", (event) => {
      event.stopPropagation(); // searching is no answer
      if (!box.value.trim()) return close();
      const matches = fitting();
      show(matches);
      select.size = Math.min(8, Math.max(2, select.options.length));
      found.textContent = `${matches.length} of ${items.length}`;
    });
    box.addEventListener("keydown", (event) => {
      const matches = select.size ? fitting().map(({ item }) => item) : [];
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && matches.length) {
        event.preventDefault();
        const at = matches.indexOf(select.selectedOptions[0]);
        const next = at < 0 ? (step > 0 ? 0 : matches.length - 1) : Math.min(matches.length - 1, Math.max(0, at + step));
        choose(matches[next]);
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        if (matches.length && !matches.includes(select.selectedOptions[0])) choose(matches[0]);
        close();
      } else if (event.key === "Escape" && select.size) {
        event.preventDefault();
        close();
      }
    });
    select.addEventListener("click", () => { if (select.size) { close(); select.focus(); } });
    select.addEventListener("keydown", (event) => {
      if (!select.size || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      close();
    });
    select.form?.addEventListener("focusin", ({ target }) => {
      if (target !== box && target !== select) close();
    });
  }

  const start = (root) => root.querySelectorAll("[data-filter]").forEach((each) => (
    each.matches("select") ? filterSelect(each) : filter(each)));
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
