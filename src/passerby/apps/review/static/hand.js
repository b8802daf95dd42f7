// @ts-check
/** Boxes and shapes by hand: drawn, moved, followed. Each change is one edit that takes the place of the last. */

import { post } from "./api.js";
import { at, say } from "./page.js";
import { t } from "./texts.js";
import { place } from "./model.js";

const LEAST = 6; // pixels of the film: smaller is a slip of the hand
const HANDLE = 14; // pixels of the screen
const CORNERS = 400; // of one shape

/** @typedef {import("./model.js").Model} Model @typedef {import("./player.js").Player} Player */

export class Hand {
  /** @param {Model} model @param {Player} player @param {{go: (card: any) => void}} on */
  constructor(model, player, on) {
    this.model = model;
    this.player = player;
    this.on = on;
    this.drawing = false;
    this.around = false; // a shape is drawn, not a box
    /** @type {{how: string, x: number, y: number, box: number[]} | null} */ this.drag = null;
    this.drawn = 0; // corners since the pointer was pressed
    const canvas = player.canvas;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.release());
    canvas.addEventListener("pointercancel", () => this.drop());
  }

  /** @param {boolean} on @param {boolean} [around] a shape, not a box */
  draws(on, around = false) {
    this.drop();
    this.drawing = on;
    this.around = on && around;
    this.player.canvas.classList.toggle("drawing", on);
    at("draw").setAttribute("aria-pressed", String(on && !around));
    at("shape").setAttribute("aria-pressed", String(this.around));
    if (on) {
      this.player.pause();
      this.player.canvas.focus();
      say(t(around ? "shapeNow" : "drawNow"));
    }
  }

  /** @param {PointerEvent} event @returns {[number, number]} in the film's pixels */
  point(event) {
    const shown = this.player.canvas.getBoundingClientRect(), [wide, high] = this.model.film.size;
    return [((event.clientX - shown.left) / shown.width) * wide, ((event.clientY - shown.top) / shown.height) * high];
  }

  get tick() {
    return this.model.film.starts[this.model.at];
  }

  /** The chosen box, if it can be moved and is there now. @returns {[any, number[]] | null} */
  chosen() {
    const box = this.model.box === null ? undefined : this.model.boxOf(this.model.box);
    if (!box?.keys) return null;
    const there = this.model.boxAt(box, this.tick);
    return [box, there ?? place(box.keys, this.tick)];
  }

  /** @param {PointerEvent} event */
  press(event) {
    const [x, y] = this.point(event), near = (HANDLE * this.model.film.size[0]) / this.player.canvas.clientWidth;
    this.player.canvas.setPointerCapture(event.pointerId);
    if (this.around) return this.corner(x, y, near);
    if (this.drawing) {
      this.drag = { how: "new", x, y, box: [x, y, x, y] };
      return;
    }
    const chosen = this.chosen();
    if (chosen && Math.abs(x - chosen[1][2]) < near && Math.abs(y - chosen[1][3]) < near) {
      this.drag = { how: "size", x, y, box: chosen[1] };
      return;
    }
    const inside = (/** @type {number[]} */ [x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1;
    for (const box of [...this.model.state.boxes].reverse()) {
      const there = this.model.boxAt(box, this.tick);
      if (there && box.do !== "keep-zone" && inside(there)) {
        this.model.box = box.edit;
        this.drag = box.keys ? { how: "move", x, y, box: there } : null;
        this.model.tell("box");
        return;
      }
    }
    this.model.box = null;
    this.model.tell("box");
    const hit = this.player.regions.filter((r) => r.track >= 0 && inside(r.box)).sort((a, b) => area(a.box) - area(b.box))[0];
    const card = hit && (this.model.ofTrack.get(hit.track) ?? []).find((c) => c.first <= this.model.at && this.model.at <= c.last);
    if (card) this.on.go(card);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.around && event.buttons) return this.along(...this.point(event));
    if (!this.drag) return;
    const [x, y] = this.point(event), { how, box } = this.drag, dx = x - this.drag.x, dy = y - this.drag.y;
    const [x0, y0, x1, y1] = box;
    if (how === "new") this.player.draft = [Math.min(x0, x), Math.min(y0, y), Math.max(x0, x), Math.max(y0, y)];
    else if (how === "size") this.player.draft = [x0, y0, Math.max(x0 + LEAST, x1 + dx), Math.max(y0 + LEAST, y1 + dy)];
    else this.player.draft = [x0 + dx, y0 + dy, x1 + dx, y1 + dy];
    this.player.paint();
  }

  drop() {
    this.drag = null;
    this.drawn = 0;
    this.player.draft = null;
    this.player.line = [];
    this.player.paint();
  }

  /** One more corner of a shape; the first one again closes it. @param {number} x @param {number} y @param {number} near */
  corner(x, y, near) {
    const { line } = this.player;
    if (line.length > 2 && Math.hypot(x - line[0][0], y - line[0][1]) < near) return this.close();
    if (line.length < CORNERS) line.push([x, y]);
    this.drawn = 0;
    this.player.paint();
  }

  /** The pointer is drawn along, pressed. @param {number} x @param {number} y */
  along(x, y) {
    const { line } = this.player, last = line[line.length - 1], least = this.model.film.size[0] / 100;
    if (!last || line.length >= CORNERS || Math.hypot(x - last[0], y - last[1]) < least) return;
    line.push([x, y]);
    this.drawn += 1;
    this.player.paint();
  }

  /** A shape is whole: its own box, and where in that its corners are. */
  async close() {
    const { line } = this.player, xs = line.map(([x]) => x), ys = line.map(([, y]) => y);
    const box = quarters([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
    const [x0, y0, x1, y1] = box, share = (/** @type {number} */ value) => Math.round(value * 1e5) / 1e5;
    if (line.length < 3) return say(t("shapeNow"));
    if (x1 - x0 < LEAST || y1 - y0 < LEAST) return this.drop();
    await this.add(box, line.map(([x, y]) => [share((x - x0) / (x1 - x0)), share((y - y0) / (y1 - y0))]));
  }

  async release() {
    if (this.around) return this.drawn > 2 ? this.close() : undefined;
    const { drag } = this, draft = this.player.draft;
    this.drop();
    if (!drag || !draft) return;
    if (drag.how !== "new") await this.put(draft);
    else if (draft[2] - draft[0] >= LEAST && draft[3] - draft[1] >= LEAST) await this.add(draft);
  }

  /** A new box, from this moment to the end of what is marked, or of the film.
   * @param {number[]} box @param {number[][]} [shape] */
  async add(box, shape) {
    const { model } = this, marked = model.marked;
    const start = marked ? marked[0] : this.tick, end = marked ? marked[1] : model.film.end;
    this.draws(false);
    await this.saidAs({ do: "hide-moving", keys: [[start, ...quarters(box)]], end, ...(shape && { shape }) });
    say(t("boxAdded", { end: model.time(end) }));
  }

  /** Enter, while drawing: the shape is whole, or a box in the middle, for whoever has no pointer. */
  async middle() {
    if (this.around) return this.close();
    const [wide, high] = this.model.film.size;
    await this.add([wide * 0.4, high * 0.4, wide * 0.6, high * 0.6]);
  }

  /** The chosen box is here now. @param {number[]} box */
  async put(box) {
    const chosen = this.chosen();
    if (!chosen) return;
    const { keys, end } = chosen[0], tick = this.tick;
    const others = keys.filter((/** @type {number[]} */ key) => key[0] !== tick);
    const all = [...others, [tick, ...quarters(box)]].sort((a, b) => a[0] - b[0]);
    await this.change(chosen[0], all, Math.max(end, this.model.endOf(this.model.at)));
    say(t("boxMoved"));
  }

  /** @param {number[]} by pixels to add to x0 y0 x1 y1 */
  async nudge(by) {
    const chosen = this.chosen();
    if (!chosen) return say(t("pickBox"));
    const box = chosen[1].map((value, n) => value + by[n]);
    if (box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST) await this.put(box);
  }

  /** @param {any} box @param {number[][]} keys @param {number} end */
  async change(box, keys, end) {
    await this.saidAs({ do: "hide-moving", keys, end, ...(box.shape && { shape: box.shape }), kind: box.kind, instead: box.edit });
  }

  /** @param {any} edit */
  async saidAs(edit) {
    await this.model.say(edit);
    this.model.box = this.model.state.revision - 1;
    this.model.tell("box");
  }

  async starts() {
    const chosen = this.chosen();
    if (!chosen) return say(t("pickBox"));
    const later = chosen[0].keys.filter((/** @type {number[]} */ key) => key[0] > this.tick);
    const end = Math.max(chosen[0].end, this.model.endOf(this.model.at));
    await this.change(chosen[0], [[this.tick, ...quarters(chosen[1])], ...later], end);
  }

  async ends() {
    const chosen = this.chosen();
    if (!chosen) return say(t("pickBox"));
    const earlier = chosen[0].keys.filter((/** @type {number[]} */ key) => key[0] < this.tick);
    const keys = [...earlier, [this.tick, ...quarters(chosen[1])]];
    await this.change(chosen[0], keys, this.model.endOf(this.model.at));
  }

  /** @param {boolean} back */
  async follow(back) {
    const chosen = this.chosen();
    if (!chosen) return say(t("pickBox"));
    say(t("following"));
    const keys = await this.followed(this.model.at, chosen[1], back);
    if (keys.length < 2) return say(t("followedNot"));
    const tick = this.tick, old = chosen[0].keys;
    const rest = old.filter((/** @type {number[]} */ key) => (back ? key[0] > tick : key[0] < tick));
    const last = keys[keys.length - 1][0];
    const end = back ? chosen[0].end : this.model.endOf(this.model.frameAt(last));
    await this.change(chosen[0], back ? [...keys, ...rest] : [...rest, ...keys], end);
    this.told(keys);
    this.player.show(this.model.frameAt(back ? keys[0][0] : last));
  }

  /** @param {number} frame @param {number[]} box @param {boolean} back @returns {Promise<number[][]>} */
  async followed(frame, box, back) {
    return (await post(`${this.model.path}/follow`, { frame, box, back })).keys;
  }

  /** @param {number[][]} keys */
  told(keys) {
    const seconds = this.model.seconds(keys[keys.length - 1][0]) - this.model.seconds(keys[0][0]);
    say(t("followed", { seconds: seconds.toFixed(1), n: keys.length }));
  }

  /** A track goes on, by a box that follows what was there. */
  async extend() {
    const card = this.model.byKey.get(this.model.now);
    if (!card) return say(t("pickCard"));
    const back = this.model.at < card.first;
    const track = card.tracks.reduce((a, b) => ((back ? b.first < a.first : b.last > a.last) ? b : a));
    const [, tick, ...box] = track.ends[back ? 0 : 1];
    say(t("following"));
    const keys = await this.followed(this.model.frameAt(tick), box, back);
    if (keys.length < 2) return say(t("followedNot"));
    const end = this.model.endOf(this.model.frameAt(keys[keys.length - 1][0]));
    await this.saidAs({ do: "hide-moving", keys, end, kind: track.kind, note: `goes on from track ${track.id}` });
    this.told(keys);
    this.player.show(this.model.frameAt(keys[back ? 0 : keys.length - 1][0]));
  }
}

/** Outwards to quarters of a pixel. @param {number[]} box */
function quarters([x0, y0, x1, y1]) {
  return [Math.floor(x0 * 4) / 4, Math.floor(y0 * 4) / 4, Math.ceil(x1 * 4) / 4, Math.ceil(y1 * 4) / 4];
}

/** @param {number[]} box */
const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
