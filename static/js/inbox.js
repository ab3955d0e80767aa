// The way back to a list: the row that was opened is where it was, and has the focus. By the
// browser's Back, by the link above a request, and after a decision, which leaves the next row there.
(() => {
  "use strict";
  const list = document.getElementById("inbox-list");
  if (!list) return;
  const ROW = ".inbox-row";
  const query = new URLSearchParams(location.search);
  query.sort(); // the same list, whoever wrote its address
  const key = `place ${location.pathname}?${query}`;
  let opened = null;

  const rows = () => [...document.querySelectorAll(ROW)];
  const titleOf = (row) => row?.querySelector(".row-title");
  const topOf = (element) => element.getBoundingClientRect().top;

  // not every browser gives the focus to a link that is clicked
  document.addEventListener("click", ({ target }) => {
    opened = target.closest("a[href]")?.closest(ROW) ?? null;
  });

  window.addEventListener("pagehide", () => {
    const row = opened?.isConnected ? opened : document.activeElement.closest(ROW);
    if (!row) return forget();
    history.scrollRestoration = "manual";
    keep(JSON.stringify({ id: row.id, at: rows().indexOf(row), top: topOf(row) }));
  });

  function keep(place) {
    try {
      sessionStorage.setItem(key, place);
    } catch {
      history.scrollRestoration = "auto"; // storage is blocked: the browser does what it can
    }
  }

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  }

  function forget() {
    try {
      sessionStorage.removeItem(key);
    } catch {
      // Storage is blocked: there is nothing in it.
    }
  }

  function isOnTheWayBack() {
    const { origin, pathname } = new URL(document.referrer || "about:blank");
    const fromRequest = origin === location.origin && /\/requests\/[^/]+$/.test(pathname);
    return fromRequest || performance.getEntriesByType("navigation")[0].type === "back_forward";
  }

  function comeBack() {
    const place = isOnTheWayBack() && kept();
    if (!place) return;
    const byId = (id) => document.getElementById(id)?.closest(ROW);
    const title = titleOf(byId(location.hash.slice(1)) ?? byId(place.id) ?? rows().at(place.at) ?? rows().at(-1));
    if (!title) return;
    // what the address names is put where it was, not at the top, to which the browser would scroll
    history.replaceState(history.state, "", location.pathname + location.search);
    const put = () => {
      title.focus({ preventScroll: true });
      scrollBy({ top: topOf(title.closest(ROW)) - place.top, behavior: "instant" });
    };
    put();
    window.addEventListener("pageshow", () => { // until then some browsers scroll by themselves
      if ([title, document.body].includes(document.activeElement)) put();
      history.scrollRestoration = "auto";
    }, { once: true });
  }

  comeBack();
})();
