// The last few who came, and those whose recognition never reached the server.

import { shortTime } from "./comfort.js";
import { element, sign } from "./elements.js";

const MOST = 4;
const STAYS_MS = 90_000;

export class Recent {
  constructor({ panel, list, clear }) {
    this.panel = panel;
    this.list = list;
    this.clear = clear;
    clear.addEventListener("click", () => this.#empty());
  }

  /** One who was told something by the server. Gone after a while: a screen by a door is no list of who is there. */
  add(verdict) {
    const line = this.#show(verdict.tone, verdict.name, `${verdict.title}. ${verdict.text}`);
    setTimeout(() => this.#remove(line), STAYS_MS);
  }

  /** One who was recognized when the connection broke. Stays until somebody clears it. */
  addNotSent(name) {
    const line = this.#show("bad", name, "Not sent: please look at the camera again.");
    line.dataset.notSent = name;
    this.#tidy();
  }

  #show(tone, name, text) {
    const line = element("li", "");
    line.append(sign(tone), element("strong", "", name), element("time", "", shortTime(new Date())), element("small", "", text));
    for (const old of this.list.querySelectorAll("[data-not-sent]")) if (old.dataset.notSent === name) old.remove();
    this.list.prepend(line);
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
    this.#tidy();
    return line;
  }

  #remove(line) {
    line.remove();
    this.#tidy();
  }

  #empty() {
    this.list.replaceChildren();
    this.#tidy();
  }

  #tidy() {
    this.panel.hidden = !this.list.children.length;
    this.clear.hidden = !this.list.querySelector("[data-not-sent]");
  }
}
