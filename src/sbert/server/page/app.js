// The page: which views there are, and which one is shown.
import { call } from "./api.js";
import { startCompare } from "./compare.js";
import { find, tell } from "./dom.js";
import { startMap } from "./map.js";
import { startSearch } from "./search.js";

const TITLES = { search: "Search", compare: "Compare", map: "Map" };
const views = {};

function named() {
  const name = location.hash.slice(1).split("?")[0];
  if (views[name]) return name;
  return views.search ? "search" : "compare";
}

function show() {
  if (location.hash === "#main") return; // the skip link
  const name = named();
  for (const each of Object.keys(TITLES)) {
    find(each).hidden = each !== name;
    const tab = find(`tab-${each}`);
    if (each === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  document.title = `${TITLES[name]} – sbert`;
  views[name].show();
}

/** Leave for another view, such as `compare`. */
function go(name) {
  if (location.hash === `#${name}`) show();
  else location.hash = name;
}

async function start() {
  let info;
  try {
    ({ data: info } = await call("info"));
  } catch (error) {
    tell("trouble", error.message);
    return;
  }
  const comparable = info.models.some(model => model.kind === "embedding");
  views.compare = startCompare(info);
  if (info.index) {
    views.map = startMap(info, { searchThese: ids => views.search.among(ids), go });
    views.search = startSearch(info, { compare: (a, b) => views.compare.with(a, b), hits: ids => views.map.mark(ids), go });
  }
  find("tab-search").hidden = find("tab-map").hidden = !info.index;
  find("tab-compare").hidden = !comparable && Boolean(info.index);
  addEventListener("hashchange", show);
  show();
}

start();
