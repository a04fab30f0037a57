// Search as you type.
import { call, isAborted } from "./api.js";
import { debounced, find, tell } from "./dom.js";
import { explain, marked, withWords } from "./explain.js";
import { startFilters } from "./filters.js";
import { shownHit } from "./hits.js";

const STEP = 10;
const MOST = 100;
/** Milliseconds after the last key: shorter than people wait, longer than they pause between letters. */
const PAUSE = 120;

/** The search view; `acts` are what it asks of the others. */
export function startSearch(info, acts) {
  const query = find("query");
  const why = find("why");
  const rerank = find("rerank");
  let count = STEP;
  let current = new AbortController();
  let restoring = true;
  const filters = startFilters(info.index.metadata, () => afresh());

  find("rerank-field").hidden = !info.index.reranks;
  const model = info.index.model.split("/").at(-1);
  find("index-told").textContent =
    `${info.index.passages.toLocaleString()} passages of ${info.index.name}, found by their meaning (${model}) and their words.`;

  const mode = () => document.querySelector("input[name=mode]:checked").value;
  const soon = debounced(PAUSE, () => run());

  function afresh() {
    count = STEP;
    if (!restoring) soon();
  }

  async function run() {
    current.abort(); // of an older query nobody wants the answer any more
    const { signal } = (current = new AbortController());
    const asked = query.value.trim();
    remember(asked);
    tell("search-error", "");
    tell("search-note", "");
    if (!asked) return show([], null);
    const body = { query: asked, top_k: count, mode: mode(), rerank: rerank.checked && info.index.reranks };
    const where = filters.where();
    if (where) body.where = where;
    try {
      find("search").ariaBusy = "true";
      const { data, milliseconds } = await call("search", { body, signal });
      const shown = show(data.hits, milliseconds, data);
      await explainAll(asked, shown, signal);
    } catch (error) {
      if (isAborted(error)) return;
      show([], null);
      find("search-empty").hidden = true;
      tell("search-error", error.message);
    } finally {
      if (!signal.aborted) find("search").ariaBusy = "false";
    }
  }

  function show(hits, milliseconds, data) {
    const best = hits.length ? hits[0].score : 0;
    const shown = hits.map(hit => ({ hit, ...shownHit(hit, best, own) }));
    find("hits").replaceChildren(...shown.map(each => each.item));
    find("search-empty").hidden = milliseconds !== null;
    find("more").hidden = hits.length < count || count >= MOST;
    acts.hits(hits.map(hit => hit.id));
    const told = hits.length === 1 ? "1 hit" : `${hits.length} hits`;
    find("search-status").textContent =
      milliseconds === null ? "" : `${told} in ${Math.round(milliseconds)} ms, ${Math.round(data.milliseconds)} of them searching`;
    if (data?.truncated) tell("search-note", "The query is longer than the model reads: only its beginning was compared.");
    else if (milliseconds !== null && !hits.length) tell("search-note", "Nothing was found. Are the filters too narrow?");
    return shown;
  }

  const own = {
    filter: (name, value) => filters.same(name, value),
    compare: hit => {
      acts.compare(query.value.trim(), hit.passage);
      acts.go("compare");
    },
  };

  async function explainAll(asked, shown, signal) {
    if (!why.checked) return;
    if (mode() === "text") {
      for (const { hit, passage } of shown) passage.replaceChildren(withWords(hit.passage, asked));
      return;
    }
    for (const { hit, passage } of shown) {
      if (hit.image) continue; // its vector is the picture's, not that of its name
      try {
        const found = await explain(asked, hit.passage, { task: "search", signal });
        passage.replaceChildren(marked(hit.passage, found));
      } catch (error) {
        if (!isAborted(error)) tell("search-note", `No words are marked. ${error.message}`);
        return;
      }
    }
  }

  /** Put what is asked into the address, so that it can be kept and sent. */
  function remember(asked) {
    const parts = new URLSearchParams();
    if (asked) parts.set("q", asked);
    if (mode() !== "hybrid") parts.set("mode", mode());
    if (rerank.checked) parts.set("rerank", "1");
    if (!find("search").hidden) history.replaceState(null, "", parts.size ? `#search?${parts}` : "#search");
  }

  function restore() {
    const parts = new URLSearchParams(location.hash.split("?")[1] || "");
    if (parts.has("q")) query.value = parts.get("q");
    const named = document.querySelector(`input[name=mode][value="${CSS.escape(parts.get("mode") || "hybrid")}"]`);
    if (named && parts.size) named.checked = true;
    if (parts.has("rerank")) rerank.checked = true;
  }

  /** Up and down go through the hits, and back to the field. */
  function walk(event) {
    if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || event.ctrlKey || event.metaKey) return;
    const items = [...find("hits").children];
    const here = items.indexOf(document.activeElement.closest(".hit"));
    const inField = document.activeElement === query;
    if ((here < 0 && !inField) || !items.length) return;
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (next < 0 ? query : items[Math.min(next, items.length - 1)]).focus();
  }

  restore();
  restoring = false;
  query.addEventListener("input", afresh);
  for (const field of [rerank, why, ...document.querySelectorAll("input[name=mode]")]) field.addEventListener("change", () => run());
  find("search-form").addEventListener("submit", event => {
    event.preventDefault();
    run();
  });
  find("more").addEventListener("click", () => {
    count = Math.min(MOST, count + STEP);
    run();
  });
  find("search").addEventListener("keydown", walk);
  document.addEventListener("keydown", event => {
    if (event.key !== "/" || event.target.closest("input, textarea, select, dialog") || find("search").hidden) return;
    event.preventDefault();
    query.focus();
    query.select();
  });
  if (query.value) run();

  return {
    show: () => {
      if (matchMedia("(pointer: fine)").matches) query.focus(); // no keyboard that covers a phone's screen
      remember(query.value.trim());
    },
    among: ids => filters.among(ids),
  };
}
