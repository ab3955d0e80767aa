// How many requests wait: in elements of class inbox-count, in the title, and on the page's icon.
(() => {
  "use strict";
  const icon = document.querySelector('link[rel="icon"]');
  const plainIcon = icon.href;
  let drawn = "";

  function show(waiting) {
    for (const count of document.querySelectorAll(".inbox-count")) {
      if (count.textContent !== waiting) count.textContent = waiting;
    }
    const title = document.title.replace(/^(Error: )?(\(\d+\+?\) )?/, (_all, error = "") => (
      error + (waiting ? `(${waiting}) ` : "")));
    if (document.title !== title) document.title = title;
    drawOnIcon(waiting);
  }

  function drawOnIcon(waiting) {
    if (waiting === drawn) return;
    drawn = waiting;
    if (!waiting) {
      icon.href = plainIcon;
      return;
    }
    const image = new Image(64, 64);
    image.addEventListener("load", () => {
      if (drawn === waiting) icon.href = withBadge(image, waiting.length > 2 ? "99" : waiting);
    });
    image.src = plainIcon;
  }

  // A picture, because not every browser takes an icon that was written here as SVG.
  function withBadge(image, text) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
    const context = canvas.getContext("2d");
    const left = text.length > 1 ? 12 : 28;
    context.drawImage(image, 0, 0, 64, 64);
    context.fillStyle = "#c2255c";
    context.beginPath();
    context.roundRect(left, 22, 64 - left, 42, 14);
    context.fill();
    Object.assign(context, { fillStyle: "#fff", font: "bold 38px sans-serif", textAlign: "center" });
    context.fillText(text, (64 + left) / 2, 57, 60 - left);
    return canvas.toDataURL("image/png");
  }

  drawOnIcon(document.querySelector(".inbox-count")?.textContent.trim() ?? "");
  document.addEventListener("news", ({ detail }) => show(detail.waiting));
})();
