// The challenge as it runs: what to do now, how far it is, how long is left.

import { element } from "./elements.js";

const AGAIN_AFTER_MS = 6_000; // nobody needs to touch a screen by a door

export class ChallengeView {
  #again = 0;
  #longestS = 1;

  /** `parts` are the elements; `restart` asks the server for another order, `say` speaks. */
  constructor(parts, restart, say) {
    this.parts = parts;
    this.restart = restart;
    this.say = say;
    parts.again.addEventListener("click", () => this.#restart());
  }

  show(challenge) {
    const isFailed = challenge?.state === "failed";
    this.parts.panel.hidden = !isFailed && challenge?.state !== "running";
    if (this.parts.panel.hidden) {
      this.#longestS = 1;
      this.parts.order.textContent = "";
      this.#stay();
      return;
    }
    this.parts.panel.classList.toggle("failed", isFailed);
    this.parts.again.hidden = !isFailed;
    this.#say(isFailed ? (challenge.detail ?? "Please try again.") : challenge.instruction);
    this.#showProgress(challenge, isFailed);
    if (isFailed) this.#again ||= setTimeout(() => this.#restart(), AGAIN_AFTER_MS);
    else this.#stay();
  }

  #restart() {
    this.#stay();
    this.restart();
  }

  #stay() {
    clearTimeout(this.#again);
    this.#again = 0;
  }

  #say(sentence) {
    if (this.parts.order.textContent === sentence) return;
    this.parts.order.textContent = sentence;
    this.say(sentence);
  }

  #showProgress({ step, of, expires_in_s: leftS }, isFailed) {
    this.#longestS = Math.max(this.#longestS, leftS);
    const { steps, time } = this.parts;
    steps.replaceChildren(...Array.from({ length: of }, (_, at) => element("i", nameOf(at + 1, step))));
    steps.setAttribute("aria-label", `Step ${step} of ${of}`);
    time.hidden = isFailed;
    time.max = this.#longestS;
    time.value = leftS;
  }
}

function nameOf(at, step) {
  if (at === step) return "now";
  return at < step ? "done" : "";
}
