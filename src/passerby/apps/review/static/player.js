// @ts-check
/** The film: frames come one by one, painted by the server as an export would paint them. */

import { get, picture } from "./api.js";
import { at, colour } from "./page.js";
import { t } from "./texts.js";

const AHEAD = 14; // frames that are fetched before they are needed
const KEPT = 120; // frames that are remembered
const AT_ONCE = 4;

/** @typedef {import("./model.js").Model} Model */

export class Player {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.canvas = at("picture", HTMLCanvasElement);
    this.view = "redacted";
    this.outlines = true;
    this.playing = false;
    /** @type {Map<string, ImageBitmap>} */ this.known = new Map();
    /** @type {Set<string>} */ this.coming = new Set();
    /** @type {any[]} */ this.regions = [];
    this.regionsAt = "";
    /** @type {number[] | null} */ this.draft = null;
    /** @type {[number, number][]} */ this.line = [];
    this.shown = -1;
    this.began = 0;
    this.from = 0;
    new ResizeObserver(() => this.fit()).observe(at("stage"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  /** How large the picture is, in its own pixels and on the screen. */
  fit() {
    const [wide, high] = this.model.film.size, stage = at("stage").getBoundingClientRect();
    const scale = Math.min(stage.width / wide, stage.height / high);
    this.canvas.style.inlineSize = `${Math.floor(wide * scale)}px`;
    this.canvas.style.blockSize = `${Math.floor(high * scale)}px`;
    const dense = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.floor(wide * scale * dense));
    this.canvas.height = Math.max(1, Math.floor(high * scale * dense));
    const longer = Math.max(this.canvas.width, this.canvas.height);
    const most = Math.max(wide, high);
    this.wide = Math.min(most, Math.ceil(longer / 160) * 160);
    this.show(this.model.at);
  }

  /** @param {number} n */
  key(n) {
    return `${n}/${this.view}/${this.wide}/${this.view === "redacted" ? this.model.state.revision : ""}`;
  }

  /** @param {number} n @returns {Promise<void>} when the frame is there */
  async bring(n) {
    const key = this.key(n);
    if (this.known.has(key) || this.coming.has(key)) return;
    this.coming.add(key);
    try {
      const query = `at=${n}&view=${this.view}&wide=${this.wide}&rev=${this.model.state.revision}`;
      const made = await createImageBitmap(await picture(`${this.model.path}/frame?${query}`));
      this.known.set(key, made);
      while (this.known.size > KEPT) {
        const [oldest, old] = /** @type {[string, ImageBitmap]} */ (this.known.entries().next().value);
        old.close();
        this.known.delete(oldest);
      }
    } catch {
      /* the poll says when the server is gone */
    } finally {
      this.coming.delete(key);
    }
    if (n === this.model.at) this.paint();
  }

  /** Goes to a frame. @param {number} n */
  async show(n) {
    this.model.at = Math.max(0, Math.min(this.model.frames - 1, Math.round(n)));
    this.model.tell("at");
    this.paint();
    await this.bring(this.model.at);
    if (!this.playing) this.outline();
  }

  async outline() {
    const n = this.model.at, key = `${n}/${this.model.state.revision}`;
    if (this.regionsAt !== key) {
      try {
        const found = await get(`${this.model.path}/regions?at=${n}`);
        if (n !== this.model.at) return;
        this.regions = found;
        this.regionsAt = key;
      } catch {
        return;
      }
    }
    this.paint();
    this.describe();
  }

  describe() {
    const { model } = this, hidden = new Set(this.regions.filter((r) => r.hidden).map((r) => r.track)).size;
    const bare = new Set(this.regions.filter((r) => !r.hidden).map((r) => r.track)).size;
    const facts = { frame: model.at + 1, n: model.frames, time: model.time(model.film.starts[model.at]) };
    this.canvas.setAttribute("aria-label", t("picture", { ...facts, hidden, bare }));
  }

  /** Draws what is known of this frame. */
  paint() {
    const { canvas, model } = this, to = canvas.getContext("2d"), now = this.known.get(this.key(model.at));
    if (!to) return;
    if (now) {
      to.drawImage(now, 0, 0, canvas.width, canvas.height);
      this.shown = model.at;
      canvas.dataset.frame = String(model.at);
      canvas.dataset.view = this.view;
      canvas.dataset.revision = String(model.state.revision);
    }
    const scale = canvas.width / model.film.size[0], tick = model.film.starts[model.at];
    if (this.outlines && !this.playing && this.regionsAt.startsWith(`${model.at}/`)) {
      const mine = new Set(model.byKey.get(model.now)?.tracks.map((track) => track.id));
      for (const region of this.regions) {
        if (region.track < 0) continue;
        const own = mine.has(region.track);
        this.frame(to, region.box, scale, region.hidden ? "#ffffff" : colour("bare"), own ? 3 : 1.25, !region.hidden);
      }
    }
    for (const box of model.state.boxes) {
      const there = model.boxAt(box, tick);
      if (there && box.do !== "keep-zone" && (!this.draft || box.edit !== model.box)) {
        this.frame(to, there, scale, "#ffb4a8", box.edit === model.box ? 3 : 1.5, false, box.shape);
        if (box.edit === model.box) this.corner(to, there, scale);
      }
    }
    if (this.draft) {
      this.frame(to, this.draft, scale, "#ffb4a8", 3, false, model.box === null ? undefined : model.boxOf(model.box)?.shape);
      this.corner(to, this.draft, scale);
    }
    if (this.line.length) {
      this.trace(to, this.line, scale, "#ffb4a8", 3, false);
      for (const [x, y] of this.line) this.corner(to, [0, 0, x, y], scale);
    }
  }

  /** Pixels of the canvas for one of a line: more where the text is larger, too. */
  get dense() {
    const text = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
    return Math.min(2, devicePixelRatio || 1) * Math.max(1, text);
  }

  /** @param {CanvasRenderingContext2D} to @param {number[]} box @param {number} scale
   * @param {string} ink @param {number} wide @param {boolean} dashed
   * @param {[number, number][]} [shape] in shares of the box; without it, its corners */
  frame(to, [x0, y0, x1, y1], scale, ink, wide, dashed, shape = [[0, 0], [1, 0], [1, 1], [0, 1]]) {
    const around = shape.map(([x, y]) => /** @type {[number, number]} */ ([x0 + x * (x1 - x0), y0 + y * (y1 - y0)]));
    this.trace(to, around, scale, ink, wide, dashed);
  }

  /** A line around, on a dark one, so that it shows on any picture.
   * @param {CanvasRenderingContext2D} to @param {[number, number][]} around @param {number} scale
   * @param {string} ink @param {number} wide @param {boolean} dashed */
  trace(to, around, scale, ink, wide, dashed) {
    const dense = this.dense;
    to.setLineDash(dashed ? [6 * dense, 4 * dense] : []);
    for (const [shade, more] of /** @type {[string, number][]} */ ([["#000a", 2], [ink, 0]])) {
      to.strokeStyle = shade;
      to.lineWidth = (wide + more) * dense;
      to.beginPath();
      for (const [x, y] of around) to.lineTo(x * scale, y * scale);
      to.closePath();
      to.stroke();
    }
    to.setLineDash([]);
  }

  /** The handle by which a box is made larger. @param {CanvasRenderingContext2D} to
   * @param {number[]} box @param {number} scale */
  corner(to, [, , x1, y1], scale) {
    const dense = this.dense;
    to.fillStyle = "#ffb4a8";
    to.fillRect(x1 * scale - 6 * dense, y1 * scale - 6 * dense, 12 * dense, 12 * dense);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.model.at >= this.model.frames - 1) this.model.at = 0;
    this.playing = true;
    this.anchor();
    this.model.tell("playing");
    const step = () => {
      if (!this.playing) return;
      this.step();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  anchor() {
    this.began = performance.now();
    this.from = this.model.film.starts[this.model.at];
  }

  /** The next frame when it is due and there. What is late makes the film slower; no frame is left out
   * that has come. */
  step() {
    const { model } = this, [over, under] = model.film.tick;
    for (let n = model.at + 1; n < Math.min(model.frames, model.at + AHEAD); n += 1) {
      if (this.coming.size >= AT_ONCE) break;
      this.bring(n);
    }
    const due = this.from + ((performance.now() - this.began) / 1000) * (under / over);
    const wanted = model.frameAt(due);
    if (wanted <= model.at) return;
    let next = wanted;
    while (next > model.at && !this.known.has(this.key(next))) next -= 1;
    if (next > model.at) {
      model.at = next;
      model.tell("at");
      this.paint();
    }
    if (next < wanted) this.anchor();
    if (model.at >= model.frames - 1) this.pause();
  }

  pause() {
    this.playing = false;
    this.model.tell("playing");
    this.show(this.model.at);
  }
}
