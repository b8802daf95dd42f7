// @ts-check
/** The timeline: one lane a card, and one for each box by hand. Only lanes in sight are drawn. */

import { at, colour } from "./page.js";
import { t } from "./texts.js";

/** Pixels of a lane, and of the ruler above: as the text is, so that they grow with it. */
const sizes = () => {
  const text = parseFloat(getComputedStyle(document.documentElement).fontSize);
  return [Math.round(text), Math.round(text * 1.4)];
};

/** @typedef {import("./model.js").Model} Model */

export class Lanes {
  /** @param {Model} model @param {{seek: (frame: number) => void, go: (card: any) => void, box: (edit: number) => void}} on */
  constructor(model, on) {
    this.model = model;
    this.on = on;
    this.place = at("lanes");
    this.canvas = at("lanesPicture", HTMLCanvasElement);
    this.from = 0;
    this.to = model.frames;
    this.place.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.place);
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons && event.offsetY < sizes()[1]) on.seek(this.frame(event.offsetX));
    });
    this.place.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.frame(event.offsetX));
    }, { passive: false });
  }

  get rows() {
    const boxes = this.model.state.boxes.map((/** @type {any} */ box) => ({ box }));
    return [...boxes, ...this.model.shown.map((card) => ({ card }))];
  }

  /** @param {number} x */
  frame(x) {
    return Math.floor(this.from + (x / this.canvas.clientWidth) * (this.to - this.from));
  }

  /** @param {number} by @param {number} [about] */
  zoom(by, about = this.model.at) {
    const all = this.model.frames, wide = Math.min(all, Math.max(12, (this.to - this.from) * by));
    const share = (about - this.from) / (this.to - this.from);
    this.from = Math.max(0, Math.min(all - wide, about - wide * share));
    this.to = this.from + wide;
    this.draw();
  }

  /** Keeps the shown moment in sight. */
  follow() {
    const { at: now, frames } = this.model, wide = this.to - this.from;
    if (now < this.from || now >= this.to) {
      this.from = Math.max(0, Math.min(frames - wide, now - wide * 0.2));
      this.to = this.from + wide;
    }
    this.draw();
  }

  /** Brings the marked card's lane into sight. */
  reveal() {
    const [tall, ruler] = sizes(), n = this.rows.findIndex(({ card }) => card?.key === this.model.now);
    if (n < 0) return;
    const { place } = this, top = n * tall, seen = place.clientHeight - ruler - tall;
    if (top < place.scrollTop) place.scrollTop = top;
    else if (top > place.scrollTop + seen) place.scrollTop = top - seen;
  }

  /** @param {PointerEvent} event */
  press(event) {
    const [tall, ruler] = sizes();
    this.on.seek(this.frame(event.offsetX));
    if (event.offsetY < ruler) return;
    const row = this.rows[Math.floor((event.offsetY - ruler + this.place.scrollTop) / tall)];
    if (row?.card) this.on.go(row.card);
    else if (row?.box) this.on.box(row.box.edit);
  }

  draw() {
    const { model, canvas, place } = this, rows = this.rows, [tall, ruler] = sizes();
    at("lanesHeight").style.blockSize = `${ruler + rows.length * tall}px`;
    const dense = devicePixelRatio || 1, wide = place.clientWidth, high = place.clientHeight;
    if (canvas.width !== Math.floor(wide * dense)) canvas.width = Math.floor(wide * dense);
    if (canvas.height !== Math.floor(high * dense)) canvas.height = Math.floor(high * dense);
    const to = canvas.getContext("2d");
    if (!to) return;
    to.setTransform(dense, 0, 0, dense, 0, 0);
    to.clearRect(0, 0, wide, high);
    const x = (/** @type {number} */ frame) => ((frame - this.from) / (this.to - this.from)) * wide;
    const ink = Object.fromEntries(
      ["ground", "card", "seen", "filled", "reach", "head", "edit", "bare", "cut", "risky", "soft", "ink", "pick", "main", "line"]
        .map((name) => [name, colour(name)]));
    if (model.marked) {
      const [start, end] = [Math.min(model.markIn ?? 0, model.markOut ?? 0), Math.max(model.markIn ?? 0, model.markOut ?? 0) + 1];
      to.fillStyle = ink.pick;
      to.fillRect(x(start), 0, x(end) - x(start), high);
    }
    const first = Math.floor(place.scrollTop / tall);
    for (let n = first; n < Math.min(rows.length, first + Math.ceil(high / tall) + 1); n += 1) {
      const y = ruler + n * tall - place.scrollTop;
      if (rows[n].card) this.lane(to, rows[n].card, y, x, ink, wide, tall);
      else this.hand(to, rows[n].box, y, x, ink, tall);
    }
    to.fillStyle = ink.ground;
    to.fillRect(0, 0, wide, ruler);
    to.fillStyle = ink.soft;
    to.font = `${Math.round(tall * 0.75)}px system-ui, sans-serif`;
    for (let n = 0; n <= 8; n += 1) {
      const frame = Math.min(model.frames - 1, Math.floor(this.from + ((this.to - this.from) * n) / 8));
      to.textAlign = n === 0 ? "left" : n === 8 ? "right" : "center";
      if (wide > 500 || n % 4 === 0) to.fillText(model.time(model.film.starts[frame]), (wide * n) / 8, ruler * 0.45);
    }
    to.fillStyle = ink.cut;
    for (const cut of model.film.cuts) to.fillRect(x(cut), ruler / 2, 1.5, high);
    to.fillStyle = ink.risky;
    for (const { frame } of model.moments ?? []) {
      to.beginPath();
      to.moveTo(x(frame) - 4, ruler - 8);
      to.lineTo(x(frame) + 4, ruler - 8);
      to.lineTo(x(frame), ruler);
      to.fill();
    }
    to.fillStyle = ink.ink;
    to.fillRect(x(model.at), 0, 2, high);
    canvas.setAttribute("aria-label", t("lanes", { n: rows.length }));
  }

  /** @param {CanvasRenderingContext2D} to @param {any} card @param {number} y
   * @param {(n: number) => number} x @param {Record<string, string>} ink @param {number} wide
   * @param {number} tall */
  lane(to, card, y, x, ink, wide, tall) {
    if (card.key === this.model.now) {
      to.fillStyle = ink.pick;
      to.fillRect(0, y, wide, tall);
    }
    const bare = card.status === "kept";
    for (const track of card.tracks) {
      for (const [a, b, why] of track.runs) {
        if (b < this.from || a > this.to || b < card.first || a > card.last) continue;
        strip(to, x(Math.max(a, card.first)), y + 3, x(Math.min(b, card.last) + 1), tall - 5, why, ink);
      }
    }
    if (bare || card.status === "part") {
      to.fillStyle = ink.bare;
      to.fillRect(x(card.first), y + tall - 3, (x(card.last + 1) - x(card.first)) * (bare ? 1 : 0.5), 2.5);
    }
  }

  /** @param {CanvasRenderingContext2D} to @param {any} box @param {number} y
   * @param {(n: number) => number} x @param {Record<string, string>} ink @param {number} tall */
  hand(to, box, y, x, ink, tall) {
    const { model } = this;
    const [start, end] = box.keys ? [box.keys[0][0], box.end] : box.span ?? [model.film.starts[0], model.film.end];
    const first = model.frameAt(Math.max(start, model.film.starts[0])), last = model.frameAt(Math.min(end, model.film.end) - 1);
    strip(to, x(first), y + 3, x(last + 1), tall - 5, box.do === "keep-zone" ? "bare" : box.do === "mute" ? "soft" : "edit", ink);
    to.fillStyle = ink.card;
    for (const [tick] of box.keys ?? []) to.fillRect(x(model.frameAt(tick)), y + 5, 2, tall - 9);
    if (box.edit === model.box) {
      to.strokeStyle = ink.ink;
      to.lineWidth = 1.5;
      to.strokeRect(x(first), y + 2, x(last + 1) - x(first), tall - 3);
    }
  }
}

/** A stretch of a lane; what was not seen looks so without its colour, too.
 * @param {CanvasRenderingContext2D} to @param {number} x0 @param {number} y @param {number} x1
 * @param {number} high @param {string} why @param {Record<string, string>} ink */
function strip(to, x0, y, x1, high, why, ink) {
  const wide = Math.max(1, x1 - x0);
  to.fillStyle = { seen: ink.seen, filled: ink.filled, head: ink.head, edit: ink.edit, edited: ink.edit, bare: ink.bare, soft: ink.soft }[why] ?? ink.reach;
  if (why === "filled") to.fillRect(x0, y + high / 4, wide, high / 2);
  else if (why === "reach" || why === "unsure") {
    const step = Math.max(2, Math.round(high / 5));
    for (let x = x0; x < x0 + wide; x += 2 * step) to.fillRect(x, y, Math.min(step, x0 + wide - x), high);
  } else to.fillRect(x0, y, wide, high);
}

/** What the colours mean, as little pictures and words. */
export function legend() {
  const ink = Object.fromEntries(["seen", "filled", "reach", "head", "edit", "bare", "soft", "cut", "risky"].map((n) => [n, colour(n)]));
  const items = [["seen", "lSeen"], ["filled", "lFilled"], ["reach", "lReach"], ["head", "lHead"], ["edit", "lEdited"], ["bare", "lBare"], ["soft", "lMuted"], ["cut", "lCut"], ["risky", "lRisky"]];
  return items.map(([sort, text]) => {
    const item = document.createElement("li"), swatch = document.createElement("canvas");
    swatch.width = 22;
    swatch.height = 10;
    swatch.setAttribute("aria-hidden", "true");
    const to = swatch.getContext("2d");
    if (to && (sort === "cut" || sort === "risky")) {
      to.fillStyle = ink[sort];
      if (sort === "cut") to.fillRect(10, 0, 2, 10);
      else {
        to.moveTo(6, 1);
        to.lineTo(16, 1);
        to.lineTo(11, 9);
        to.fill();
      }
    } else if (to) strip(to, 0, 0, 22, 10, sort, ink);
    item.append(swatch, t(text));
    return item;
  });
}
