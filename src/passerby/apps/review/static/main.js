// @ts-check
/** Puts the parts together: what a button, a key or another page does. */

import { enter, get, post, Refusal } from "./api.js";
import { Exporting } from "./exporting.js";
import { Hand } from "./hand.js";
import { bind, help, listen } from "./keys.js";
import { Lanes, legend } from "./lanes.js";
import { kindName, Model } from "./model.js";
import { at, button, make, say } from "./page.js";
import { People } from "./people.js";
import { Player } from "./player.js";
import { load, t } from "./texts.js";

const EVERY = 2500; // milliseconds between two questions whether anything has changed

/** @param {string} text */
function wait(text) {
  at("desk").hidden = true;
  at("waiting").hidden = false;
  at("waitingText").textContent = text;
}

/** @param {unknown} error */
function complain(error) {
  if (!(error instanceof Refusal)) throw error;
  if (error.status === 0) wait(t("waitGone"));
  else if (error.status === 409) say(t("saidOther"));
  else say(t("error", { what: error.what, hint: error.hint }));
}

/** @template {any[]} A @param {(...given: A) => any} act @returns {(...given: A) => Promise<void>} */
const safely = (act) => async (...given) => {
  try {
    await act(...given);
  } catch (error) {
    complain(error);
  }
};

async function main() {
  const languages = await load();
  wait(t("waitLoad"));
  try {
    if (!(await enter())) return wait(t("waitLink"));
    const films = await get("/api/films");
    const asked = Number(new URLSearchParams(location.search).get("film") ?? 0);
    const number = asked >= 0 && asked < films.length ? asked : 0;
    if (films.length > 1) listFilms(number);
    await ready(number);
    await review(number, languages);
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) wait(t("waitLink"));
    else if (error instanceof Refusal && error.status === 0) wait(t("waitGone"));
    else if (error instanceof Refusal) wait(t("error", { what: error.what, hint: error.hint }));
    else throw error;
  }
}

/** Waits until a film was looked through. @param {number} number */
async function ready(number) {
  for (;;) {
    const film = (await get("/api/films"))[number];
    if (film.status === "ready") return;
    if (film.status === "failed") {
      wait(t("failedFilm", { name: film.name, what: `${film.what} ${film.hint}` }));
      if (at("films").hidden) throw new Refusal(500, film);
    } else if (film.status === "scanning") {
      const percent = film.total ? Math.min(100, Math.floor((100 * film.done) / film.total)) : "…";
      wait(t("scanning", { name: film.name, percent }));
    } else wait(t("waitingFor", { name: film.name }));
    await new Promise((done) => setTimeout(done, 800));
  }
}

/** Where there are several files. @param {number} number */
function listFilms(number) {
  const open = button("films"), box = at("filmsBox", HTMLDialogElement);
  open.hidden = false;
  open.addEventListener("click", safely(async () => {
    const films = await get("/api/films");
    const rows = films.map((/** @type {any} */ film, /** @type {number} */ n) => {
      const state = film.status === "ready" ? t("filmReady", { done: film.decided, n: film.tracks })
        : film.status === "failed" ? film.what
        : film.status === "scanning" ? t("scanning", { name: "", percent: film.total ? Math.floor((100 * film.done) / film.total) : "…" })
        : t("waitingFor", { name: "" });
      return make("tr", {}, [
        make("th", { scope: "row" }, [make("a", { href: `/?film=${n}`, "aria-current": n === number ? "page" : null }, [film.name])]),
        make("td", {}, [state]),
        make("td", {}, [film.export === "done" ? t("filmExported") : ""]),
      ]);
    });
    box.replaceChildren(
      make("h2", { id: "filmsTitle" }, [t("filmsTitle")]),
      make("table", {}, [make("tbody", {}, rows)]),
      make("div", { class: "bar" }, [make("button", { type: "button", onclick: () => box.close() }, [t("close")])]),
    );
    box.showModal();
  }));
}

/** @param {number} number @param {Record<string, string>} languages */
async function review(number, languages) {
  const model = new Model(number);
  await model.load();
  at("waiting").hidden = true;
  at("desk").hidden = false;
  at("title").textContent = model.film.name;
  document.title = `${model.film.name} – Passerby`;
  const player = new Player(model);
  const people = new People(model, { go, decide: safely(decide) });
  const lanes = new Lanes(model, { seek: (frame) => seek(frame), go, box: (edit) => { model.box = edit; model.tell("box"); } });
  const hand = new Hand(model, player, { go });
  const exporting = new Exporting(model, { go: (frame) => seek(frame), poll: () => poll() });
  const scrub = at("scrub", HTMLInputElement);
  let doubt = -1;
  at("time").hidden = model.still && model.frames === 1;
  scrub.max = String(model.frames - 1);

  /** @param {number} frame */
  function seek(frame) {
    if (player.playing) player.pause();
    player.show(frame);
  }

  /** @param {import("./model.js").Card} card */
  function go(card) {
    model.now = card.key;
    model.tell("now");
    if (model.at < card.first || model.at > card.last) {
      const best = card.tracks[0].best;
      seek(best >= card.first && best <= card.last ? best : card.first);
    } else if (!player.playing) player.outline();
  }

  /** @param {string} what @param {import("./model.js").Card[]} cards */
  async function decide(what, cards) {
    if (!cards.length) return say(t("pickCard"));
    const keys = cards.map((card) => card.key);
    const sentences = {
      keep: (/** @type {any} */ tracks, /** @type {any} */ span) => ({ do: "keep-tracks", tracks, ...(span && { span }) }),
      hide: (/** @type {any} */ tracks, /** @type {any} */ span) => ({ do: "hide-tracks", tracks, ...(span && { span }) }),
      only: (/** @type {any} */ tracks, /** @type {any} */ span) => ({ do: "keep-tracks", tracks, only: true, ...(span && { span }) }),
      nobody: (/** @type {any} */ tracks, /** @type {any} */ span) => ({ do: "keep-tracks", tracks, ...(span && { span }), note: "nobody there" }),
    };
    const place = model.shown.findIndex((card) => card.key === model.now);
    await model.about(cards, sentences[/** @type {keyof typeof sentences} */ (what)]);
    say(t({ keep: "saidKeep", hide: "saidHide", only: "saidOnly", nobody: "saidNobody" }[what] ?? "", { n: keys.length }));
    const alone = model.picked.size === 0 && keys.length === 1 && keys[0] === model.now;
    model.picked.clear();
    if (alone && what !== "only") step(model.byKey.has(keys[0]) && model.shown[place]?.key === keys[0] ? 1 : 0, place);
    model.tell("picked");
  }

  /** @param {number} by @param {number} [from] */
  function step(by, from) {
    const here = from ?? model.shown.findIndex((card) => card.key === model.now);
    const card = model.shown[Math.max(0, Math.min(model.shown.length - 1, here + by))];
    if (!card) return;
    model.now = card.key;
    go(card);
    people.reveal();
    lanes.reveal();
  }

  async function group() {
    const cards = model.chosen();
    const whole = cards.filter((card) => !card.span);
    if (!whole.length) return say(t("pickCard"));
    if (whole.length === 1) {
      for (const track of whole[0].tracks) await model.say({ do: "group", tracks: [track.where] });
      say(t("saidUngroup"));
    } else {
      await model.say({ do: "group", tracks: whole.flatMap((card) => card.tracks.map((track) => track.where)) });
      say(t("saidGroup"));
    }
    model.picked.clear();
    model.tell("picked");
  }

  async function split() {
    const card = model.byKey.get(model.now), tick = model.film.starts[model.at];
    const track = card?.tracks.find((one) => one.first < model.at && model.at <= one.last);
    if (!track) return say(t("pickCard"));
    await model.say({ do: "split", track: track.id, where: track.where.slice(1), at: tick });
    say(t("saidSplit"));
  }

  async function restyle() {
    const style = at("style", HTMLSelectElement).value, cards = model.chosen();
    if (!cards.length) return say(t("pickCard"));
    await model.about(cards, (tracks, span) => ({ do: "style", tracks, style, ...(span && { span }) }));
    say(t("saidStyle"));
  }

  /** Chooses those near the cards that are chosen, or near the marked one: each time one step further,
   * for the neighbour of a neighbour may well be a stranger. */
  function near() {
    for (const card of model.chosen()) {
      for (const key of [card.key, ...card.near]) model.picked.add(key);
    }
    model.tell("picked");
  }

  /** Chooses every card that is shown, so that a filter decides about a kind; or none. */
  function all() {
    const keys = model.shown.map((card) => card.key), some = keys.some((key) => !model.picked.has(key));
    model.picked.clear();
    if (some) for (const key of keys) model.picked.add(key);
    model.tell("picked");
  }

  async function undo() {
    if (model.state.undo === null) return;
    await model.say({ do: "revoke", edit: model.state.undo, by: "undo" });
    say(t("saidUndo"));
  }

  async function redo() {
    if (model.state.redo === null) return;
    await model.say({ do: "revoke", edit: model.state.redo, by: "redo" });
    say(t("saidRedo"));
  }

  async function removeBox() {
    if (model.box === null) return say(t("pickBox"));
    await model.say({ do: "revoke", edit: model.box });
    say(t("saidRemoved"));
  }

  async function black() {
    const marked = model.marked;
    if (!marked) return say(t("needMarks"));
    const [wide, high] = model.film.size;
    await model.say({ do: "hide", span: marked, box: [0, 0, wide, high], kind: "time" });
    say(t("saidBlack", { start: model.time(marked[0]), end: model.time(marked[1]) }));
    model.markIn = model.markOut = null;
    model.tell("marks");
  }

  async function mute() {
    const marked = model.marked;
    if (!marked) return say(t("needMarks"));
    await model.say({ do: "mute", span: marked });
    const facts = { start: model.time(marked[0]), end: model.time(marked[1]) };
    say(t(model.film.soundKept ? "saidMuted" : "saidMutedAnyway", facts));
    model.markIn = model.markOut = null;
    model.tell("marks");
  }

  /** @param {"markIn" | "markOut"} which */
  function mark(which) {
    model[which] = model.at;
    if (which === "markIn" && model.markOut !== null && model.markOut < model.at) model.markOut = null;
    if (which === "markOut" && model.markIn === null) model.markIn = 0;
    model.tell("marks");
  }

  /** @param {number} by */
  function risky(by) {
    if (!model.moments) return say(t("doubtWait"));
    if (!model.moments.length) return say(t("doubtNone"));
    doubt = (doubt + by + model.moments.length) % model.moments.length;
    const moment = model.moments[doubt];
    const cards = model.ofTrack.get(moment.track) ?? [];
    const card = cards.find((one) => one.first <= moment.frame && moment.frame <= one.last) ?? cards[0];
    if (card) model.now = card.key;
    seek(moment.frame);
    model.tell("now");
    people.reveal();
    lanes.reveal();
    const why = at("why");
    why.hidden = false;
    why.textContent = t("doubt", { number: doubt + 1, n: model.moments.length, why: moment.reasons.map(reason).join("; ") });
  }

  function turn() {
    player.view = player.view === "redacted" ? "original" : "redacted";
    player.show(model.at);
    badge();
  }

  function badge() {
    const original = player.view === "original";
    button("view").setAttribute("aria-pressed", String(original));
    at("badge").classList.toggle("original", original);
    at("badge").textContent = t(original ? "asOriginal" : "asExported");
  }

  function escape() {
    hand.drop();
    if (hand.drawing) return hand.draws(false);
    model.picked.clear();
    model.markIn = model.markOut = null;
    model.box = null;
    model.tell("marks");
    model.tell("picked");
  }

  function words() {
    const { state } = model, cards = model.cards.length;
    const done = model.cards.filter((card) => card.status !== "open").length;
    at("decided").textContent = t("decided", { done, n: cards });
    button("undo").disabled = state.undo === null;
    button("redo").disabled = state.redo === null;
    const picked = model.picked.size;
    const what = picked ? t("chosen", { n: picked }) : t("chosenNone");
    const { marked } = model;
    at("chosen").textContent = marked
      ? t("chosenIn", { what, start: model.time(marked[0]), end: model.time(marked[1]) }) : what;
    at("marked").hidden = !marked;
    if (marked) at("marked").textContent = t("markedFrom", { start: model.time(marked[0]), end: model.time(marked[1]) });
    const card = model.byKey.get(model.now);
    const marks = [model.markIn !== null, model.markOut !== null];
    button("markIn").setAttribute("aria-pressed", String(marks[0]));
    button("markOut").setAttribute("aria-pressed", String(marks[1]));
    for (const id of ["follow", "followBack", "starts", "ends", "remove"]) button(id).disabled = model.box === null;
    for (const id of ["keep", "hide", "only", "group", "split", "extend", "nobody"]) button(id).disabled = !card;
    button("black").disabled = !marked;
    button("muted").disabled = !marked || !model.film.sound;
  }

  function moment() {
    const { at: now, frames } = model, facts = { time: model.time(model.film.starts[now]), frame: now + 1, n: frames };
    at("clock").textContent = t(model.still ? "clockPage" : "clock", facts);
    scrub.value = String(now);
    scrub.setAttribute("aria-valuetext", facts.time);
    lanes.follow();
  }

  /** Every change of the model, and what of the page shows it. */
  model.addEventListener("change", (event) => {
    const what = /** @type {CustomEvent} */ (event).detail;
    if (what === "at") moment();
    else if (what === "playing") button("play").textContent = t(player.playing ? "pause" : "play");
    else if (what === "moments") lanes.draw();
    else {
      if (what === "state") player.show(model.at);
      else player.paint();
      people.draw();
      lanes.draw();
      words();
    }
  });

  bind("undo", "Ctrl+Z", safely(undo));
  bind("redo", "Ctrl+Shift+Z", safely(redo));
  bind("help", "?", () => help(languages, safely(end)));
  bind("export", "E", () => exporting.open());
  bind("keep", "K", safely(() => decide("keep", model.chosen())));
  bind("hide", "H", safely(() => decide("hide", model.chosen())));
  bind("only", "O", safely(() => decide("only", model.chosen())));
  bind("nobody", "", safely(() => decide("nobody", model.chosen())));
  bind("group", "G", safely(group));
  bind("all", "Ctrl+A", all);
  bind("split", "S", safely(split));
  bind("back", "←", () => seek(model.at - 1));
  bind("on", "→", () => seek(model.at + 1));
  bind("play", "Space", () => player.toggle());
  bind("risky", "N", () => risky(1));
  bind("riskyBack", "P", () => risky(-1));
  bind("view", "V", turn);
  bind("outlines", "", () => {
    player.outlines = !player.outlines;
    button("outlines").setAttribute("aria-pressed", String(player.outlines));
    player.paint();
  });
  bind("draw", "B", () => hand.draws(!hand.drawing || hand.around));
  bind("shape", "D", () => hand.draws(!hand.around, true));
  bind("follow", "F", safely(() => hand.follow(false)));
  bind("followBack", "Shift+F", safely(() => hand.follow(true)));
  bind("starts", "Q", safely(() => hand.starts()));
  bind("ends", "W", safely(() => hand.ends()));
  bind("remove", "Delete", safely(removeBox));
  bind("extend", "", safely(() => hand.extend()));
  bind("markIn", "I", () => mark("markIn"));
  bind("markOut", "U", () => mark("markOut"));
  bind("black", "T", safely(black));
  bind("muted", "M", safely(mute));
  scrub.addEventListener("input", () => seek(Number(scrub.value)));
  options("filter", [["all", t("filterAll")], ["open", t("filterOpen")], ["kept", t("filterKept")], ["hidden", t("filterHidden")],
    ...[...new Set([...model.tracks.values()].map((track) => track.kind))].map((kind) => /** @type {[string, string]} */ ([kind, kindName(kind)]))]);
  options("order", [["time", t("orderTime")], ["doubt", t("orderDoubt")], ["long", t("orderLong")]]);
  options("style", [["", t("styleDefault")], ["veil", t("styleVeil")], ["solid", t("styleSolid")], ["mosaic", t("styleMosaic")], ["blur", t("styleBlur")]]);
  at("style").addEventListener("change", safely(async () => {
    if (at("style", HTMLSelectElement).value) await restyle();
    at("style", HTMLSelectElement).value = "";
  }));
  for (const id of ["filter", "order"]) {
    at(id).addEventListener("change", () => {
      model[/** @type {"filter" | "order"} */ (id)] = at(id, HTMLSelectElement).value;
      model.arrange();
      at("list").scrollTop = 0;
      model.tell("picked");
    });
  }

  const step1 = 1 / Number(model.film.tick[0] / model.film.tick[1]);
  const second = (/** @type {number} */ by) => seek(model.frameAt(model.film.starts[model.at] + by * step1));
  const nudge = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ size) =>
    safely(() => hand.nudge(size ? [0, 0, x, y] : [x, y, x, y]));
  const by = Math.max(2, Math.round(model.film.size[0] / 160));
  listen({
    " ": () => player.toggle(),
    ArrowLeft: () => seek(model.at - 1), ArrowRight: () => seek(model.at + 1),
    "Shift+ArrowLeft": () => second(-1), "Shift+ArrowRight": () => second(1),
    Home: () => seek(0), End: () => seek(model.frames - 1),
    ArrowUp: () => step(-1), ArrowDown: () => step(1),
    x: () => {
      if (!model.picked.delete(model.now)) model.picked.add(model.now);
      model.tell("picked");
    },
    a: near,
    k: safely(() => decide("keep", model.chosen())), h: safely(() => decide("hide", model.chosen())),
    o: safely(() => decide("only", model.chosen())), g: safely(group), s: safely(split),
    n: () => risky(1), p: () => risky(-1), v: turn, b: () => hand.draws(!hand.drawing || hand.around), d: () => hand.draws(!hand.around, true),
    Enter: safely(async () => hand.drawing && hand.middle()),
    f: safely((/** @type {KeyboardEvent} */ event) => hand.follow(event.shiftKey)),
    q: safely(() => hand.starts()), w: safely(() => hand.ends()),
    Delete: safely(removeBox), Backspace: safely(removeBox),
    i: () => mark("markIn"), u: () => mark("markOut"), t: safely(black), m: safely(mute),
    "+": () => lanes.zoom(0.7), "-": () => lanes.zoom(1.4),
    "Ctrl+a": all, "Ctrl+z": safely(undo), "Ctrl+Shift+z": safely(redo), "Ctrl+y": safely(redo),
    e: () => exporting.open(), "?": () => help(languages, safely(end)), Escape: escape,
    "Alt+ArrowLeft": nudge(-by, 0, false), "Alt+ArrowRight": nudge(by, 0, false),
    "Alt+ArrowUp": nudge(0, -by, false), "Alt+ArrowDown": nudge(0, by, false),
    "Alt+Shift+ArrowLeft": nudge(-by, 0, true), "Alt+Shift+ArrowRight": nudge(by, 0, true),
    "Alt+Shift+ArrowUp": nudge(0, -by, true), "Alt+Shift+ArrowDown": nudge(0, by, true),
  });

  async function end() {
    stopped = true;
    await post("/api/quit");
    wait(t("waitGone"));
  }

  let stopped = false, busy = false, active = false;
  for (const sign of ["pointerdown", "keydown", "wheel"]) document.addEventListener(sign, () => (active = true), { passive: true });
  async function poll() {
    if (stopped || busy) return;
    busy = true;
    try {
      const told = await get(`${model.path}/poll?active=${active ? 1 : 0}`);
      active = false;
      exporting.take(told.export);
      if (told.revision > model.state.revision) {
        await model.sending;
        if (told.revision > model.state.revision) await model.reload();
      }
      if (told.export?.status === "running") setTimeout(poll, 400);
    } catch (error) {
      stopped = true;
      complain(error);
    } finally {
      busy = false;
    }
  }
  setInterval(poll, EVERY);

  at("legend").replaceChildren(...legend());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    at("legend").replaceChildren(...legend());
    lanes.draw();
  });
  badge();
  button("play").textContent = t("play");
  words();
  people.draw();
  player.fit();
  document.body.dataset.ready = "yes";
}

/** Why a moment is in doubt. @param {{key?: string, text?: string, a?: string, b?: string}} told */
const reason = (told) => (told.key ? t(`doubt.${told.key}`, told) : told.text ?? "");

/** @param {string} id @param {[string, string][]} choices */
function options(id, choices) {
  at(id).replaceChildren(...choices.map(([value, text]) => make("option", { value }, [text])));
}

main();
