// Sets the theme before the first paint, so it is the one script that is not deferred.
// The choice lives in localStorage (shared by all tabs) and in the cookie `theme`, from which the
// server writes data-bs-theme; without a choice the system's preference holds, live.
(() => {
  "use strict";
  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  const YEAR_SECONDS = 31536000;

  root.classList.add("js");

  function storedChoice() {
    try {
      return localStorage.getItem("theme") || root.dataset.themeChoice || "system";
    } catch {
      return root.dataset.themeChoice || "system"; // storage is blocked: the cookie decides
    }
  }

  function apply(choice) {
    const dark = choice === "dark" || (choice === "system" && systemIsDark.matches);
    root.dataset.themeChoice = choice;
    root.dataset.bsTheme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === choice));
    }
  }

  function keep(choice) {
    const age = choice === "system" ? 0 : YEAR_SECONDS;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${choice}; Path=${root.dataset.root || "/"}; Max-Age=${age}; SameSite=Lax${secure}`;
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // Storage is blocked: the cookie alone keeps the choice.
    }
  }

  apply(storedChoice());
  systemIsDark.addEventListener("change", () => apply(storedChoice()));
  window.addEventListener("storage", (event) => event.key === "theme" && apply(storedChoice()));
  document.addEventListener("DOMContentLoaded", () => apply(storedChoice()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set-theme]");
    if (!button) return;
    keep(button.dataset.setTheme);
    apply(button.dataset.setTheme);
  });
})();
