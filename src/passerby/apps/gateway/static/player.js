// Shows one camera's published stream: by WebRTC, else as a stream that is fetched, else as HLS.

const SOON = 6000; // milliseconds within which a picture has to come
const AGAIN = 2000; // until it is tried anew
const BEHIND = 1.5; // seconds after which a fetched stream jumps forward
const KEPT = 10; // seconds that stay in memory
const MOST = 4; // streams that are fetched at once: browsers allow six connections to one server
let fetching = 0;

const waited = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class Player {
  // `told` hears which way it plays, or "" while it does not.
  constructor(video, name, told) {
    this.video = video;
    this.where = `/cameras/${encodeURIComponent(name)}`;
    this.told = told;
    this.run = 0; // whoever finds another number has been stopped
  }

  async start(ways) {
    const run = ++this.run;
    const wanted = [];
    if (ways.includes("webrtc") && "RTCPeerConnection" in window) wanted.push(["WebRTC", () => this.webrtc(run)]);
    if ("MediaSource" in window) wanted.push(["stream", () => this.fetched(run)]);
    if (this.video.canPlayType("application/vnd.apple.mpegurl")) wanted.push(["HLS", () => this.hls(run)]);
    for (let number = 0; run === this.run; number++) {
      const [way, play] = wanted[number % wanted.length] ?? ["", async () => {}];
      try {
        await play(() => run === this.run && this.told(way));
      } catch {
        // tried anew, another way
      }
      if (run !== this.run) return;
      this.told("");
      await waited(AGAIN);
    }
  }

  stop() {
    this.run++;
    this.end?.();
    this.end = null;
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.told("");
  }

  // Resolves when a picture is there.
  shown() {
    const { video } = this;
    return new Promise((done, failed) => {
      video.requestVideoFrameCallback(() => done());
      setTimeout(() => failed(new Error("no picture")), SOON);
      video.play().catch(() => {});
    });
  }

  // Resolves when no picture came for a while, or it was stopped.
  async lost(run) {
    let last = -1;
    for (;;) {
      await waited(SOON);
      if (run !== this.run || this.over || this.video.currentTime === last) return;
      last = this.video.currentTime;
    }
  }

  async webrtc(run) {
    const line = new RTCPeerConnection({ iceServers: [] });
    let place = null;
    const end = () => {
      line.close();
      if (place) fetch(place, { method: "DELETE", keepalive: true }).catch(() => {});
      place = null;
    };
    this.end = end;
    this.over = false;
    try {
      line.addTransceiver("video", { direction: "recvonly" });
      line.ontrack = (event) => {
        event.receiver.jitterBufferTarget = 0;
        this.video.srcObject = new MediaStream([event.track]);
      };
      line.onconnectionstatechange = () => {
        this.over = ["failed", "closed"].includes(line.connectionState);
      };
      await line.setLocalDescription(await line.createOffer());
      const answer = await fetch(`${this.where}/whep`, {
        method: "POST", headers: { "Content-Type": "application/sdp" }, body: line.localDescription.sdp,
      });
      if (!answer.ok) throw new Error("refused");
      place = answer.headers.get("Location");
      await line.setRemoteDescription({ type: "answer", sdp: await answer.text() });
      await this.shown();
      if (run === this.run) this.told("WebRTC");
      await this.lost(run);
    } finally {
      end();
      if (run === this.run) this.video.srcObject = null;
    }
  }

  async fetched(run) {
    if (fetching >= MOST) throw new Error("too many");
    fetching++;
    const leave = new AbortController();
    const source = new MediaSource();
    const address = URL.createObjectURL(source);
    this.end = () => leave.abort();
    this.over = false;
    try {
      this.video.src = address;
      await new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
      const answer = await fetch(`${this.where}/stream.mp4`, { signal: leave.signal });
      if (!answer.ok) throw new Error("refused");
      const filling = this.fill(source, answer.body.getReader());
      filling.catch(() => {}).finally(() => { this.over = true; });
      await this.shown();
      if (run === this.run) this.told("stream");
      await this.lost(run);
    } finally {
      fetching--;
      leave.abort();
      URL.revokeObjectURL(address);
    }
  }

  async fill(source, reader) {
    const { video } = this;
    let buffer = null;
    const settled = () => new Promise((done) => buffer.addEventListener("updateend", done, { once: true }));
    for (;;) {
      const { done, value } = await reader.read();
      if (done || source.readyState !== "open") return;
      buffer ??= source.addSourceBuffer(`video/mp4; codecs="${codecOf(value)}"`);
      const there = settled();
      buffer.appendBuffer(value);
      await there;
      if (!buffer.buffered.length) continue;
      const end = buffer.buffered.end(buffer.buffered.length - 1);
      const begin = buffer.buffered.start(buffer.buffered.length - 1);
      if (video.currentTime < begin || end - video.currentTime > BEHIND) video.currentTime = Math.max(begin, end - 0.2);
      if (end - buffer.buffered.start(0) > 2 * KEPT) {
        const less = settled();
        buffer.remove(0, end - KEPT);
        await less;
      }
    }
  }

  async hls(run) {
    this.end = null;
    this.over = false;
    this.video.src = `${this.where}/hls/index.m3u8`;
    await this.shown();
    if (run === this.run) this.told("HLS");
    await this.lost(run);
  }
}

// What the stream's head says that a decoder needs.
function codecOf(head) {
  for (let at = 0; at + 8 < head.length; at++) {
    if (head[at] === 0x61 && head[at + 1] === 0x76 && head[at + 2] === 0x63 && head[at + 3] === 0x43) {
      const three = [...head.subarray(at + 5, at + 8)];
      return `avc1.${three.map((one) => one.toString(16).padStart(2, "0")).join("")}`;
    }
  }
  throw new Error("no head");
}
