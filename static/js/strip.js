// A strip of ticks: one stop for the Tab key, and the arrow keys, Home and End go along it.
(() => {
  "use strict";
  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };

  document.addEventListener("keydown", (event) => {
    const strip = event.target.closest?.("[data-strip]");
    const step = STEPS[event.key];
    if (!strip || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const ticks = [...strip.querySelectorAll("a")];
    const place = ticks.indexOf(event.target) + step;
    const next = ticks[Math.max(0, Math.min(ticks.length - 1, place))];
    for (const tick of ticks) tick.tabIndex = tick === next ? 0 : -1;
    next.focus();
    event.preventDefault();
  });
})();
