// Takes pictures and asks about them, for as long as the page is open: one in flight, the next after its answer.

import { FallbackLink } from "./fallback.js";
import { LiveLink, Lost } from "./live.js";
import { Pace, backOffMs, pause } from "./pace.js";
import { Problem, Unreachable, post } from "./service.js";

const QUIET_AFTER_MS = 8_000;
const QUIET_PER_SECOND = 1; // while nobody is there

export class Sender {
  #snapshots;
  #wishes;
  #show;
  #link = null;
  #failures = 0;
  #pace = new Pace();
  #faceAtMs = performance.now();

  /**
   * `wishes()` gives `{source, record, key, perSecond}` as they are now. `show` is told what happens: `connecting()`,
   * `connected(link)`, `answer(message, frame)`, `refused(why)`, `lost()`, `waiting(ms)` after any of the two, and
   * `keyNeeded(problem)`, whose promise is kept once there is another key to try.
   */
  constructor(snapshots, wishes, show) {
    this.#snapshots = snapshots;
    this.#wishes = wishes;
    this.#show = show;
  }

  async run() {
    for (;;) {
      this.#link = await this.#connect();
      this.#show.connected(this.#link);
      const link = this.#link;
      try {
        await this.#pump(link);
      } catch (error) {
        if (link === this.#link) await this.#recover(error); // otherwise we hung up ourselves
      } finally {
        link.close();
      }
    }
  }

  /** Connects anew, because of another wish. */
  reconnect() {
    this.#link?.close();
    this.#link = null;
  }

  /** Asks for a new challenge. */
  restart() {
    this.#link?.restart();
  }

  async #connect() {
    for (;;) {
      this.#show.connecting();
      try {
        return await reach(this.#wishes());
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #pump(link) {
    while (link === this.#link && !link.isOver) {
      await this.#pace.turn(this.#perSecond(link));
      const { blob, frame } = await this.#snapshots.take();
      if (link !== this.#link) return;
      const message = await link.ask(blob);
      if (link !== this.#link) return;
      await (message.type === "frame" ? this.#take(message, frame) : this.#refused(message));
    }
  }

  #take(message, frame) {
    this.#failures = 0;
    if (message.faces.length) this.#faceAtMs = performance.now();
    this.#show.answer(message, frame);
  }

  async #refused({ detail, retry_after_s: retryAfterS }) {
    this.#show.refused(detail);
    await this.#backOff(retryAfterS);
  }

  async #recover(error) {
    if (error instanceof Problem && error.isAboutTheKey) {
      await this.#show.keyNeeded(error);
      return;
    }
    if (error instanceof Problem) this.#show.refused(error.message);
    else if (error instanceof Lost || error instanceof Unreachable) this.#show.lost();
    else throw error;
    await this.#backOff(error.retryAfterS);
  }

  async #backOff(retryAfterS) {
    const ms = backOffMs(this.#failures, retryAfterS);
    this.#failures += 1;
    this.#show.waiting(ms);
    const online = new Promise((resolve) => addEventListener("online", resolve, { once: true }));
    await Promise.race([pause(ms), online]);
  }

  #perSecond(link) {
    const agreed = Math.min(this.#wishes().perSecond, link.welcome.max_fps);
    const isQuiet = performance.now() - this.#faceAtMs > QUIET_AFTER_MS;
    return isQuiet ? Math.min(agreed, QUIET_PER_SECOND) : agreed;
  }
}

/** A live connection, or picture by picture where only that gets through. Throws Problem and Unreachable. */
async function reach(wishes) {
  try {
    return await LiveLink.open(wishes);
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
  }
  await knock(wishes.key);
  return new FallbackLink(wishes);
}

/** A browser is not told why a WebSocket was refused; a request without a picture is answered with the reason. */
async function knock(key) {
  try {
    await post("recognize", new FormData(), key);
  } catch (error) {
    const isLetIn = error instanceof Problem && error.status < 500 && !error.isAboutTheKey && !error.isForLater;
    if (!isLetIn) throw error;
  }
}
