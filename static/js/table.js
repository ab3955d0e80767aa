// A table of answers: whoever fills in a row means to send it; all rows can be ticked at once.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];

  function draw() {
    const boxes = all("[data-table-choose]");
    const ticked = boxes.filter(({ checked }) => checked).length;
    const every = document.querySelector("[data-table-all]");
    if (!every) return;
    every.checked = ticked > 0 && ticked === boxes.length;
    every.indeterminate = ticked > 0 && !every.checked;
  }

  document.addEventListener("input", ({ target }) => {
    const row = target.closest("[data-table-row]");
    const box = row?.querySelector("[data-table-choose]");
    if (box && box !== target) box.checked = true;
    draw();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-table-all]")) for (const box of all("[data-table-choose]")) box.checked = target.checked;
    draw();
  });
  window.addEventListener("pageshow", draw);
})();
