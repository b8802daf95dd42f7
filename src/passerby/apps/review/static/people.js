// @ts-check
/** The cards: only those in sight are in the page, however many there are. */

import { picture } from "./api.js";
import { at, make } from "./page.js";
import { t } from "./texts.js";

const MORE = 4; // cards above and below those in sight
const THUMBS = 400; // pictures that are remembered

/** @typedef {import("./model.js").Model} Model @typedef {import("./model.js").Card} Card */

export class People {
  /** @param {Model} model @param {{go: (card: Card) => void, decide: (what: string, cards: Card[]) => void}} on */
  constructor(model, on) {
    this.model = model;
    this.on = on;
    this.place = at("list");
    this.room = make("div", { class: "room", role: "presentation" });
    this.place.replaceChildren(this.room);
    /** @type {Map<string, HTMLElement>} */ this.there = new Map();
    /** @type {Map<number, string>} */ this.thumbs = new Map();
    /** @type {[number, HTMLImageElement][]} */ this.wanted = [];
    this.loading = 0;
    this.place.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.place);
  }

  get height() {
    const root = getComputedStyle(document.documentElement);
    return parseFloat(root.fontSize) * parseFloat(root.getPropertyValue("--high"));
  }

  /** All cards anew, where they are by now. */
  draw() {
    const { shown } = this.model, high = this.height;
    this.room.style.blockSize = `${shown.length * high}px`;
    const first = Math.max(0, Math.floor(this.place.scrollTop / high) - MORE);
    const last = Math.min(shown.length, Math.ceil((this.place.scrollTop + this.place.clientHeight) / high) + MORE);
    /** @type {Set<string>} */ const wanted = new Set();
    for (let n = first; n < last; n += 1) {
      const card = shown[n];
      wanted.add(card.key);
      let one = this.there.get(card.key);
      if (!one) {
        one = this.card(card);
        this.there.set(card.key, one);
        this.room.append(one);
      }
      one.style.insetBlockStart = `${n * high}px`;
      this.dress(one, card, n);
    }
    for (const [key, one] of this.there) {
      if (!wanted.has(key)) {
        one.remove();
        this.there.delete(key);
      }
    }
    this.place.querySelector(".empty")?.remove();
    if (!this.model.cards.length) this.room.append(make("p", { class: "empty" }, [t("nothingFound")]));
  }

  /** Brings the marked card into sight. */
  reveal() {
    const n = this.model.shown.findIndex((card) => card.key === this.model.now);
    if (n < 0) return;
    const high = this.height, top = n * high, { scrollTop, clientHeight } = this.place;
    if (top < scrollTop) this.place.scrollTop = top;
    else if (top + high > scrollTop + clientHeight) this.place.scrollTop = top + high - clientHeight;
    this.draw();
  }

  /** @param {Card} card */
  card(card) {
    const own = () => this.model.byKey.get(card.key) ?? card;
    const image = /** @type {HTMLImageElement} */ (make("img", { width: 54, height: 54 }));
    this.thumbnail(card.tracks[0].id, image);
    return make("div", { class: "one", role: "listitem" }, [
      make("input", {
        type: "checkbox",
        onchange: () => {
          if (this.model.picked.has(card.key)) this.model.picked.delete(card.key);
          else this.model.picked.add(card.key);
          this.model.tell("picked");
        },
      }),
      image,
      make("button", { type: "button", class: "text", onclick: () => this.on.go(own()) }),
      make("div", { class: "pair" }, [
        make("button", { type: "button", class: "keep", onclick: () => this.on.decide("keep", [own()]) }, [t("keep")]),
        make("button", { type: "button", class: "hide", onclick: () => this.on.decide("hide", [own()]) }, [t("hide")]),
      ]),
    ]);
  }

  /** What changes of a card. @param {HTMLElement} one @param {Card} card @param {number} n */
  dress(one, card, n) {
    const { model } = this, name = model.name(card);
    const seen = { seen: 0, filled: 0, reach: 0 };
    for (const track of card.tracks) {
      for (const [a, b, why] of track.runs) {
        if (b < card.first || a > card.last) continue;
        const sort = why === "seen" ? "seen" : why === "filled" ? "filled" : "reach";
        seen[sort] += Math.min(b, card.last) - Math.max(a, card.first) + 1;
      }
    }
    const [tick, box, image, text, pair] = [one, ...one.children];
    one.classList.toggle("now", card.key === model.now);
    one.classList.toggle("picked", model.picked.has(card.key));
    one.setAttribute("aria-setsize", String(model.shown.length));
    one.setAttribute("aria-posinset", String(n + 1));
    if (box instanceof HTMLInputElement) {
      box.checked = model.picked.has(card.key);
      box.setAttribute("aria-label", t("choose", { what: name }));
    }
    image.setAttribute("alt", t("thumb", { what: name }));
    const status = { open: "statusOpen", kept: "statusKept", hidden: "statusHidden", part: "statusPart" }[card.status] ?? "";
    const start = model.film.starts[card.first], end = model.endOf(card.last);
    const seconds = (model.seconds(end) - model.seconds(start)).toFixed(1);
    const sure = t("sure", { percent: Math.round(card.score * 100) });
    const lines = [make("span", { class: "who" }, [make("b", {}, [name]), ` · ${sure}`]), make("span", { class: "state" }, [t(status)])];
    if (!model.still) {
      lines.push(make("span", {}, [t("when", { start: model.time(start), end: model.time(end), seconds })]));
      lines.push(make("span", {}, [t("why", seen)]));
    }
    if (card.near.length) lines.push(make("span", { class: "near" }, [t("near", { n: card.near.length })]));
    text.replaceChildren(...lines);
    if (card.key === model.now) text.setAttribute("aria-current", "true");
    else text.removeAttribute("aria-current");
    const [keep, hide] = pair.children;
    keep.setAttribute("aria-pressed", String(card.status === "kept"));
    keep.setAttribute("aria-label", `${t("keep")}: ${name}`);
    hide.setAttribute("aria-pressed", String(card.status === "hidden"));
    hide.setAttribute("aria-label", `${t("hide")}: ${name}`);
    return tick;
  }

  /** @param {number} track @param {HTMLImageElement} image */
  thumbnail(track, image) {
    const known = this.thumbs.get(track);
    if (known) image.src = known;
    else {
      this.wanted.push([track, image]);
      this.fetch();
    }
  }

  async fetch() {
    while (this.loading < 2 && this.wanted.length) {
      const [track, image] = /** @type {[number, HTMLImageElement]} */ (this.wanted.pop());
      if (!image.isConnected && this.wanted.length > 40) continue;
      this.loading += 1;
      try {
        const url = URL.createObjectURL(await picture(`${this.model.path}/thumb?track=${track}`));
        this.thumbs.set(track, url);
        image.src = url;
        if (this.thumbs.size > THUMBS) {
          const [oldest, old] = /** @type {[number, string]} */ (this.thumbs.entries().next().value);
          URL.revokeObjectURL(old);
          this.thumbs.delete(oldest);
        }
      } catch {
        image.removeAttribute("src");
      } finally {
        this.loading -= 1;
      }
    }
  }
}
