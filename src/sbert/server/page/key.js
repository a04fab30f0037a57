// The API key, where the server asks for one: kept in the tab, so that it is gone with it.
import { find } from "./dom.js";

const NAME = "sbert-key";
let memory = "";
let asking = null;

/** The headers that carry the key; none without one. */
export function keyHeaders() {
  let key = memory;
  try {
    key = sessionStorage.getItem(NAME) || memory;
  } catch {
    // a browser that keeps nothing: the key holds until the page is closed
  }
  // Headers hold no other characters than these; a key of others is sent as the bytes of UTF-8.
  const bytes = String.fromCharCode(...new TextEncoder().encode(key));
  return key ? { Authorization: `Bearer ${bytes}` } : {};
}

/**
 * Ask for a key; one question at a time, however many requests wait for it.
 * @returns {Promise<boolean>} whether one was given
 */
export function askForKey(told) {
  asking ??= ask(told).finally(() => {
    asking = null;
  });
  return asking;
}

function ask(told) {
  const dialog = find("key-dialog");
  find("key-told").textContent = told;
  find("key").value = "";
  dialog.showModal();
  return new Promise(resolve => {
    const listening = new AbortController();
    const options = { signal: listening.signal };
    const done = given => {
      listening.abort();
      dialog.close();
      resolve(given);
    };
    find("key-form").addEventListener("submit", event => {
      event.preventDefault();
      memory = find("key").value.trim();
      try {
        sessionStorage.setItem(NAME, memory);
      } catch {
        // as above
      }
      done(true);
    }, options);
    find("key-cancel").addEventListener("click", () => done(false), options);
    dialog.addEventListener("cancel", () => done(false), options);
  });
}
