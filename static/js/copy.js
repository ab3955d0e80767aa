// Copy buttons: data-copy="#id" names the element whose text is copied. They are shown only with
// scripts on (class js-only).
(() => {
  "use strict";
  const TOLD_MS = 2000;

  async function copy(button) {
    const label = button.querySelector("[data-copy-label]");
    const before = label.dataset.copyLabel;
    try {
      const source = document.querySelector(button.dataset.copy);
      await navigator.clipboard.writeText(source.value ?? source.textContent);
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
