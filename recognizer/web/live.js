// The connection that recognizes: one picture out, one answer back.

import { liveAddress } from "./service.js";

const PATIENCE_MS = 15_000;
const OPEN_WITHIN_MS = 8_000;
const PROTOCOL = "rollcall";
const CAN_BE_A_PROTOCOL = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** The connection is gone; whatever was asked last has no answer. */
export class Lost extends Error {}

export class LiveLink {
  #socket;
  #waiting = null;

  /** Connects and waits for the welcome. Throws Lost, also where WebSockets are blocked on the way. */
  static async open({ source, record, key }) {
    const fields = { record: String(record), ...(source && { source }) };
    const usable = key && CAN_BE_A_PROTOCOL.test(key);
    let socket;
    try {
      socket = new WebSocket(liveAddress(fields), usable ? [PROTOCOL, `key.${key}`] : []);
    } catch {
      throw new Lost();
    }
    const link = new LiveLink(socket);
    link.welcome = await link.#next(OPEN_WITHIN_MS);
    return link;
  }

  constructor(socket) {
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#settle("resolve", JSON.parse(event.data)));
    for (const kind of ["close", "error"]) socket.addEventListener(kind, () => this.#settle("reject", new Lost()));
  }

  get name() {
    return "live";
  }

  /** Whether it has had its time: a connection that is gone says so when it is asked. */
  get isOver() {
    return false;
  }

  /** The answer to this picture: a `frame` or an `error`. Throws Lost. */
  ask(blob) {
    if (!this.#isOpen) return Promise.reject(new Lost());
    this.#socket.send(blob);
    return this.#next(PATIENCE_MS);
  }

  /** Begins again: another order of the challenge, nobody half confirmed. */
  restart() {
    if (this.#isOpen) this.#socket.send(JSON.stringify({ type: "restart" }));
  }

  close() {
    this.#settle("reject", new Lost());
    this.#socket.close();
  }

  get #isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  #next(withinMs) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.close(), withinMs);
      this.#waiting = { resolve, reject, late };
    });
  }

  #settle(how, value) {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = null;
    clearTimeout(waiting.late);
    waiting[how](value);
  }
}
