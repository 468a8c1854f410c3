// The guided shots: a preview, a word of advice for each picture, and a photo when it is good.

import { CameraProblem, openCamera, play, stop } from "./camera.js";
import { byId, element } from "./elements.js";
import { Snapshots } from "./frames.js";
import { Guide, SHOTS } from "./guide.js";
import { Pace, backOffMs, pause } from "./pace.js";
import { inWords } from "./service.js";

const LOOKS_PER_SECOND = 3;
const ADMIRED_MS = 900; // a moment to see that the shot was taken

export class Booth {
  #guide = new Guide();
  #video = byId("video");
  #snapshots = new Snapshots(this.#video);
  #pace = new Pace();
  #stream = null;
  #taken = new Map(); // shot name → whether it was taken or skipped
  #wantsItNow = false;
  #failures = 0;

  /** `check(blob)` asks the server about a picture; `keep(blob, shot, advice)` gets each photo. */
  constructor(check, keep) {
    this.check = check;
    this.keep = keep;
    byId("start").addEventListener("click", () => this.#run());
    byId("stop").addEventListener("click", () => this.stop());
    byId("take").addEventListener("click", () => (this.#wantsItNow = true));
    byId("skip").addEventListener("click", () => this.#finishShot("skipped"));
    this.#showShots();
  }

  /** Closes the camera; the photos that were taken stay. */
  stop() {
    stop(this.#stream);
    this.#stream = null;
    this.#showControls();
  }

  /** As at the beginning. */
  reset() {
    this.stop();
    this.#guide.begin();
    this.#taken.clear();
    this.#showShots();
    this.#advise("Start the camera for five guided shots", "calm");
  }

  async #run() {
    try {
      this.#stream = await openCamera({ facing: "user" });
    } catch (error) {
      if (!(error instanceof CameraProblem)) throw error;
      this.#advise(`${error.message}. ${error.advice}`, "bad");
      return;
    }
    if (!this.#guide.shot) this.#guide.begin();
    this.#showControls();
    await play(this.#video, this.#stream);
    const stream = this.#stream;
    while (stream === this.#stream && this.#guide.shot) await this.#look();
    if (stream === this.#stream) this.#finish();
  }

  async #look() {
    await this.#pace.turn(LOOKS_PER_SECOND);
    const shot = this.#guide.shot;
    const { blob } = await this.#snapshots.take();
    const seen = await this.#judge(blob);
    if (!this.#stream || shot !== this.#guide.shot) return;
    this.#advise(seen.advice, seen.tone);
    if (!seen.isTaken && !this.#wantsItNow) return;
    await this.keep(blob, shot, seen.tone === "warn" || seen.tone === "bad" ? seen.advice : null);
    this.#blink();
    this.#finishShot("taken");
    await pause(ADMIRED_MS);
  }

  async #judge(blob) {
    try {
      const seen = this.#guide.look(await this.check(blob));
      this.#failures = 0;
      return seen;
    } catch (error) {
      const advice = inWords(error);
      await pause(backOffMs(this.#failures, error.retryAfterS));
      this.#failures += 1;
      return { advice, tone: "bad", isTaken: false };
    }
  }

  #finishShot(how) {
    this.#taken.set(this.#guide.shot.name, how);
    this.#wantsItNow = false;
    this.#guide.next();
    this.#showShots();
  }

  #finish() {
    this.stop();
    this.#advise("All shots are done", "good");
    byId("send").focus();
  }

  #advise(sentence, tone) {
    const advice = byId("advice");
    advice.dataset.tone = tone;
    if (advice.textContent !== sentence) advice.textContent = sentence;
  }

  #blink() {
    const flash = byId("flash");
    flash.classList.remove("now");
    void flash.offsetWidth; // starts the animation anew
    flash.classList.add("now");
  }

  #showControls() {
    const runs = this.#stream !== null;
    byId("mirror").classList.toggle("on", runs);
    byId("start").hidden = runs;
    byId("start").textContent = this.#taken.size ? "Go on" : "Start the camera";
    for (const id of ["take", "skip", "stop"]) byId(id).hidden = !runs;
  }

  #showShots() {
    const chips = SHOTS.map((shot) => {
      const chip = element("li", this.#taken.get(shot.name) ?? "", shot.label);
      if (shot === this.#guide.shot) chip.setAttribute("aria-current", "step");
      return chip;
    });
    byId("shots").replaceChildren(...chips);
  }
}
