// Says while one types as what a value of several kinds would be sent; the server decides it.
(() => {
  "use strict";
  const WHOLE = /^-?(0|[1-9][0-9]*)$/;
  const NUMBER = /^-?(0|[1-9][0-9]*)([.,][0-9]+)?([eE][+-]?[0-9]+)?$/;

  function recognised(box, text) {
    const kinds = box.dataset.scalar.split(" ");
    const word = text.trim().toLowerCase();
    if (JSON.parse(box.dataset.options).includes(text.trim())) return "option";
    const isWord = /^(true|false)$/.test(word) || (!kinds.includes("text") && /^(yes|no)$/.test(word));
    if (kinds.includes("boolean") && isWord) return "boolean";
    const isDoubtful = /^-?[1-9][0-9]{0,2},[0-9]{3}$/.test(text);
    const isNumber = ("whole" in box.dataset ? WHOLE : NUMBER).test(text) && !isDoubtful;
    if (kinds.includes("number") && (isNumber || !kinds.includes("text"))) return "number";
    return kinds.includes("text") ? "text" : "";
  }

  function say(box) {
    const sentAs = box.parentElement.querySelector("[data-sent-as]");
    const select = box.querySelector("select");
    if (!sentAs || !select) return;
    const text = box.querySelector("input, textarea").value;
    const kind = select.value || recognised(box, text);
    const option = [...select.options].find((each) => each.value === kind);
    sentAs.textContent = text && kind && option ? `Sent as ${option.label}.` : "";
  }

  const boxOf = (event) => event.target.closest?.("[data-scalar]");
  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => boxOf(event) && say(boxOf(event)));
  }
})();
