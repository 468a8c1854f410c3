// The same as a live connection, picture by picture over HTTP, for networks that let no WebSocket through.

import { Agreement } from "./agreement.js";
import { Lost } from "./live.js";
import { Problem, Unreachable, post } from "./service.js";

const FRAMES_NEEDED = 3;
const WINDOW_MS = 4_000;
const GONE_AFTER_MS = 3_000;
const LASTS_MS = 60_000; // then a WebSocket is tried again

export class FallbackLink {
  #agreement = new Agreement({ needed: FRAMES_NEEDED, withinMs: WINDOW_MS });
  #visit = null; // who was recorded and has not left
  #endsAtMs = performance.now() + LASTS_MS;

  constructor({ source, record, key }) {
    this.source = source;
    this.record = record;
    this.key = key;
    this.welcome = { max_fps: 3, record };
  }

  get name() {
    return "http";
  }

  get isOver() {
    return performance.now() >= this.#endsAtMs && this.#agreement.agreeing === 0;
  }

  /** As a live connection answers. Nothing is asked to be recorded before enough pictures agree. */
  async ask(blob) {
    const records = this.record && this.#agreement.isReached && !this.#visit;
    try {
      return this.#understand(await post("recognize", this.#form(blob, records), this.key), records);
    } catch (error) {
      if (error instanceof Unreachable) throw new Lost();
      if (error instanceof Problem && !error.isAboutTheKey) return errorMessage(error);
      throw error;
    }
  }

  restart() {
    this.#agreement.forget();
    this.#visit = null;
  }

  close() {
    this.restart();
  }

  #form(blob, records) {
    const form = new FormData();
    form.set("image", blob, "frame.jpg");
    form.set("record", String(records));
    if (this.source) form.set("source", this.source);
    return form;
  }

  #understand(answer, records) {
    const now = performance.now();
    const personId = answer.match ? answer.person_id : null;
    this.#agreement.observe(personId, now);
    this.#keepVisit(personId, answer.attendance, now);
    return {
      ...answer,
      type: "frame",
      whyNot: records && !answer.attendance ? answer.reason : null, // where one picture is not enough to be recorded
      attendance: this.#visit?.attendance ?? null,
      confirmation: this.#confirmation(answer),
    };
  }

  #keepVisit(personId, attendance, now) {
    const visit = this.#visit;
    if (attendance) this.#visit = { personId, attendance, seenAtMs: now };
    else if (visit && personId === visit.personId) visit.seenAtMs = now;
    else if (visit && (personId !== null || now - visit.seenAtMs > GONE_AFTER_MS)) this.#visit = null;
  }

  #confirmation(answer) {
    if (!answer.match) return null;
    const { person_id, person, name } = answer;
    return { person_id, person, name, agreeing: this.#agreement.agreeing, needed: this.#agreement.needed };
  }
}

function errorMessage(problem) {
  return {
    type: "error",
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    retry_after_s: problem.retryAfterS,
  };
}
