// @ts-check
/** Every word that the page says comes from a catalogue in texts/. */

/** @type {Record<string, any>} */
let texts = {};
let plural = new Intl.PluralRules("en");
let language = "en";

/** The catalogue that suits the browser, or the one that was chosen before. */
export async function load() {
  const known = await (await fetch("/texts/index.json")).json();
  const asked = sessionStorage.getItem("passerby-language");
  const wanted = [asked, ...navigator.languages.map((l) => l.split("-")[0])];
  language = wanted.find((l) => l && l in known) ?? "en";
  texts = await (await fetch(`/texts/${language}.json`)).json();
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  document.documentElement.dir = texts.dir;
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.t ?? "");
  }
  for (const element of document.querySelectorAll("[data-l]")) {
    element.setAttribute("aria-label", t(/** @type {HTMLElement} */ (element).dataset.l ?? ""));
  }
  return known;
}

/** @param {string} chosen */
export function choose(chosen) {
  sessionStorage.setItem("passerby-language", chosen);
  location.reload();
}

export const current = () => language;

/** The text for `key`; `{name}` is replaced by `values.name`, and `values.n` chooses the number.
 * @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === "object") text = text[plural.select(Number(values.n))] ?? text.other;
  const [before, after] = texts.dir === "rtl" ? ["\u2068", "\u2069"] : ["", ""]; // else a name or a time turns what is around it
  return text.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => `${before}${values[name] ?? ""}${after}`);
}

/** @param {string} key @param {string} fallback */
export const tOr = (key, fallback) => t(key in texts ? key : fallback);
