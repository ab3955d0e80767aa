// Copy buttons: data-copy="#id" names the element whose text is copied. They are shown only with
// scripts on (class js-only).
(() => {
  "use strict";
  const TOLD_MS = 2000;

  // Marks stand for characters that nobody sees: what is copied has the characters.
  function meant(source) {
    const twin = source.cloneNode(true);
    for (const mark of twin.querySelectorAll("[data-codes]")) {
      mark.textContent = mark.dataset.codes.split(" ").filter(Boolean).map((code) => String.fromCodePoint(parseInt(code, 16))).join("");
    }
    return twin.textContent;
  }

  async function copy(button) {
    const label = button.querySelector("[data-copy-label]");
    const before = label.dataset.copyLabel;
    try {
      const source = document.querySelector(button.dataset.copy);
      await navigator.clipboard.writeText(source.value ?? meant(source));
      label.textContent = "Copied";
      button.classList.add("is-done");
    } catch {
      label.textContent = "Press Ctrl+C"; // the clipboard needs HTTPS or localhost
      getSelection().selectAllChildren(document.querySelector(button.dataset.copy));
    }
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("is-done");
    }, TOLD_MS);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (button) copy(button);
  });
})();
