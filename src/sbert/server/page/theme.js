// The theme: the system's, or the one that was chosen here. No module, so that it is set before anything is painted.
"use strict";
(() => {
  const KEY = "sbert-theme";
  const NEXT = { auto: "light", light: "dark", dark: "auto" };
  const SIGNS = { auto: "◐", light: "☀", dark: "☾" };
  const NAMES = { auto: "as the system has it", light: "light", dark: "dark" };

  function stored() {
    try {
      const theme = localStorage.getItem(KEY);
      return theme in NEXT ? theme : "auto";
    } catch {
      return "auto"; // a browser that keeps nothing
    }
  }

  function apply(theme) {
    document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new Event("theme"));
  }

  apply(stored());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const show = () => {
      const theme = document.documentElement.dataset.theme;
      button.firstElementChild.textContent = SIGNS[theme];
      button.lastElementChild.textContent = `Theme: ${NAMES[theme]}`;
      button.title = button.lastElementChild.textContent;
    };
    button.addEventListener("click", () => {
      const theme = NEXT[document.documentElement.dataset.theme];
      apply(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // it holds until the page is closed
      }
      show();
    });
    show();
  });
})();
