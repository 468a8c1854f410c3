// What somebody chose on this device: kept in the browser. Keys only until its tab is closed.

const NAME = "rollcall.kiosk";
const USUAL = { camera: "user", perSecond: 4, speaks: false, mirrors: true, source: "" };

export class Choices {
  #kept = { ...USUAL, ...read(localStorage, NAME) };

  constructor(query = new URLSearchParams(location.search)) {
    this.fixedSource = query.get("source")?.trim().slice(0, 100) || null;
    this.records = query.get("record") !== "false";
  }

  get source() {
    return this.fixedSource ?? this.#kept.source;
  }

  /** A device's id, or the side it looks to: `user` or `environment`. */
  get camera() {
    return this.#kept.camera;
  }

  get perSecond() {
    return this.#kept.perSecond;
  }

  get speaks() {
    return this.#kept.speaks;
  }

  get mirrors() {
    return this.#kept.mirrors;
  }

  change(some) {
    this.#kept = { ...this.#kept, ...some };
    write(localStorage, NAME, this.#kept);
  }
}

/** A key that was typed in here. */
export class KeptKey {
  constructor(name) {
    this.name = `rollcall.key.${name}`;
    this.secret = read(sessionStorage, this.name);
  }

  keep(secret) {
    this.secret = secret;
    write(sessionStorage, this.name, secret);
  }

  forget() {
    this.keep(null);
  }
}

// A browser may refuse to keep anything; then it is simply not remembered.
function read(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null;
  }
}

function write(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    return;
  }
}
