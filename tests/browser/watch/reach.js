// Returns each control of the page that somebody cannot reach on this screen, with why: it lies outside of
// it, is cut by a part that does not scroll, or lies under something else.
() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const SLACK_PX = 1;
  const SCREENS_MAX = 30;
  const outline = (element) => element.cloneNode(false).outerHTML.slice(0, 120);
  const scrolls = (way) => way === "auto" || way === "scroll";
  const cuts = (way) => way === "hidden" || way === "clip";
  const faults = [];

  // What is there for screen readers alone, or is shown once it has the focus.
  function isUnseen(element) {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return true;
    const { width, height } = element.getBoundingClientRect();
    if (width <= 1 || height <= 1) return true;
    for (let each = element; each; each = each.parentElement) {
      if (getComputedStyle(each).clipPath !== "none") return true;
    }
    return false;
  }

  // Where of it can be seen, once whatever scrolls has been scrolled to it; none where that is nowhere.
  function whyCut(element) {
    let { left, right } = element.getBoundingClientRect();
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) {
      const way = getComputedStyle(each).overflowX;
      const box = each.getBoundingClientRect();
      const isGone = left >= box.right || right <= box.left;
      if (cuts(way) && (isGone || (right > box.right + SLACK_PX && !isText(element)))) return `cut by ${outline(each)}`;
      if (cuts(way)) right = Math.min(right, box.right);
      if (isTable(each) && right > box.right + SLACK_PX) return `cut by ${outline(each)}`;
      if (scrolls(way)) ({ left, right } = box);
    }
    return left < -SLACK_PX || right > document.documentElement.clientWidth + SLACK_PX ? "outside" : "";
  }

  // On a phone the rows of a table are lines: nobody should have to scroll it for what stands at their ends.
  const isTable = (element) => element.matches(".table-frame:not(:has(.is-fixed))");

  // A link's words may be cut, with an ellipsis.
  const isText = (element) => element.matches("a, summary");

  // What a part of the page has scrolled away is under whatever is beside it.
  function isWithinScrolled(element) {
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(each);
      const isScrolled = (scrolls(overflowX) && each.scrollWidth > each.clientWidth) || (scrolls(overflowY) && each.scrollHeight > each.clientHeight);
      if (isScrolled) return true;
    }
    return false;
  }

  // Whatever is drawn at a control's middle has to be the control, or a part or a label of it.
  function whyCovered(element) {
    const [box] = element.getClientRects();
    const hit = document.elementFromPoint(box.left + Math.min(box.width, 300) / 2, box.top + box.height / 2);
    const own = hit?.closest("label")?.control ?? hit;
    if (own && (element.contains(own) || own.contains(element))) return "";
    return `under ${hit && outline(hit)}`;
  }

  // A third of a screen at a time, as somebody reads, until each was seen free of what lies over the page: to
  // scroll to each of a thousand controls takes minutes.
  function covered(controls) {
    const middles = controls.map((control) => control.getClientRects()[0]).map(({ top, height }) => top + height / 2 + scrollY);
    const why = new Map();
    let left = controls.map((control, at) => [control, middles[at]]);
    const last = Math.max(0, document.scrollingElement.scrollHeight - innerHeight);
    const step = innerHeight / 3;
    for (let y = 0; left.length && y < Math.min(last + step, SCREENS_MAX * innerHeight); y += step) {
      scrollTo({ top: y, behavior: "instant" });
      left = left.filter(([control, middle]) => {
        if (middle < scrollY || middle >= scrollY + innerHeight) return true;
        why.set(control, whyCovered(control));
        return why.get(control) !== "";
      });
    }
    scrollTo({ top: 0, behavior: "instant" });
    for (const [control] of left) {
      if (why.has(control)) faults.push(`reach: ${outline(control)} ${why.get(control)}`);
    }
  }

  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) faults.push(`overflow: ${width} px on a screen of ${innerWidth} px`);
  const seen = [...document.querySelectorAll(CONTROLS)].filter((control) => !isUnseen(control));
  const whole = seen.filter((control) => {
    const why = whyCut(control);
    if (why) faults.push(`reach: ${outline(control)} ${why}`);
    return !why;
  });
  covered(whole.filter((control) => !isWithinScrolled(control)));
  return faults;
}
