// What the screen says to whoever stands before it.

import { shortTime } from "./comfort.js";
import { element, sign } from "./elements.js";
import { spoken, verdictOf } from "./verdict.js";

const STAYS_MS = 6_000; // a greeting, after its person has left
const GIVES_WAY_MS = 2_000; // and after somebody else has come
const SETTLES_MS = 1_200; // what is true for less is not read out
const CAUTIONS = new Set(["unknown", "ambiguous", "multiple_faces", "low_quality"]);

export class Board {
  #greeted = null; // {eventId, told, personId, untilMs}
  #readOut = 0;

  /** `parts` are the elements, `say` speaks, `remember(verdict)` keeps what was said for the list. */
  constructor(parts, say, remember) {
    this.parts = parts;
    this.say = say;
    this.remember = remember;
    setInterval(() => this.#expire(), 500);
  }

  answer(message, records) {
    const person = personIn(message);
    if (person?.attendance) this.#greet(person.attendance, person);
    else if (isSame(person, this.#greeted)) this.#greeted.untilMs = performance.now() + STAYS_MS;
    else if (!records && isConfirmed(message)) this.#greet({ event_id: person.person_id, delivery: "trial" }, person);
    else if (this.#greeted && message.faces.length) this.#giveWay();
    this.#hint(message, person);
  }

  /** Whether this person has been told what became of them, and has not left. */
  hasGreeted(personId) {
    return this.#greeted?.personId === personId;
  }

  /** For when no answer comes: what went wrong, instead of a hint. */
  trouble(sentence) {
    this.#showHint(sentence, "warn");
  }

  #greet(note, person) {
    const untilMs = performance.now() + STAYS_MS;
    const told = `${note.event_id} ${note.delivery} ${note.outcome}`;
    const isNew = this.#greeted?.told !== told;
    this.#greeted = { told, personId: person.person_id, untilMs };
    if (!isNew) return;
    const verdict = verdictOf(person.name, note);
    this.parts.greeting.replaceChildren(cardOf(verdict));
    this.remember(verdict);
    this.say(spoken(verdict));
  }

  #giveWay() {
    this.#greeted.untilMs = Math.min(this.#greeted.untilMs, performance.now() + GIVES_WAY_MS);
  }

  #expire() {
    if (!this.#greeted || performance.now() < this.#greeted.untilMs) return;
    this.#greeted = null;
    this.parts.greeting.replaceChildren();
  }

  #hint(message, person) {
    const isGreeted = isSame(person, this.#greeted);
    const isTold = isGreeted || message.challenge?.state === "running" || message.challenge?.state === "failed";
    this.parts.hint.hidden = isTold;
    if (isTold) return;
    this.#showHint(person ? nextFor(message) : message.reason, toneOf(message.decision), message.confirmation);
  }

  #showHint(sentence, tone, confirmation = null) {
    const { hint, hintText, hintDots } = this.parts;
    hint.hidden = false;
    hint.dataset.tone = tone;
    hintDots.replaceChildren(...dotsOf(confirmation));
    if (hintText.textContent === sentence) return;
    hintText.textContent = sentence;
    clearTimeout(this.#readOut);
    this.#readOut = setTimeout(() => this.#announce(sentence), SETTLES_MS);
  }

  #announce(sentence) {
    if (!this.parts.hint.hidden) this.parts.announcer.textContent = sentence;
  }
}

function personIn(message) {
  return message.faces.find((face) => face.decision === "known") ?? null;
}

function isSame(person, greeted) {
  return Boolean(person && greeted && person.person_id === greeted.personId);
}

function isConfirmed({ confirmation }) {
  return Boolean(confirmation && confirmation.agreeing >= confirmation.needed);
}

/** What somebody who is known is to do until they are recorded. */
function nextFor(message) {
  return message.whyNot ?? message.challenge?.instruction ?? "Hold still for a moment";
}

function toneOf(decision) {
  if (decision === "spoof") return "bad";
  return CAUTIONS.has(decision) ? "warn" : "calm";
}

function dotsOf(confirmation) {
  if (!confirmation) return [];
  return Array.from({ length: confirmation.needed }, (_, at) => element("i", at < confirmation.agreeing ? "done" : ""));
}

function cardOf(verdict) {
  const seen = verdict.seenAt ? ["First seen at ", element("b", "", shortTime(verdict.seenAt)), "."] : [];
  const words = element("div", "");
  words.append(
    element("p", "what", verdict.title),
    element("p", "who", verdict.name),
    element("p", "text", verdict.text, " ", ...seen),
  );
  const card = element("div", "verdict");
  card.append(sign(verdict.tone), words);
  return card;
}
