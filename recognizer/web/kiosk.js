// The kiosk: camera, connection and screen, brought together.

import { Board } from "./board.js";
import { CameraProblem, gone, looksAway, openCamera, play, secureAddress, stop } from "./camera.js";
import { ChallengeView } from "./challenge.js";
import { Choices, KeptKey } from "./choices.js";
import { fillScreenWith, say, showClock, stayAwake } from "./comfort.js";
import { byId } from "./elements.js";
import { Snapshots, frameFor, pictureOf, viewOf } from "./frames.js";
import { Overlay } from "./overlay.js";
import { Recent } from "./recent.js";
import { Sender } from "./sender.js";
import { Settings, askForKey } from "./settings.js";

const PENDING_FOR_MS = 4_000;

class Kiosk {
  #choices = new Choices();
  #key = new KeptKey("recognize");
  #video = byId("video");
  #overlay = new Overlay(byId("boxes"));
  #recent = new Recent({ panel: byId("recent"), list: byId("recent-list"), clear: byId("clear-recent") });
  #board = new Board(
    {
      greeting: byId("greeting"),
      hint: byId("hint"),
      hintText: byId("hint-text"),
      hintDots: byId("hint-dots"),
      announcer: byId("announcer"),
    },
    (sentence) => this.#say(sentence),
    (verdict) => this.#recent.add(verdict),
  );
  #challenge = new ChallengeView(
    {
      panel: byId("challenge"),
      steps: byId("challenge-steps"),
      order: byId("challenge-order"),
      time: byId("challenge-time"),
      again: byId("challenge-again"),
    },
    () => this.#sender.restart(),
    (sentence) => this.#say(sentence),
  );
  #sender = new Sender(new Snapshots(this.#video), () => this.#wishes(), this);
  #settings = new Settings(this.#choices, this.#key, (what) => this.#changed(what));
  #stream = null;
  #opened = () => undefined; // tells that there is a picture
  #pending = null; // who was recognized and not answered for yet: {name, atMs}

  async start() {
    showClock(byId("clock"));
    stayAwake();
    fillScreenWith(byId("full"));
    byId("problem-retry").addEventListener("click", () => this.#openCamera());
    addEventListener("resize", () => this.#fit());
    this.#video.addEventListener("resize", () => this.#fit());
    this.#showRoom();
    const opened = new Promise((resolve) => (this.#opened = resolve));
    await this.#openCamera();
    await opened; // perhaps only after somebody has allowed it
    await this.#sender.run();
  }

  // What the sender tells.

  connecting() {
    this.#state("calm", "Connecting");
  }

  connected(link) {
    const how = link.name === "live" ? "Ready" : "Ready, over plain HTTP";
    this.#state("good", this.#choices.records ? how : "Trial: nothing is recorded");
  }

  answer(message, frame) {
    this.#state("good", byId("state").dataset.ready);
    this.#overlay.draw(message, frame, this.#isMirrored);
    this.#challenge.show(message.challenge);
    this.#board.answer(message, this.#choices.records);
    const known = message.confirmation;
    const isPending = this.#choices.records && known && !this.#board.hasGreeted(known.person_id);
    this.#pending = isPending ? { name: known.name, atMs: performance.now() } : null;
  }

  refused(why) {
    this.#board.trouble(why);
  }

  waiting(ms) {
    this.#state("warn", `Next try in ${Math.max(1, Math.round(ms / 1000))} s`);
  }

  lost() {
    this.#overlay.clear();
    this.#challenge.show(null);
    this.#board.trouble("No connection. Nobody is recorded until it is back.");
    if (this.#pending && performance.now() - this.#pending.atMs < PENDING_FOR_MS) this.#recent.addNotSent(this.#pending.name);
    this.#pending = null;
  }

  async keyNeeded(problem) {
    this.#state("warn", "A key is needed");
    this.#key.keep(await askForKey(this.#key.secret ? problem.message : ""));
  }

  // The camera.

  async #openCamera() {
    stop(this.#stream);
    byId("problem").hidden = true;
    try {
      this.#stream = await openCamera(this.#settings.wantedCamera());
    } catch (error) {
      if (!(error instanceof CameraProblem)) throw error;
      this.#showProblem(error);
      return;
    }
    await play(this.#video, this.#stream);
    this.#video.classList.add("playing");
    this.#fit();
    this.#watch(this.#stream);
    this.#opened();
    await this.#settings.offerCameras();
  }

  async #watch(stream) {
    await gone(stream);
    if (stream === this.#stream) this.#showProblem(new CameraProblem("The camera is gone", "Connect it again, then try again."));
  }

  #showProblem(problem) {
    this.#video.classList.remove("playing");
    this.#overlay.clear();
    byId("problem-title").textContent = problem.message;
    byId("problem-advice").textContent = problem.advice;
    byId("problem-retry").hidden = !problem.canRetry;
    byId("problem-https").hidden = isSecureContext;
    byId("problem-https").href = secureAddress();
    byId("problem").hidden = false;
    this.#state("warn", "No camera");
  }

  get #isMirrored() {
    return this.#choices.mirrors && this.#stream !== null && !looksAway(this.#stream);
  }

  #fit() {
    this.#video.classList.toggle("mirrored", this.#isMirrored);
    if (this.#video.videoWidth) this.#video.dataset.fit = frameFor(pictureOf(this.#video), viewOf(this.#video)).fit;
    this.#overlay.clear();
  }

  // What was chosen.

  #wishes() {
    const { source, records, perSecond } = this.#choices;
    return { source, record: records, perSecond, key: this.#key.secret };
  }

  async #changed(what) {
    if (what === "camera") await this.#openCamera();
    if (what === "mirrors") this.#fit();
    if (what === "source") this.#showRoom();
    if (what === "source" || what === "key") this.#sender.reconnect();
  }

  #say(sentence) {
    if (this.#choices.speaks) say(sentence);
  }

  #showRoom() {
    byId("room").textContent = this.#choices.source;
  }

  #state(tone, words) {
    const state = byId("state");
    if (tone === "good") state.dataset.ready = words;
    state.dataset.tone = tone;
    if (state.textContent !== words) state.firstElementChild.textContent = words;
  }
}

await new Kiosk().start();
