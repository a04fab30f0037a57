// Hits as they are shown.
import { picture } from "./api.js";
import { digits, element } from "./dom.js";

const SCORES = { dense: "meaning", text: "words", rerank: "rerank" };

/**
 * A hit.
 * @param {object} hit as the server gives it
 * @param {object} acts `filter(name, value)` and `compare(hit)`
 * @returns {{item: HTMLElement, passage: HTMLElement}} its item of the list, and where its passage stands
 */
export function shownHit(hit, best, acts) {
  const passage = element("p", { className: "passage" }, hit.passage);
  const title = element("h2", {}, hit.document);
  const head = element("div", { className: "hit-head" }, title, scoreOf(hit, best));
  const item = element("li", { className: "hit", tabIndex: -1 }, head);
  if (hit.heading) item.append(element("p", { className: "heading" }, hit.heading));
  if (hit.image) showPicture(item, hit);
  item.append(passage, footOf(hit, item, passage, acts));
  return { item, passage };
}

function scoreOf(hit, best) {
  const bar = element("i");
  bar.style.setProperty("--part", Math.max(0, Math.min(1, best > 0 ? hit.score / best : 0)).toFixed(3));
  const parts = Object.entries(hit.scores).map(([name, value]) => `${SCORES[name] || name} ${digits(value)}`);
  return element(
    "div",
    { className: "hit-score", title: parts.join(", ") },
    element("span", { className: "unseen" }, "Score "),
    element("b", {}, digits(hit.score, 2)),
    element("span", { className: "bar", ariaHidden: "true" }, bar),
  );
}

function footOf(hit, item, passage, acts) {
  const foot = element("div", { className: "hit-foot" });
  for (const [name, value] of Object.entries(hit.metadata)) {
    if (value === null || String(value).length > 80) continue;
    foot.append(element("button", {
      type: "button",
      className: "chip",
      title: "Search only where it is so",
      on: { click: () => acts.filter(name, value) },
    }, element("span", {}, `${name} `), String(value)));
  }
  const scores = Object.entries(hit.scores).map(([name, value]) => `${SCORES[name] || name} ${digits(value, 2)}`);
  foot.append(element("span", { className: "dim scores" }, scores.join(" · ")));
  const whole = element("button", { type: "button", className: "link whole", hidden: true, aria: { expanded: "false" } }, "Whole passage");
  whole.addEventListener("click", () => {
    const open = item.classList.toggle("open");
    whole.setAttribute("aria-expanded", String(open));
    whole.textContent = open ? "Less" : "Whole passage";
  });
  // Only where the passage is cut, which is known once it has its place.
  requestAnimationFrame(() => {
    whole.hidden = passage.scrollHeight <= passage.clientHeight + 1;
  });
  const compare = element("button", { type: "button", className: "link", on: { click: () => acts.compare(hit) } }, "Compare");
  foot.append(element("span", { className: "acts" }, whole, compare));
  return foot;
}

async function showPicture(item, hit) {
  const frame = element("div", { className: "picture" });
  item.querySelector(".hit-head").after(frame);
  const source = await picture(hit.document);
  if (source) frame.append(element("img", { src: source, alt: hit.passage }));
  else frame.remove();
}
