// @ts-check
/** Small words for making the page: elements, and what is said aloud. */

/** @template {HTMLElement} T @param {string} id @param {new () => T} [kind] @returns {T} */
export function at(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`no ${id}`);
  return /** @type {T} */ (found);
}

/** @param {string} id */
export const button = (id) => at(id, HTMLButtonElement);

/** @param {string} tag @param {Record<string, any>} [how] @param {(Node | string)[]} [inside] */
export function make(tag, how = {}, inside = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(how)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...inside);
  return made;
}

let forget = 0;
/** Shows a line for a while, and lets screen readers read it. @param {string} text */
export function say(text) {
  const place = at("said");
  place.textContent = text;
  clearTimeout(forget);
  forget = setTimeout(() => (place.textContent = ""), 6000);
}

/** The page's own colours, for canvases. @param {string} name */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
