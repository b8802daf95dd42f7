// @ts-check
/** Export: what will be hidden and shown is said before, what was found is said after. */

import { post, Refusal, remove } from "./api.js";
import { at, make } from "./page.js";
import { t, tOr } from "./texts.js";

/** @typedef {import("./model.js").Model} Model */

export class Exporting {
  /** @param {Model} model @param {{go: (frame: number) => void, poll: () => void}} on */
  constructor(model, on) {
    this.model = model;
    this.on = on;
    this.box = at("exportBox", HTMLDialogElement);
    this.drawn = "";
  }

  open() {
    this.drawn = "";
    if (this.told && this.told.status === "running") this.draw(this.told);
    else this.before();
    this.box.showModal();
  }

  close() {
    return make("button", { type: "button", onclick: () => this.box.close() }, [t("close")]);
  }

  before() {
    const { model } = this, open = model.cards.filter((card) => card.status === "open").length;
    const bare = model.cards.filter((card) => card.status === "kept" || card.status === "part").length;
    const lines = [t("exportFirst", { name: model.film.output })];
    if (open) lines.push(t("exportOpen", { n: open }));
    if (bare) lines.push(t("exportBare", { n: bare }));
    if (model.film.sound) lines.push(t(model.film.soundKept ? "exportSoundKept" : "exportSound"));
    this.fill([make("ul", {}, lines.map((line) => make("li", {}, [line])))], [
      make("button", { type: "button", class: "main", id: "exportGo", autofocus: true, onclick: () => this.start(false) }, [t("exportGo")]),
      this.close(),
    ]);
  }

  /** @param {Node[]} inside @param {Node[]} buttons */
  fill(inside, buttons) {
    this.box.replaceChildren(make("h2", { id: "exportTitle" }, [t("exportTitle")]), ...inside, make("div", { class: "bar" }, buttons));
  }

  /** @param {boolean} replace */
  async start(replace) {
    try {
      await post(`${this.model.path}/export`, { replace });
      this.draw({ status: "running", phase: "", done: 0, total: null });
      this.on.poll();
    } catch (error) {
      if (error instanceof Refusal) this.draw({ status: "failed", what: error.what, hint: error.hint });
    }
  }

  /** What the poll tells. @param {any} told */
  take(told) {
    this.told = told;
    if (this.box.open && told) this.draw(told);
  }

  /** @param {any} told */
  draw(told) {
    const same = JSON.stringify(told);
    if (same === this.drawn) return;
    const before = this.drawn && JSON.parse(this.drawn).status;
    this.drawn = same;
    if (told.status === "running") {
      const bar = this.box.querySelector("progress");
      if (before === "running" && bar) {
        this.progress(/** @type {HTMLProgressElement} */ (bar), told);
        return;
      }
      const made = /** @type {HTMLProgressElement} */ (make("progress", { "aria-labelledby": "exportPhase" }));
      this.fill([make("p", { id: "exportPhase", role: "status" }), made], [
        make("button", { type: "button", onclick: () => remove(`${this.model.path}/export`) }, [t("exportStop")]),
        this.close(),
      ]);
      this.progress(made, told);
    } else if (told.status === "failed") {
      const again = told.code === "output" ? [make("button", { type: "button", id: "exportReplace", onclick: () => this.start(true) }, [t("exportReplace")])] : [];
      this.fill([make("p", { class: "verdict bad", role: "alert" }, [t("error", told)])], [...again, this.close()]);
    } else if (told.status === "stopped") {
      this.fill([make("p", { role: "status" }, [t("exportStopped")])], [this.close()]);
    } else this.result(told);
  }

  /** @param {HTMLProgressElement} bar @param {any} told */
  progress(bar, told) {
    const phase = at("exportPhase");
    phase.textContent = tOr(`phase.${told.phase || "hide"}`, "phase.other");
    if (told.total) {
      bar.max = told.total;
      bar.value = told.done;
    } else bar.removeAttribute("value");
  }

  /** @param {any} told */
  result(told) {
    const good = told.status === "done";
    const text = good ? (told.verdict === "passed" ? "exportDone" : "exportUnchecked") : "exportFound";
    const inside = [make("p", { class: `verdict ${good ? "good" : "bad"}`, role: "status", id: "verdict" }, [t(text, { name: told.output })])];
    if (told.revision !== this.model.state.revision) inside.push(make("p", {}, [t("exportChanged")]));
    const found = told.findings.slice(0, 12).map((/** @type {any} */ one) => {
      const item = make("li", {}, [`${one.what} `]);
      if (one.frame !== null) {
        item.append(make("button", { type: "button", onclick: () => { this.box.close(); this.on.go(one.frame); } }, [t("goThere")]));
      }
      return item;
    });
    inside.push(make("ul", {}, found.length ? found : told.said.map((/** @type {string} */ line) => make("li", { lang: "en" }, [line]))));
    this.fill(inside, [
      make("button", { type: "button", onclick: () => this.before() }, [t("export")]),
      this.close(),
    ]);
  }
}
