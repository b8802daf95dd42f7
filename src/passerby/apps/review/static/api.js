// @ts-check
/** The only module that speaks to the server. The key is kept for this tab alone. */

/** What the server refused, in its own words. */
export class Refusal extends Error {
  /** @param {number} status @param {{code?: string, what?: string, hint?: string}} told */
  constructor(status, told) {
    super(told.what ?? "no answer");
    this.status = status;
    this.code = told.code ?? "";
    this.what = told.what ?? "no answer";
    this.hint = told.hint ?? "";
  }
}

const KEY = "passerby-key";

/** Trades the link's token for the key. @returns {Promise<boolean>} whether this page may ask */
export async function enter() {
  const token = location.hash.slice(1);
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    const { key } = await ask("POST", "/api/enter", { token });
    sessionStorage.setItem(KEY, key);
  }
  return sessionStorage.getItem(KEY) !== null;
}

/** @param {string} method @param {string} path @param {unknown} [body] */
async function send(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { "X-Passerby-Key": sessionStorage.getItem(KEY) ?? "" };
  let text;
  if (method !== "GET") {
    text = body === undefined ? "{}" : JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: text, cache: "no-store" });
  } catch {
    throw new Refusal(0, { code: "gone" });
  }
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
async function ask(method, path, body) {
  return (await send(method, path, body)).json();
}

/** @param {string} path */
export const get = (path) => ask("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body) => ask("POST", path, body);
/** @param {string} path */
export const remove = (path) => ask("DELETE", path);
/** @param {string} path @returns {Promise<Blob>} a picture; it is in no cache */
export const picture = async (path) => (await send("GET", path)).blob();
