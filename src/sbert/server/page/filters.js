// Conditions on what is searched: chosen from lists, or written in SQL.
import { element, find } from "./dom.js";

const OWN = { document: "text", heading: "text", source: "text", passage: "text" };
const OPERATORS = {
  text: {
    is: (column, value) => `${column} = ${quoted(value)}`,
    "is not": (column, value) => `${column} <> ${quoted(value)}`,
    contains: (column, value) => `strpos(lower(${column}), ${quoted(value.toLowerCase())}) > 0`,
    "begins with": (column, value) => `starts_with(${column}, ${quoted(value)})`,
  },
  number: Object.fromEntries(
    [["=", "="], ["≠", "<>"], ["<", "<"], ["≤", "<="], [">", ">"], ["≥", ">="]].map(([shown, sql]) => [
      shown,
      (column, value) => `${column} ${sql} ${number(value)}`,
    ]),
  ),
  truth: { is: (column, value) => `${column} = ${truth(value)}` },
};

const quoted = value => `'${value.replaceAll("'", "''")}'`;
// The index lets no name have a backtick, so none needs to be escaped.
const named = column => `\`${column}\``;

function number(value) {
  const read = Number(value);
  if (value.trim() === "" || !Number.isFinite(read)) throw new Error(`“${value}” is no number.`);
  return String(read);
}

function truth(value) {
  const read = { true: "true", yes: "true", false: "false", no: "false" }[value.trim().toLowerCase()];
  if (!read) throw new Error("Write true or false.");
  return read;
}

/**
 * The filters of the search.
 * @param {Object<string, string>} metadata columns of the index, with what they hold in words
 * @param {function} changed called when what is searched has changed
 */
export function startFilters(metadata, changed) {
  const kinds = { ...OWN };
  for (const [column, words] of Object.entries(metadata))
    kinds[column] = words.includes("number") ? "number" : words.includes("truth") ? "truth" : "text";
  let chosen = [];
  const column = find("filter-column");
  const operator = find("filter-operator");
  const value = find("filter-value");
  const sql = find("filter-sql");

  // Metadata first: that is what people gave their documents to filter by.
  for (const name of [...Object.keys(metadata), ...Object.keys(OWN)]) column.append(new Option(name));
  function offerOperators() {
    operator.replaceChildren(...Object.keys(OPERATORS[kinds[column.value]]).map(name => new Option(name)));
    value.inputMode = kinds[column.value] === "number" ? "decimal" : "text";
    value.setCustomValidity("");
  }
  column.addEventListener("change", offerOperators);
  offerOperators();

  function add(shown, condition) {
    if (!chosen.some(each => each.condition === condition)) chosen.push({ shown, condition });
    showChips();
    changed();
  }
  function remove(filter) {
    chosen = chosen.filter(each => each !== filter);
    showChips();
    changed();
    (find("filter-chips").querySelector("button") || find("query")).focus();
  }
  function showChips() {
    find("filter-chips").replaceChildren(
      ...chosen.map(filter =>
        element("li", {}, element("span", {}, filter.shown), element("button", {
          type: "button",
          textContent: "×",
          aria: { label: `Remove the filter ${filter.shown}` },
          on: { click: () => remove(filter) },
        })),
      ),
    );
    const count = chosen.length + (sql.value.trim() ? 1 : 0);
    find("filters-button").textContent = count ? `Filters (${count})` : "Filters";
  }

  find("filters-button").addEventListener("click", () => {
    const panel = find("filters");
    panel.hidden = !panel.hidden;
    find("filters-button").setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) column.focus();
  });
  find("filter-form").addEventListener("submit", event => {
    event.preventDefault();
    try {
      const condition = OPERATORS[kinds[column.value]][operator.value](named(column.value), value.value);
      add(`${column.value} ${operator.value} ${value.value}`, condition);
      value.value = "";
    } catch (error) {
      value.setCustomValidity(error.message);
      value.reportValidity();
    }
  });
  value.addEventListener("input", () => value.setCustomValidity(""));
  sql.addEventListener("input", () => {
    showChips();
    changed();
  });

  return {
    /** The condition in SQL; null for none. */
    where() {
      const parts = [...chosen.map(each => each.condition), sql.value.trim()].filter(Boolean);
      return parts.length ? parts.map(part => `(${part})`).join(" AND ") : null;
    },
    /** Search only where a column has a value. */
    same(name, held) {
      const condition =
        typeof held === "string" ? OPERATORS.text.is(named(name), held) : `${named(name)} = ${String(held)}`;
      add(`${name} is ${held}`, condition);
    },
    /** Search only among some passages. */
    among(ids) {
      chosen = chosen.filter(each => !each.isSelection);
      chosen.push({
        shown: `${ids.length.toLocaleString()} selected on the map`,
        condition: `id IN (${ids.map(quoted).join(", ")})`,
        isSelection: true,
      });
      showChips();
      changed();
    },
  };
}
