// Returns what is out of order on the page, each line beginning with its kind.
({ mark, polls }) => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const outline = (element) => element.cloneNode(false).outerHTML.slice(0, 120);
  const report = (kind, elements) => {
    for (const element of elements) faults.push(`${kind}: ${outline(element)}`);
  };
  const hasAttribute = (pattern) => (element) =>
    [...element.attributes].some(({ name }) => pattern.test(name));
  const isHere = (address) => new URL(address, location.href).origin === location.origin;
  const isPoll = (asked) =>
    polls.some((place) => asked === `get ${place}` || asked.startsWith(`get ${place}?`));

  if (window.ran === 1) faults.push("script: it ran");
  for (const violation of window.seenByTests.policy) faults.push(`policy: ${violation}`);
  for (const asked of window.seenByTests.htmx) if (!isPoll(asked)) faults.push(`htmx: ${asked}`);

  report("markup", all("script:not([src^='/static/']), style, iframe, object, embed, base, portal"));
  report("markup", all("meta[http-equiv], math, marquee, template, frameset, [srcdoc], [ping]"));
  report("markup", all("*").filter(hasAttribute(/^(on|style$|data-hx-|hx-on|hx-ext|sse-|ws-)/)));
  // A link of a drawing has no protocol, and may have its address in a namespace.
  const leadsTo = ({ href }) => URL.parse(href.baseVal ?? href, location.href)?.protocol;
  report("address", all("a[*|href]").filter((link) => !/^(https?|mailto):$/.test(leadsTo(link))));
  report("address", all("[src]").filter(({ src }) => !isHere(src)));
  const isDrawnIcon = ({ rel, href }) => rel === "icon" && href.startsWith("data:image/png;");
  const links = all("link[href]").filter((link) => !isDrawnIcon(link));
  report("address", links.filter(({ href }) => !isHere(href)));
  report("address", all("[srcset], [poster], [background]"));
  report("address", all("[formaction]").filter(({ formAction }) => !isHere(formAction)));
  report("address", all("form").filter((form) => !isHere(form.getAttribute("action") ?? "")));

  const ids = all("[id]").map(({ id }) => id);
  for (const id of ids.filter((one, place) => ids.indexOf(one) !== place)) faults.push(`id: ${id}`);

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (data.includes(mark) && !parentElement.closest("[hx-disable]")) {
      faults.push(`enabled: ${outline(parentElement)}`);
    }
  }

  // Characters that nobody sees stand only where a form has to send them back exactly.
  const hidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2067\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u;
  const read = ["title", "alt", "label", "placeholder", "aria-label", "aria-valuetext", "data-label"];
  const words = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const { data, parentElement } = words.currentNode;
    if (hidden.test(data) && !parentElement.closest("textarea")) faults.push(`hidden: ${outline(parentElement)}`);
  }
  for (const element of all("*")) {
    for (const name of read) {
      if (hidden.test(element.getAttribute(name) ?? "")) faults.push(`hidden: ${name} of ${outline(element)}`);
    }
  }

  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) faults.push(`overflow: ${width} px on a screen of ${innerWidth} px`);
  for (const button of all("button[type=submit]:not([aria-hidden], :disabled, .visually-hidden)").filter((one) => one.checkVisibility())) {
    button.scrollIntoView({ block: "center", behavior: "instant" });
    const box = button.getBoundingClientRect();
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!button.contains(hit)) faults.push(`covered: ${outline(button)} by ${hit && outline(hit)}`);
  }
  scrollTo(0, 0);
  return faults;
}
