// When to send next: never faster than agreed, and ever more slowly at a server that has no time.

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long to wait after so many failures in a row. Half of it is chance, so that many pages do not return at once. */
export function backOffMs(failures, retryAfterS = null, chance = Math.random) {
  const full = Math.min(FIRST_MS * 2 ** Math.min(failures, 16), LONGEST_MS);
  return Math.max((retryAfterS ?? 0) * 1000, 0) + full / 2 + (chance() * full) / 2;
}

/** Lets one pass each so often. */
export class Pace {
  #next = 0;

  async turn(perSecond) {
    const now = performance.now();
    if (now < this.#next) await pause(this.#next - now);
    this.#next = performance.now() + 1000 / perSecond;
  }
}
