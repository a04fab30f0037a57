// Requests to the server that the page came from, and to no other.
import { askForKey, keyHeaders } from "./key.js";

/** What went wrong, in words for people. */
export class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Whether an error means that the answer is not wanted any more. */
export const isAborted = error => error.name === "AbortError";

async function send(path, { body, signal } = {}) {
  const headers = keyHeaders();
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    // Paths are relative, so that the page also works where a proxy puts it below a prefix.
    response = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new Failure("The server cannot be reached. Is it still running?", 0);
  }
  if (response.ok) return response;
  const message = await told(response);
  if (response.status === 401 && (await askForKey(message))) return send(path, { body, signal });
  throw new Failure(message, response.status);
}

async function told(response) {
  try {
    const { error } = await response.json();
    return String(error.message ?? error);
  } catch {
    return `The server answered with ${response.status} ${response.statusText}.`;
  }
}

/**
 * Ask the server.
 * @param {string} path of the route
 * @param {object} options `body` makes it a POST; `signal` can take it back
 * @returns {Promise<{data: any, status: number, milliseconds: number}>} the answer, and how long it took
 * @throws {Failure} what went wrong
 */
export async function call(path, options = {}) {
  const started = performance.now();
  const response = await send(path, options);
  const data = await response.json();
  return { data, status: response.status, milliseconds: performance.now() - started };
}

const pictures = new Map();

/** The address of the picture of a document that is an image; null where there is none. Each is fetched once. */
export function picture(document) {
  if (!pictures.has(document)) {
    const made = send(`image?document=${encodeURIComponent(document)}`)
      .then(async response => URL.createObjectURL(await response.blob()))
      .catch(() => null);
    pictures.set(document, made);
  }
  return pictures.get(document);
}
