// @ts-check
/** What is known of the film and what was said about it. Says an edit by sending just that edit. */

import { get, post, Refusal } from "./api.js";
import { t, tOr } from "./texts.js";

/**
 * @typedef {[number, number, number, number, number, number]} Pointed number, tick, x0 y0 x1 y1
 * @typedef {{id: number, kind: string, score: number, first: number, last: number, best: number,
 *   where: Pointed, ends: [Pointed, Pointed], runs: [number, number, string][], near: number[]}} Track
 * @typedef {{edit: number, do: string, keys?: number[][], end?: number, shape?: [number, number][], box?: number[],
 *   span?: [number, number], kind?: string, note?: string}} HandBox
 * @typedef {{key: string, tracks: Track[], span: [number, number] | null, kind: string,
 *   first: number, last: number, score: number, status: string, near: string[]}} Card
 */

export class Model extends EventTarget {
  /** @param {number} number of the film */
  constructor(number) {
    super();
    this.path = `/api/films/${number}`;
    /** @type {any} */ this.film = null;
    /** @type {Map<number, Track>} */ this.tracks = new Map();
    /** @type {any} */ this.state = null;
    /** @type {Card[]} */ this.cards = [];
    /** @type {Card[]} */ this.shown = [];
    /** @type {Map<string, Card>} */ this.byKey = new Map();
    /** @type {Map<number, Card[]>} */ this.ofTrack = new Map();
    /** @type {Set<string>} */ this.picked = new Set();
    this.now = "";
    this.at = 0;
    /** @type {number | null} */ this.box = null;
    /** @type {number | null} */ this.markIn = null;
    /** @type {number | null} */ this.markOut = null;
    this.filter = "all";
    this.order = "time";
    /** @type {any[] | null} */ this.moments = null;
    this.sending = Promise.resolve();
  }

  async load() {
    this.film = await get(this.path);
    for (const track of await get(`${this.path}/tracks`)) this.tracks.set(track.id, track);
    await this.reload();
    get(`${this.path}/moments`).then((found) => {
      this.moments = found;
      this.tell("moments");
    });
  }

  async reload() {
    this.take(await get(`${this.path}/state`));
  }

  /** @param {string} what */
  tell(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }

  get frames() {
    return this.film.starts.length;
  }

  get still() {
    return this.film.kind === "photo";
  }

  /** First tick after frame `n`. @param {number} n */
  endOf(n) {
    return n + 1 < this.frames ? this.film.starts[n + 1] : this.film.end;
  }

  /** The frame that is shown at a tick. @param {number} tick */
  frameAt(tick) {
    const starts = this.film.starts;
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= tick) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Seconds from the film's start. @param {number} tick */
  seconds(tick) {
    const [over, under] = this.film.tick;
    return ((tick - this.film.starts[0]) * over) / under;
  }

  /** @param {number} tick */
  time(tick) {
    const all = Math.max(0, this.seconds(tick));
    const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
    const rest = (all % 60).toFixed(2).padStart(5, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  }

  /** @param {any} state */
  take(state) {
    this.state = state;
    this.compose();
    if (this.box !== null && !this.boxOf(this.box)) this.box = null;
    this.tell("state");
  }

  /** Cards, from tracks, splits and groups. */
  compose() {
    /** @type {Map<number, number[]>} */ const cutsOf = new Map();
    for (const split of this.state.splits) {
      cutsOf.set(split.track, [...(cutsOf.get(split.track) ?? []), split.at]);
    }
    /** @type {Map<number, number>} */ const groupOf = new Map();
    this.state.groups.forEach((/** @type {number[]} */ group, /** @type {number} */ n) => {
      for (const track of group) groupOf.set(track, n);
    });
    /** @type {Map<string, Card>} */ const made = new Map();
    this.ofTrack = new Map();
    const decided = new Set(this.state.decided);
    /** @type {Map<number, [number, number][]>} */ const kept = new Map();
    for (const [track, start, end] of this.state.kept) {
      kept.set(track, [...(kept.get(track) ?? []), [start, end]]);
    }
    for (const track of this.tracks.values()) {
      const cuts = [...new Set(cutsOf.get(track.id) ?? [])].sort((a, b) => a - b);
      const group = cuts.length ? undefined : groupOf.get(track.id);
      const edges = [this.film.starts[track.first], ...cuts, this.endOf(track.last)];
      for (let n = 0; n + 1 < edges.length; n += 1) {
        if (edges[n + 1] <= edges[n]) continue;
        const key = group !== undefined ? `g${group}` : cuts.length ? `${track.id}:${n}` : `${track.id}`;
        const span = /** @type {[number, number]} */ ([edges[n], edges[n + 1]]);
        const status = this.statusOf(kept.get(track.id) ?? [], span, decided.has(track.id));
        const first = this.frameAt(span[0]), last = this.frameAt(span[1] - 1);
        const card = made.get(key);
        if (card) {
          card.tracks.push(track);
          card.first = Math.min(card.first, first);
          card.last = Math.max(card.last, last);
          card.score = Math.max(card.score, track.score);
          if (card.status !== status) card.status = card.status === "open" || status === "open" ? "open" : "part";
        } else {
          made.set(key, {
            key, tracks: [track], span: cuts.length ? span : null, kind: track.kind,
            first, last, score: track.score, status, near: [],
          });
        }
        this.ofTrack.set(track.id, [...(this.ofTrack.get(track.id) ?? []), /** @type {Card} */ (made.get(key))]);
      }
    }
    this.byKey = made;
    this.cards = [...made.values()];
    this.link();
    for (const key of this.picked) if (!made.has(key)) this.picked.delete(key);
    this.arrange();
  }

  /** Which cards may be the same person's, by place and time; in both directions. */
  link() {
    for (const card of this.cards) {
      for (const track of card.tracks) {
        for (const other of track.near) {
          for (const near of this.ofTrack.get(other) ?? []) {
            if (near === card) continue;
            if (!card.near.includes(near.key)) card.near.push(near.key);
            if (!near.near.includes(card.key)) near.near.push(card.key);
          }
        }
      }
    }
  }

  /** @param {[number, number][]} kept @param {[number, number]} span @param {boolean} decided */
  statusOf(kept, span, decided) {
    let bare = 0;
    for (const [start, end] of kept) bare += Math.max(0, Math.min(end, span[1]) - Math.max(start, span[0]));
    if (bare >= span[1] - span[0]) return "kept";
    if (bare > 0) return "part";
    return decided ? "hidden" : "open";
  }

  /** The cards that are shown, in their order. */
  arrange() {
    const wanted = (/** @type {Card} */ card) =>
      this.filter === "all" || card.status === this.filter || card.kind === this.filter ||
      (this.filter === "kept" && card.status === "part");
    const orders = {
      time: (/** @type {Card} */ a, /** @type {Card} */ b) => a.first - b.first || a.tracks[0].id - b.tracks[0].id,
      doubt: (/** @type {Card} */ a, /** @type {Card} */ b) => a.score - b.score,
      long: (/** @type {Card} */ a, /** @type {Card} */ b) => b.last - b.first - (a.last - a.first),
    };
    const order = orders[/** @type {keyof typeof orders} */ (this.order)];
    this.shown = this.cards.filter(wanted).sort(order);
    if (!this.byKey.has(this.now)) this.now = this.shown[0]?.key ?? "";
  }

  /** @param {Card} card */
  name(card) {
    const kind = kindName(card.kind);
    return card.tracks.length > 1
      ? t("cardMany", { kind, n: card.tracks.length })
      : t("card", { kind, id: card.key });
  }

  /** Those chosen, or the one that is marked. @returns {Card[]} */
  chosen() {
    const picked = this.cards.filter((card) => this.picked.has(card.key));
    const now = this.byKey.get(this.now);
    return picked.length ? picked : now ? [now] : [];
  }

  /** The time that is marked, as ticks. @returns {[number, number] | null} */
  get marked() {
    if (this.markIn === null || this.markOut === null) return null;
    const first = Math.min(this.markIn, this.markOut), last = Math.max(this.markIn, this.markOut);
    return [this.film.starts[first], this.endOf(last)];
  }

  /** Says one edit. The page changes when the plan has. @param {Record<string, any>} edit */
  async say(edit) {
    const turn = this.sending.then(async () => {
      const path = `${this.path}/edits?expected=${this.state.revision}`;
      try {
        this.take(await post(path, edit));
      } catch (error) {
        if (error instanceof Refusal && error.status === 409) await this.reload();
        throw error;
      }
    });
    this.sending = turn.catch(() => {});
    return turn;
  }

  /** One sentence about each time that is meant: one, unless parts of split tracks are chosen.
   * @param {Card[]} cards @param {(tracks: Pointed[], span: [number, number] | null) => any} sentence */
  async about(cards, sentence) {
    /** @type {Map<string, [Pointed[], [number, number] | null]>} */ const times = new Map();
    const marked = this.marked;
    for (const card of cards) {
      let span = marked ?? card.span;
      if (marked && card.span) span = [Math.max(marked[0], card.span[0]), Math.min(marked[1], card.span[1])];
      if (span && span[0] >= span[1]) continue;
      const entry = times.get(String(span)) ?? [[], span];
      entry[0].push(...card.tracks.map((track) => track.where));
      times.set(String(span), entry);
    }
    for (const [tracks, span] of times.values()) await this.say(sentence(tracks, span));
  }

  /** @param {number} edit @returns {HandBox | undefined} */
  boxOf(edit) {
    return this.state.boxes.find((/** @type {HandBox} */ box) => box.edit === edit);
  }

  /** Where a box by hand is at a tick; null where it is not. @param {HandBox} box @param {number} tick */
  boxAt(box, tick) {
    if (box.box) {
      const [start, end] = box.span ?? [-Infinity, Infinity];
      return tick >= start && tick < end ? box.box : null;
    }
    const keys = box.keys ?? [];
    if (!keys.length || tick < keys[0][0] || tick >= (box.end ?? 0)) return null;
    return place(keys, tick);
  }
}

/** The box of keys at a tick, straight between two. @param {number[][]} keys @param {number} tick */
export function place(keys, tick) {
  let after = keys.findIndex((key) => key[0] > tick);
  if (after < 0) return keys[keys.length - 1].slice(1);
  if (after === 0) return keys[0].slice(1);
  const [a, b] = [keys[after - 1], keys[after]];
  const share = (tick - a[0]) / (b[0] - a[0]);
  return [1, 2, 3, 4].map((n) => a[n] + (b[n] - a[n]) * share);
}

/** @param {string} kind */
export function kindName(kind) {
  return kind.startsWith("frame-") ? t("kind.whole") : tOr(`kind.${kind}`, "kind.other");
}
