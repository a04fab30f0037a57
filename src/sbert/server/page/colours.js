// Colours of the theme that is on, for what is drawn on a canvas, which knows no variables of CSS.

/** The colour that a variable of CSS stands for now. */
export function colour(name) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Of each cluster a colour; hues a golden angle apart, so that neighbours in the list differ. */
export function clusterColours(count) {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (document.documentElement.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  return Array.from({ length: count }, (_, place) => {
    const light = (isDark ? 0.76 : 0.6) - (place % 3) * 0.05;
    return `oklch(${light} 0.15 ${(40 + place * 137.5) % 360})`;
  });
}
