// The map of the index: its canvas, and beside it the same passages as a list.
import { call, picture } from "./api.js";
import { clusterColours } from "./colours.js";
import { element, find } from "./dom.js";
import { Plane } from "./plane.js";

const LISTED = 200;
/** Milliseconds until the server is asked again whether the map is there. */
const AGAIN = 1500;
const KEYS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

/** The view of the map; `acts` are what it asks of the others. */
export function startMap(info, acts) {
  const canvas = find("plane");
  const tip = find("tip");
  let map = null;
  let begun = false;
  let selected = [];
  let marked = new Set();
  const plane = new Plane(canvas, {
    hover: showTip,
    select: places => select(places, "inside the line"),
    click: place => (place < 0 ? clear() : select([place], "chosen")),
  });

  async function load() {
    begun = true;
    const status = find("map-status");
    try {
      status.textContent = "The map is being drawn. That takes up to a minute, once.";
      let answer = await call("map");
      while (answer.status === 202) {
        await new Promise(resolve => setTimeout(resolve, AGAIN));
        answer = await call("map");
      }
      map = answer.data;
    } catch (error) {
      begun = false;
      status.textContent = error.message;
      return;
    }
    const count = map.ids.length;
    status.textContent =
      count < map.passages ? `${count.toLocaleString()} of ${map.passages.toLocaleString()} passages` : `${count.toLocaleString()} passages`;
    if (map.method === "pca") status.textContent += ", laid out roughly: the server has no umap-learn";
    plane.open(map);
    ring();
    listClusters();
  }

  // --- the list ---

  function listClusters() {
    find("side-title").textContent = map.names.length ? "Clusters" : "Passages";
    find("search-these").hidden = find("clear-selection").hidden = true;
    if (!map.names.length) return list([...map.ids.keys()]);
    const colours = clusterColours(map.names.length);
    find("side-list").replaceChildren(
      ...map.names.map((name, label) => {
        const own = [...map.labels.keys()].filter(place => map.labels[place] === label);
        const dot = element("i", { className: "dot", ariaHidden: "true" });
        dot.style.background = colours[label];
        const button = element("button", { type: "button", className: "row", on: { click: () => select(own, name) } },
          dot, element("span", {}, name || "no words in common"), element("span", { className: "dim" }, own.length.toLocaleString()));
        return element("li", {}, button);
      }),
    );
  }

  function list(places) {
    const items = places.slice(0, LISTED).map(place => {
      const row = element("button", {
        type: "button",
        className: "row passage-row",
        on: {
          pointerenter: () => plane.point(place),
          focus: () => plane.point(place),
          pointerleave: () => plane.point(-1),
          blur: () => plane.point(-1),
          click: () => searchThese([place]),
        },
      }, element("b", {}, map.documents[place]), element("span", { className: "snippet" }, map.texts[place]));
      row.title = "Search this passage alone";
      return element("li", {}, row);
    });
    if (places.length > LISTED)
      items.push(element("li", { className: "dim" }, `and ${(places.length - LISTED).toLocaleString()} more`));
    find("side-list").replaceChildren(...items);
  }

  function select(places, what) {
    selected = places;
    plane.chosen = places.length ? new Set(places) : null;
    plane.hovered = -1;
    plane.draw();
    tip.hidden = true;
    lasso(false);
    if (!places.length) return clear();
    find("side-title").textContent = places.length === 1 ? "1 passage" : `${places.length.toLocaleString()} passages`;
    find("map-status").textContent = `${find("side-title").textContent} ${what}`;
    find("search-these").hidden = find("clear-selection").hidden = false;
    list(places);
    find("side-list").scrollTop = 0;
  }

  function clear() {
    selected = [];
    plane.chosen = null;
    plane.draw();
    if (!map) return;
    find("map-status").textContent = `${map.ids.length.toLocaleString()} passages`;
    listClusters();
  }

  function searchThese(places) {
    acts.searchThese(places.map(place => map.ids[place]));
    acts.go("search");
  }

  // --- what is pointed at ---

  async function showTip(place, x, y) {
    tip.hidden = place < 0;
    if (place < 0) return;
    const cluster = map.labels[place] < 0 ? "" : map.names[map.labels[place]];
    tip.replaceChildren(element("b", {}, map.documents[place]), element("span", {}, map.texts[place]), element("small", {}, cluster));
    settle(x, y);
    if (!map.images.includes(place)) return;
    const source = await picture(map.documents[place]);
    if (!source || plane.hovered !== place || tip.querySelector("img")) return;
    const image = element("img", { src: source, alt: "" });
    tip.prepend(image);
    image.addEventListener("load", () => settle(x, y));
  }

  function settle(x, y) {
    const fits = (value, size, room) => Math.max(6, value + 16 + size > room ? value - 16 - size : value + 16);
    tip.style.left = `${Math.min(fits(x, tip.offsetWidth, plane.width), plane.width - tip.offsetWidth - 6)}px`;
    tip.style.top = `${fits(y, tip.offsetHeight, plane.height)}px`;
  }

  // --- buttons and keys ---

  function lasso(on) {
    plane.isLasso = on;
    find("lasso").setAttribute("aria-pressed", String(on));
    canvas.classList.toggle("drawing", on);
  }

  const asked = {
    "+": () => plane.zoom(1.4),
    "=": () => plane.zoom(1.4),
    "-": () => plane.zoom(1 / 1.4),
    0: () => plane.all(),
    l: () => lasso(!plane.isLasso),
    Escape: () => (plane.isLasso ? lasso(false) : clear()),
    Enter: () => {
      select(plane.inView(), "in view");
      find("side-title").focus();
    },
  };
  canvas.addEventListener("keydown", event => {
    if (!map || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) plane.move(...KEYS[event.key]);
    else if (asked[event.key]) asked[event.key]();
    else return;
    event.preventDefault();
  });
  find("zoom-in").addEventListener("click", () => map && plane.zoom(1.4));
  find("zoom-out").addEventListener("click", () => map && plane.zoom(1 / 1.4));
  find("zoom-all").addEventListener("click", () => plane.all());
  find("lasso").addEventListener("click", () => map && lasso(!plane.isLasso));
  find("clear-selection").addEventListener("click", clear);
  find("search-these").addEventListener("click", () => searchThese(selected));
  document.addEventListener("theme", () => map && !selected.length && listClusters());

  /** Put rings around the hits of the last search. */
  function ring() {
    plane.rings = new Set(map ? [...map.ids.keys()].filter(place => marked.has(map.ids[place])) : []);
    plane.draw();
  }

  return {
    show: () => begun || load(),
    mark: ids => {
      marked = new Set(ids);
      ring();
    },
  };
}
