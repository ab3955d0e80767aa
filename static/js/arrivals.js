// A list that moves by itself, under the eyes of somebody who works in it: while the pointer is over
// it, the focus in it, something of it chosen, or a decision in it can be undone, no row moves. What
// comes after the last row is added there; of what comes above it a pill tells, and brings it.
(() => {
  "use strict";
  const LIST = "[data-live-list]";
  const ROW = "li[id]";

  function isInUse(list) {
    const { anchorNode, isCollapsed } = getSelection();
    return list.matches(":hover") || list.contains(document.activeElement)
      || list.querySelector("input:checked, [data-undo-seconds]") !== null
      || (!isCollapsed && list.contains(anchorNode));
  }

  function rowsOf(list) {
    return [...list.querySelectorAll(ROW)];
  }

  // Adds what stands behind all that is shown, and returns how many rows stand before that.
  function addBehind(list, news) {
    const shown = new Set(rowsOf(list).map(({ id }) => id));
    const rows = rowsOf(news);
    const last = rows.findLastIndex(({ id }) => shown.has(id));
    const behind = last < 0 ? [] : rows.slice(last + 1);
    const end = rowsOf(list).at(-1);
    for (const row of behind.toReversed()) {
      end.after(row);
      htmx.process(row);
    }
    return rows.filter(({ id }) => !shown.has(id)).length - behind.length;
  }

  // Of what stands behind the last row of a page that others follow, the news say nothing.
  function markGone(list, news) {
    const there = new Set(rowsOf(news).map(({ id }) => id));
    const rows = rowsOf(list);
    const known = news.querySelector("[rel=next]") ? rows.findLastIndex(({ id }) => there.has(id)) : rows.length;
    rows.forEach((row, at) => row.classList.toggle("is-gone", at < known && !there.has(row.id)));
    document.dispatchEvent(new CustomEvent("rows-gone"));
  }

  function showPill(list, count) {
    let pill = list.querySelector(".live-pill");
    if (!count) return pill?.remove();
    if (!pill) {
      pill = Object.assign(document.createElement("button"), { type: "button", className: "live-pill" });
      pill.addEventListener("click", () => bring(list));
      list.prepend(pill);
    }
    pill.textContent = `${count} new`;
  }

  // Asks for the whole list; who asked for it wants to see its rows move.
  function bring(list) {
    list.dataset.liveWanted = "";
    htmx.trigger(list, "live");
  }

  function tell(text) {
    const region = document.getElementById("inbox-news");
    if (region) region.textContent = text;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const list = detail.target;
    if (!detail.shouldSwap || !list.matches(LIST) || detail.requestConfig.triggeringEvent?.type !== "live") return;
    const answer = new DOMParser().parseFromString(detail.serverResponse, "text/html");
    const news = answer.querySelector(LIST);
    const isWanted = "liveWanted" in list.dataset;
    if (isWanted) {
      document.addEventListener("htmx:afterSettle", () => {
        const first = document.querySelector(`${LIST} ${ROW} a`);
        first?.focus({ preventScroll: true });
        first?.closest(LIST).scrollIntoView({ block: "nearest" });
      }, { once: true });
    }
    if (isWanted || !news || !rowsOf(list).length || !isInUse(list)) return;
    detail.shouldSwap = false;
    const size = answer.querySelector("[hx-swap-oob$='#list-size']");
    if (size) document.getElementById("list-size")?.replaceChildren(...size.childNodes);
    markGone(list, news);
    const above = addBehind(list, news);
    showPill(list, above);
    if (above) tell(above === 1 ? "1 new request" : `${above} new requests`);
  });
})();
