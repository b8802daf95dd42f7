// One card for each camera: its picture, how it does, and numbers. Asked for every two seconds.

import { Player } from "/player.js";

const EVERY = 2000; // milliseconds
const cards = new Map();
const find = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
let ways = [];

const WHYS = {
  "nothing-published-yet": "Nothing has been published yet.",
  "nothing-published": "Nothing has been published for some seconds.",
  "camera-connecting": "The camera has not answered yet.",
  "camera-lost": "The camera is away. It is tried again until it is back.",
  "camera-ended": "This camera was ended.",
  "all-covered": "Every picture is covered whole: whoever looks for people is late or fails, or pictures arrive damaged.",
  "no-picture": "The camera is connected, and sends no picture.",
};

const VIEWS = {
  view_covered: "Something is before the lens, or it is out of focus.",
  view_moved: "The camera looks elsewhere than it used to.",
  view_dark: "It is so dark that hardly anything can be seen.",
};

// [class, sign, word]
function stateOf(camera) {
  const { reasons } = camera;
  if (!reasons.length) return ["good", "●", "Publishing"];
  if (reasons.includes("camera-lost")) return ["bad", "▲", "Camera away"];
  if (reasons.includes("camera-ended")) return ["bad", "■", "Ended"];
  if (reasons.includes("all-covered")) return ["bad", "▲", "All covered"];
  if (reasons.includes("no-picture")) return ["bad", "▲", "No picture"];
  if (reasons.includes("nothing-published")) return ["bad", "▲", "Not publishing"];
  return ["wait", "◌", "Connecting"];
}

function figuresOf(camera) {
  const { numbers: n, targets, receivers, size } = camera;
  const figures = [
    ["Frames in", number.format(n.came ?? 0)],
    ["Shown", number.format(n.shown ?? 0)],
    ["Covered whole", number.format(n.covered ?? 0)],
    ["Dropped", number.format(n.dropped ?? 0)],
    ["Behind", `${number.format(n.latency_ms ?? 0)} ms`],
    ["Frames looked at", (n.stride ?? 1) > 1 ? `1 in ${n.stride}` : "all"],
    ["Of these published", (n.thinning ?? 1) > 1 ? `1 in ${n.thinning}` : "all"],
    ["Detail", ["full", "a half", "a quarter", "an eighth"][n.halvings ?? 0] ?? "little"],
    ["Opened again", `${number.format(n.reconnects ?? 0)}×`],
    ["Watching here", number.format(receivers)],
  ];
  for (const [key, what] of [["heads", "Heads hidden"], ["people", "People"], ["vehicles", "Vehicles"]]) {
    if (n[`${key}_most`] !== undefined) figures.push([`${what}, last minute`, `at most ${number.format(n[`${key}_most`])}`]);
  }
  if (targets[1]) figures.push(["Sent to", `${targets[0]} of ${targets[1]}`]);
  if (size) figures.push(["Size", `${size[0]} × ${size[1]}`]);
  return figures;
}

class Card {
  constructor(name) {
    this.name = name;
    this.node = find("card").content.cloneNode(true).firstElementChild;
    const part = (selector) => this.node.querySelector(selector);
    part("h2").textContent = name;
    part("h2").id = `camera-${name}`;
    this.node.setAttribute("aria-labelledby", `camera-${name}`);
    this.node.dataset.camera = name;
    const video = part("video");
    video.setAttribute("aria-label", `Live picture of ${name}, as it is published`);
    this.over = part(".over");
    this.way = part(".way");
    this.toggle = part(".toggle");
    this.list = part("dl");
    this.wanted = !calm;
    this.near = this.playing = false;
    this.player = new Player(video, name, (way) => this.plays(way));
    this.toggle.addEventListener("click", () => { this.wanted = !this.wanted; this.decide(); });
    this.plays("");
    this.decide();
  }

  plays(way) {
    this.node.dataset.way = way;
    this.way.textContent = way && { WebRTC: "by WebRTC", stream: "as a stream", HLS: "by HLS" }[way];
    this.over.textContent = way ? "" : this.playing ? "Waiting for the picture …" : "The picture is stopped.";
  }

  // Plays only what is wanted and can be seen.
  decide() {
    const should = this.wanted && this.near && !document.hidden && ways.length > 0;
    this.toggle.textContent = this.wanted ? "Stop the picture" : "Show the picture";
    this.toggle.setAttribute("aria-label", `${this.toggle.textContent} of ${this.name}`);
    if (should === this.playing) return;
    this.playing = should;
    if (should) {
      this.plays("");
      this.player.start(ways);
    } else {
      this.player.stop();
    }
  }

  tell(camera) {
    const [kind, sign, word] = stateOf(camera);
    const before = this.word;
    this.word = word;
    for (const name of ["good", "bad", "wait"]) this.node.classList.toggle(name, name === kind);
    this.node.querySelector(".sign").textContent = sign;
    this.node.querySelector(".word").textContent = word;
    const whys = camera.reasons.map((reason) => WHYS[reason] ?? reason);
    if (camera.reasons.includes("camera-lost") && camera.why) whys.push(`It said: ${camera.why}.`);
    for (const [key, view] of Object.entries(VIEWS)) if (camera.numbers[key]) whys.push(view);
    if ((camera.numbers.stride ?? 1) > 1) whys.push("More comes in than this machine can look at, so whole frames are left out.");
    if (camera.numbers.halvings) whys.push("There is much to look at for this machine, so the picture is published with less detail.");
    if ((camera.numbers.thinning ?? 1) > 1) whys.push("Fewer pictures are published than are looked at.");
    if ((camera.numbers.stretch ?? 1) > 1) whys.push("Pictures come later than usual, so that there is time to look at them.");
    this.node.querySelector(".why").textContent = whys.join(" ");
    const figures = figuresOf(camera);
    while (this.list.children.length > figures.length) this.list.lastElementChild.remove();
    figures.forEach(([what, value], place) => {
      let row = this.list.children[place];
      if (!row) {
        row = document.createElement("div");
        row.append(document.createElement("dt"), document.createElement("dd"));
        this.list.append(row);
      }
      row.firstElementChild.textContent = what;
      row.lastElementChild.textContent = value;
    });
    if (camera.size) this.node.querySelector(".stage").style.setProperty("aspect-ratio", `${camera.size[0]} / ${camera.size[1]}`);
    return before && before !== word ? `${this.name}: ${word}.` : "";
  }

  end() {
    this.wanted = false;
    this.decide();
    this.node.remove();
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const card = cards.get(entry.target.dataset.camera);
    if (card) { card.near = entry.isIntersecting; card.decide(); }
  }
}, { rootMargin: "100px" });

function show(told) {
  ways = told.ways;
  const names = new Set(told.cameras.map((camera) => camera.name));
  for (const [name, card] of cards) {
    if (!names.has(name)) { seen.unobserve(card.node); card.end(); cards.delete(name); }
  }
  const changes = [];
  for (const camera of told.cameras) {
    if (!cards.has(camera.name)) {
      const card = new Card(camera.name);
      cards.set(camera.name, card);
      find("cameras").append(card.node);
      seen.observe(card.node);
    }
    changes.push(cards.get(camera.name).tell(camera));
    cards.get(camera.name).decide();
  }
  const well = told.cameras.filter((camera) => !camera.reasons.length).length;
  find("all").textContent = told.cameras.length ? `${well} of ${told.cameras.length} publishing` : "";
  find("none").hidden = told.cameras.length > 0;
  const news = changes.filter(Boolean).join(" ");
  if (news) find("told").textContent = news;
}

async function ask() {
  try {
    const answer = await fetch("/api/cameras");
    if (!answer.ok) throw new Error("refused");
    show(await answer.json());
    document.body.dataset.ready = "yes";
  } catch {
    find("all").textContent = "This server does not answer. It is tried again.";
  }
  setTimeout(ask, EVERY);
}

document.addEventListener("visibilitychange", () => { for (const card of cards.values()) card.decide(); });
ask();
