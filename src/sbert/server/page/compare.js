// Two texts compared, and the words that make them alike.
import { call, isAborted } from "./api.js";
import { debounced, digits, element, find, tell } from "./dom.js";
import { explain, scaled } from "./explain.js";

const PAIRS = 8;

/** The view that compares two texts. */
export function startCompare(info) {
  const [a, b, choice] = [find("text-a"), find("text-b"), find("compare-model")];
  const models = info.models.filter(model => model.kind === "embedding").map(model => model.model_id);
  const reranker = info.models.find(model => model.kind === "reranker");
  let current = new AbortController();
  let begun = false;

  choice.replaceChildren(...models.map(name => new Option(name)));
  find("compare-model-field").hidden = models.length < 2;

  async function run() {
    begun = true;
    current.abort();
    const { signal } = (current = new AbortController());
    const texts = [a.value.trim(), b.value.trim()];
    tell("compare-error", "");
    if (!models.length) {
      tell("compare-error", "No model of this server gives embeddings, so there is nothing to compare by.");
      return;
    }
    if (!texts.every(Boolean)) {
      find("compare-result").hidden = true;
      return;
    }
    const model = choice.value || models[0];
    try {
      const body = { inputs: { source_sentence: texts[0], sentences: [texts[1]] }, model };
      const { data, milliseconds } = await call("similarity", { body, signal });
      showScore(data[0], milliseconds);
      await Promise.all([showWhy(texts, model, signal), showRerank(texts, signal)]);
    } catch (error) {
      if (isAborted(error)) return;
      find("compare-result").hidden = true;
      tell("compare-error", error.message);
    }
  }

  function showScore(score, milliseconds) {
    find("compare-result").hidden = false;
    find("compare-measure").textContent = "Similarity";
    find("compare-score").textContent = digits(score);
    find("compare-meter").style.setProperty("--part", Math.max(0, Math.min(1, score)).toFixed(3));
    find("compare-status").textContent = `Compared in ${Math.round(milliseconds)} ms`;
  }

  async function showRerank([query, text], signal) {
    find("compare-rerank").textContent = "";
    if (!reranker) return;
    const { data } = await call("rerank", { body: { query, texts: [text] }, signal });
    find("compare-rerank").textContent = `${digits(data[0].score)} by the reranker`;
  }

  async function showWhy([one, other], model, signal) {
    try {
      const found = await explain(one, other, { model, signal });
      find("compare-measure").textContent = found.measure === "cosine" ? "Cosine" : found.measure;
      drawWords(found, one, other);
      drawPairs(found);
      find("compare-why").hidden = false;
      tell("compare-note", found.truncated ? "A text is longer than the model reads: only its beginning counts." : "");
    } catch (error) {
      if (isAborted(error)) throw error;
      find("compare-why").hidden = true;
      tell("compare-note", error.message);
    }
  }

  for (const field of [a, b]) field.addEventListener("input", debounced(200, run));
  choice.addEventListener("change", run);
  find("compare-form").addEventListener("submit", event => event.preventDefault());

  return {
    show: () => begun || run(),
    with: (one, other) => {
      [a.value, b.value] = [one, other];
      run();
    },
  };
}

/** Both texts word by word; each lights up by what it adds, and one that is pointed at lights up its partners. */
function drawWords(found, one, other) {
  const sums = {
    a: found.a.map((_, row) => found.b.reduce((sum, word, column) => sum + (word.span ? found.shares[row][column] : 0), 0)),
    b: found.b.map((_, column) => found.a.reduce((sum, word, row) => sum + (word.span ? found.shares[row][column] : 0), 0)),
  };
  const words = { a: [], b: [] };
  const light = (side, weights) => words[side].forEach((word, place) => word?.style.setProperty("--weight", weights[place].toFixed(2)));
  const rest = () => {
    light("a", scaled(sums.a, found.a));
    light("b", scaled(sums.b, found.b));
    for (const word of [...words.a, ...words.b]) word?.classList.remove("chosen");
  };
  const choose = (side, place) => {
    rest();
    const opposite = side === "a" ? "b" : "a";
    const shares = side === "a" ? found.shares[place] : found.shares.map(row => row[place]);
    light(side, words[side].map(() => 0));
    light(opposite, scaled(shares, found[opposite]));
    words[side][place].classList.add("chosen");
  };
  for (const [side, text] of [["a", one], ["b", other]]) {
    const characters = Array.from(text);
    const pieces = [];
    let done = 0;
    found[side].forEach((word, place) => {
      words[side].push(null);
      if (!word.span || word.span[0] < done) return;
      const made = element("span", {
        className: "word",
        tabIndex: 0,
        textContent: word.text,
        on: { pointerenter: () => choose(side, place), focus: () => choose(side, place), pointerleave: rest, blur: rest },
      });
      words[side][place] = made;
      pieces.push(characters.slice(done, word.span[0]).join(""), made);
      done = word.span[1];
    });
    find(`words-${side}`).replaceChildren(...pieces, characters.slice(done).join(""));
  }
  rest();
}

function drawPairs(found) {
  const pairs = [];
  found.a.forEach((one, row) =>
    found.b.forEach((other, column) => {
      if (one.span && other.span) pairs.push([one.text, other.text, found.shares[row][column]]);
    }),
  );
  pairs.sort((one, other) => other[2] - one[2]);
  const best = pairs.length ? pairs[0][2] : 1;
  find("pairs").replaceChildren(
    ...pairs.slice(0, PAIRS).map(([one, other, share]) => {
      const bar = element("span", { className: "bar", ariaHidden: "true" }, element("i"));
      bar.firstChild.style.setProperty("--part", Math.max(0, share / best).toFixed(3));
      return element("tr", {}, element("td", {}, one), element("td", {}, other), element("td", { className: "number" }, bar, digits(share)));
    }),
  );
}
