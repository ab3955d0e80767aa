// What moves by itself. One request per browser asks what has changed; the server holds it until
// something has (web/live.py). Then the parts of the page that show it ask for themselves:
//
//   <div id="…" data-live="requests deliveries" hx-get="…" hx-trigger="live" hx-swap="outerHTML">
//
// With data-live-every="5" a part asks each five seconds too, for what changes with time alone.
// `document` gets the event "news" with {areas, waiting}: what changed, and how many requests wait.
(() => {
  "use strict";
  const element = document.getElementById("live");
  if (!element) return;
  const REST_MS = 250; // between two questions
  const NOT_HELD_MS = 5000; // the server said at once that nothing has changed: it holds too many
  const LONGEST_MS = 40000; // it holds for 25 s; what takes longer than this never comes
  const FIRST_PAUSE_MS = 500;
  const LAST_PAUSE_MS = 20000;
  const LOST_AFTER = 3; // failures in a row
  const LONGEST_PRESS_MS = 2000; // of a pointer whose release nobody hears of
  const address = element.dataset.href;
  const channel = new BroadcastChannel(`opensink-live ${address}`);
  let since = Number(element.dataset.since);

  // -- the parts of the page ---------------------------------------------------------------------

  const stale = new Set(); // ids of parts that are to ask when they can
  const asking = new Map(); // by id: the part that asks, and its XMLHttpRequest
  let pauseOfPartsMs = FIRST_PAUSE_MS;

  function areasOf(part) {
    return part.dataset.live.split(" ");
  }

  function areasHere() {
    return [...document.querySelectorAll("[data-live]")].flatMap(areasOf);
  }

  function ask(part) {
    if (document.hidden || asking.has(part.id)) {
      stale.add(part.id); // what is asked already may be answered with what was before
      return;
    }
    stale.delete(part.id);
    htmx.trigger(part, "live");
  }

  function askStale() {
    if (isPressed()) return;
    for (const id of [...stale]) {
      const part = document.getElementById(id);
      if (part?.dataset.live) ask(part);
      else stale.delete(id);
    }
  }

  function isByLive({ detail }) {
    return detail.requestConfig?.triggeringEvent?.type === "live";
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isByLive(event)) return;
    const { xhr, requestConfig: { elt: part } } = event.detail;
    asking.set(part.id, { part, xhr });
  });

  // A part that is swapped away while it asks, as by a decision, tells nobody that it was answered.
  // What stands in its place may have been drawn before the news that it asked for.
  document.addEventListener("htmx:beforeCleanupElement", ({ target: part }) => {
    const asked = asking.get(part.id);
    if (asked?.part !== part || asked.xhr.readyState === XMLHttpRequest.DONE) return;
    asking.delete(part.id);
    part.addEventListener("htmx:beforeOnLoad", (event) => event.preventDefault());
    stale.add(part.id);
    setTimeout(askStale);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isByLive(event)) return;
    const { requestConfig: { elt: { id } }, xhr: { status } } = event.detail;
    asking.delete(id);
    if (status && status < 500 && status !== 429) {
      pauseOfPartsMs = FIRST_PAUSE_MS;
      if (stale.has(id)) askStale();
      return;
    }
    stale.add(id);
    setTimeout(askStale, pauseOfPartsMs);
    pauseOfPartsMs = Math.min(pauseOfPartsMs * 2, LAST_PAUSE_MS);
  });

  // What is swapped away between the press and the release of a button takes the click with it.
  let pressedUntil = 0;
  const isPressed = () => performance.now() < pressedUntil;

  document.addEventListener("pointerdown", () => {
    pressedUntil = performance.now() + LONGEST_PRESS_MS;
    setTimeout(askStale, LONGEST_PRESS_MS);
  }, { capture: true });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      pressedUntil = 0;
      setTimeout(askStale);
    }, { capture: true });
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isByLive(event) || !isPressed()) return;
    event.detail.shouldSwap = false;
    stale.add(event.detail.requestConfig.elt.id);
  });

  setInterval(() => {
    for (const part of document.hidden ? [] : document.querySelectorAll("[data-live-every]")) {
      const seconds = Number(part.dataset.liveAge ?? 0) + 1;
      part.dataset.liveAge = seconds;
      if (seconds % Number(part.dataset.liveEvery) === 0) ask(part);
    }
  }, 1000);

  function take({ areas, waiting }) {
    document.dispatchEvent(new CustomEvent("news", { detail: { areas, waiting } }));
    for (const part of document.querySelectorAll("[data-live]")) {
      if (areasOf(part).some((area) => areas.includes(area))) ask(part);
    }
  }

  let isSignedOut = false;
  function noteSignedOut(is) {
    // whoever signs out here is on the way to where that leads
    if (is && !isSignedOut && !document.querySelector("form[aria-busy=true]")) {
      const part = document.querySelector("[data-live]");
      // A part that asks is led to the sign-in, unless something is typed (review.js).
      if (part) ask(part);
      else document.dispatchEvent(new CustomEvent("signed-out"));
    }
    isSignedOut = is;
  }

  // -- asking what has changed -------------------------------------------------------------------

  const elsewhere = new Set(); // areas that other tabs show
  let asked = new Set();
  let failures = 0;
  let isToAskAnew = false;
  let interrupt = () => {};

  async function question() {
    asked = new Set([...areasHere(), ...elsewhere]);
    const query = new URLSearchParams({ since });
    asked.forEach((area) => query.append("area", area));
    const aborter = new AbortController();
    interrupt = () => aborter.abort();
    const timer = setTimeout(interrupt, LONGEST_MS);
    try {
      const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
      const response = await fetch(`${address}?${query}`, { headers, signal: aborter.signal, cache: "no-store", redirect: "error" });
      return [response, response.status === 200 ? await response.json() : null];
    } finally {
      clearTimeout(timer);
    }
  }

  // Asks once, and returns how long to rest.
  async function askOnce() {
    const begun = performance.now();
    const [response, news] = await question();
    const isOut = response.headers.has("HX-Redirect");
    if (isOut || news) channel.postMessage({ isOut, news });
    noteSignedOut(isOut);
    if (isOut) return LAST_PAUSE_MS;
    if (response.status === 403 || response.status === 404) return Infinity; // a member no more
    if (!news) throw new Error(response.status);
    ({ since } = news);
    take(news);
    return news.areas.length || performance.now() - begun > 1000 ? REST_MS : NOT_HELD_MS;
  }

  async function askOn() {
    for (;;) {
      let rest = 0;
      try {
        rest = await askOnce();
        failures = 0;
      } catch {
        if (!isToAskAnew) rest = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LAST_PAUSE_MS) * (0.75 + Math.random() / 2);
      }
      isToAskAnew = false;
      noteLost(failures >= LOST_AFTER);
      await resting(rest);
      if (!navigator.locks && document.hidden) await shown();
    }
  }

  function resting(milliseconds) {
    return new Promise((resolve) => {
      interrupt = resolve;
      if (milliseconds !== Infinity) setTimeout(resolve, milliseconds);
    });
  }

  function shown() {
    return new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { once: true });
    });
  }

  function askAnew() {
    isToAskAnew = true;
    interrupt();
  }

  function noteLost(is) {
    if (is !== element.hidden) return;
    element.hidden = !is;
    channel.postMessage({ isLost: is });
  }

  // -- one tab asks for all ----------------------------------------------------------------------

  let isAsker = false;

  // Says what this tab shows, and up to when it knows.
  function sayHello() {
    channel.postMessage({ hello: { areas: areasHere(), known: since } });
  }

  function welcome({ areas, known }) {
    areas.forEach((area) => elsewhere.add(area));
    const waiting = document.querySelector(".inbox-count")?.textContent.trim() ?? "";
    if (known < since) channel.postMessage({ news: { since, waiting, areas: ["requests", ...areas] } });
    if (areas.some((area) => !asked.has(area))) askAnew();
  }

  channel.addEventListener("message", ({ data }) => {
    if (data.hello && isAsker) welcome(data.hello);
    if (data.who && !isAsker) sayHello();
    if ("isLost" in data) element.hidden = !data.isLost;
    if ("isOut" in data) noteSignedOut(data.isOut);
    if (!data.news) return;
    since = Math.max(since, data.news.since);
    take(data.news);
  });

  // What htmx has brought may show other areas.
  document.addEventListener("htmx:load", () => {
    if (areasHere().every((area) => asked.has(area))) return;
    if (isAsker) askAnew();
    else sayHello();
  });

  function comeBack() {
    if (document.hidden && !navigator.locks && isAsker) askAnew();
    if (document.hidden) return;
    if (isAsker && (failures || isSignedOut)) interrupt();
    askStale();
  }
  document.addEventListener("visibilitychange", comeBack);
  window.addEventListener("online", comeBack);

  async function begin() {
    isAsker = true;
    channel.postMessage({ who: true });
    await askOn();
  }

  // Six connections are all that a browser opens to a host by HTTP/1.1, so ten tabs share one
  // question. Locks need HTTPS or localhost; without them each tab asks for itself while it is seen.
  if (!navigator.locks) begin();
  else {
    sayHello();
    navigator.locks.request(`opensink-live ${address}`, begin);
  }
})();
