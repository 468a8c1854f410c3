// Who stands there, once enough pictures agree: for where the server, asked picture by picture, cannot do it itself.

export class Agreement {
  #seen = [];

  constructor({ needed, withinMs }) {
    this.needed = needed;
    this.withinMs = withinMs;
  }

  /** Notes whom a picture showed; null for nobody in particular. Anybody else ends the agreement. */
  observe(personId, nowMs) {
    this.#seen = this.#seen.filter((one) => one.personId === personId && nowMs - one.atMs <= this.withinMs);
    if (personId !== null) this.#seen.push({ personId, atMs: nowMs });
  }

  get agreeing() {
    return Math.min(this.#seen.length, this.needed);
  }

  get isReached() {
    return this.agreeing === this.needed;
  }

  forget() {
    this.#seen = [];
  }
}
