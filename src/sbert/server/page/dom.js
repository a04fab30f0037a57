// Elements of the page. What comes from the server only ever becomes text: nothing here reads HTML.

/** The element of an id. */
export const find = id => document.getElementById(id);

/**
 * A new element.
 * @param {string} tag its name
 * @param {object} properties set on it; `data` and `aria` hold attributes of those kinds, `on` listeners
 * @param {...(Node|string)} children in it; strings become text
 */
export function element(tag, { data = {}, aria = {}, on = {}, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  Object.assign(made.dataset, data);
  for (const [name, value] of Object.entries(aria)) made.setAttribute(`aria-${name}`, value);
  for (const [name, listener] of Object.entries(on)) made.addEventListener(name, listener);
  made.append(...children);
  return made;
}

/** Show a message in an element, or hide the element where there is none. */
export function tell(id, message) {
  const place = find(id);
  place.textContent = message || "";
  place.hidden = !message;
}

/** A function that is called once nothing has called it for a while. */
export function debounced(milliseconds, run) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
}

/** A number with so many digits behind the point, as the reader's language writes it. */
export const digits = (value, count = 3) =>
  value.toLocaleString(undefined, { minimumFractionDigits: count, maximumFractionDigits: count });
