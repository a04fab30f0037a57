// The words that make two texts alike, as the server's shares tell.
import { call } from "./api.js";
import { digits, element } from "./dom.js";

/** Of marks that are fainter than this there would be too many. */
const FAINTEST = 0.18;

/** The explanation of two texts by a model; by the index's own where none is named. In a search the first is the query. */
export async function explain(a, b, { model, task = "similarity", signal } = {}) {
  const { data } = await call("explain", { body: model ? { a, b, task, model } : { a, b, task }, signal });
  return data;
}

/** How much each word of the second text adds, together with all words of the first, from 0 to 1. */
export function strengths(explanation) {
  const rows = explanation.shares.filter((_, place) => explanation.a[place].span);
  const sums = explanation.b.map((_, place) => rows.reduce((sum, row) => sum + row[place], 0));
  return scaled(sums, explanation.b);
}

/** Sums from 0 for what every word has to 1 for the greatest; words that are none of the text have 0. */
export function scaled(sums, words) {
  const own = sums.filter((_, place) => words[place].span).sort((one, other) => one - other);
  if (!own.length) return sums.map(() => 0);
  const greatest = own.at(-1);
  // All pairs of words have some share, since token vectors lean one way; what is usual says nothing.
  const usual = own.length > 2 ? Math.max(0, own[Math.floor(own.length / 2)]) : 0;
  return sums.map((sum, place) => (words[place].span && greatest > usual ? Math.max(0, (sum - usual) / (greatest - usual)) : 0));
}

/** The word of the first text that has the greatest share with one of the second. */
export function partner(explanation, place) {
  let best = null;
  explanation.a.forEach((word, row) => {
    const share = explanation.shares[row][place];
    if (word.span && (!best || share > best.share)) best = { text: word.text, share };
  });
  return best;
}

/** A text with its words marked, for the passage of a hit. */
export function marked(text, explanation) {
  const weights = strengths(explanation);
  const marks = explanation.b
    .map((word, place) => ({ span: word.span, weight: weights[place], partner: partner(explanation, place) }))
    .filter(mark => mark.weight >= FAINTEST);
  return withMarks(text, marks, mark => {
    const made = element("mark", { title: mark.partner ? `${mark.partner.text} ${digits(mark.partner.share)}` : "" });
    made.style.setProperty("--weight", mark.weight.toFixed(2));
    return made;
  });
}

/** A text in which the words of a query are marked as they are written: what a search for words goes by, but for stems. */
export function withWords(text, query) {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
  const wanted = new Set(words.map(stem));
  const characters = Array.from(text);
  const marks = [];
  let start = -1;
  for (let place = 0; place <= characters.length; place++) {
    const inside = place < characters.length && /[\p{L}\p{N}]/u.test(characters[place]);
    if (inside && start < 0) start = place;
    if (inside || start < 0) continue;
    if (wanted.has(stem(characters.slice(start, place).join("").toLowerCase()))) marks.push({ span: [start, place] });
    start = -1;
  }
  return withMarks(text, marks, () => element("mark", { className: "same" }));
}

/** About what the index's stemmer makes of a word. */
const stem = word => (word.length > 4 ? word.replace(/(ies|es|s|ing|ed)$/u, "") : word);

/** A text cut at spans, which count characters as the server does: by code points, not as JavaScript counts them. */
function withMarks(text, marks, make) {
  const characters = Array.from(text);
  const pieces = document.createDocumentFragment();
  let done = 0;
  for (const mark of marks) {
    const [start, stop] = mark.span;
    if (start < done) continue;
    const made = make(mark);
    made.textContent = characters.slice(start, stop).join("");
    pieces.append(characters.slice(done, start).join(""), made);
    done = stop;
  }
  pieces.append(characters.slice(done).join(""));
  return pieces;
}
