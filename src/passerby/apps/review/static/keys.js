// @ts-check
/** Keys, and the page of help that lists them. */

import { at, button, make } from "./page.js";
import { choose, current, t } from "./texts.js";

/** What each key does, as the help lists it: keys, text. */
const LISTED = [
  [["Space"], "k.play"], [["←", "→"], "k.frame"], [["Shift", "←", "→"], "k.second"], [["↑", "↓"], "k.card"],
  [["X"], "k.pick"], [["A"], "k.near"], [["Ctrl A"], "k.all"], [["K"], "k.keep"], [["H"], "k.hide"], [["O"], "k.only"],
  [["G"], "k.group"], [["S"], "k.split"], [["N", "P"], "k.risky"], [["V"], "k.view"], [["B"], "k.draw"], [["D"], "k.shape"],
  [["Alt", "←↑→↓"], "k.move"], [["F", "Shift F"], "k.follow"], [["Q", "W"], "k.span"], [["Delete"], "k.remove"],
  [["I", "U"], "k.mark"], [["T"], "k.black"], [["M"], "k.mute"], [["+", "-"], "k.zoom"], [["Ctrl Z", "Ctrl Shift Z"], "k.undo"],
  [["E"], "k.export"], [["?"], "k.help"], [["Escape"], "k.escape"],
];

let single = sessionStorage.getItem("passerby-keys") !== "off";

/** @param {Record<string, (event: KeyboardEvent) => void>} acts by name of the key */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (document.querySelector("dialog[open]")) return;
    const command = event.ctrlKey || event.metaKey;
    const typing = target.matches("select, textarea, input:not([type=checkbox]):not([type=range])");
    const name = `${command ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && event.key.length > 1 ? "Shift+" : ""}${command ? event.key.toLowerCase() : event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
    const full = command && event.shiftKey ? `Ctrl+Shift+${event.key.toLowerCase()}` : name;
    const act = acts[full];
    if (!act || typing) return;
    const pressed = target.matches("button, input[type=checkbox], a");
    if (pressed && (full === " " || full === "Enter")) return;
    if (target.matches("input[type=range]") && full.includes("Arrow")) return;
    if (target.matches(".lanes") && /^Arrow(Up|Down)$/.test(full)) return;
    if (!single && event.key.length === 1 && !command && full !== " ") return;
    event.preventDefault();
    act(event);
  });
}

/** @param {Record<string, string>} languages @param {() => void} end */
export function help(languages, end) {
  const box = at("helpBox", HTMLDialogElement);
  const rows = LISTED.map(([keys, text]) => {
    const marks = /** @type {string[]} */ (keys).flatMap((key) => [make("kbd", {}, [key]), " "]);
    return make("tr", {}, [make("th", { scope: "row" }, marks), make("td", {}, [t(/** @type {string} */ (text))])]);
  });
  const language = make("select", { id: "language", onchange: () => choose(/** @type {HTMLSelectElement} */ (language).value) },
    Object.entries(languages).map(([code, name]) => make("option", { value: code, lang: code, selected: code === current() }, [name])));
  const keys = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "single", checked: single, onchange: () => {
    single = keys.checked;
    sessionStorage.setItem("passerby-keys", single ? "on" : "off");
  } }));
  box.replaceChildren(
    make("h2", { id: "helpTitle" }, [t("helpTitle")]),
    make("p", {}, [t("helpIntro")]),
    make("div", { class: "bar" }, [
      make("label", { class: "small" }, [keys, t("singleKeys")]),
      make("label", { class: "small" }, [t("language"), language]),
    ]),
    make("div", { class: "bar" }, [
      make("button", { type: "button", class: "main", onclick: () => box.close() }, [t("close")]),
      make("button", { type: "button", id: "end", onclick: () => { box.close(); end(); } }, [t("end")]),
    ]),
    make("table", {}, [make("tbody", {}, rows)]),
  );
  box.showModal();
}

/** A button and its key. @param {string} id @param {string} key @param {() => void} act */
export function bind(id, key, act) {
  const one = button(id);
  one.addEventListener("click", act);
  if (key) {
    one.setAttribute("aria-keyshortcuts", key);
    one.title = `${one.textContent} (${key})`;
  }
}
