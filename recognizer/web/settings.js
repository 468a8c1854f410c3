// The dialogs of the kiosk: what somebody may choose, and the key where the server asks for one.

import { cameras } from "./camera.js";
import { canSpeak } from "./comfort.js";
import { byId, option } from "./elements.js";

const SIDES = [
  ["user", "Facing the person"],
  ["environment", "Facing away (back of a phone)"],
];

export class Settings {
  #devices = [];

  /** `changed` is told what is another one now: `camera`, `source`, `mirrors`, `key`. */
  constructor(choices, key, changed) {
    this.choices = choices;
    this.key = key;
    this.changed = changed;
    for (const id of ["open-settings", "problem-settings"]) byId(id).addEventListener("click", () => this.#open());
    byId("flip").addEventListener("click", () => this.#flip());
    byId("speak").addEventListener("click", () => this.#toggleVoice());
    byId("forget-key").addEventListener("click", () => this.#forgetKey());
    byId("speak").hidden = !canSpeak;
    this.#listen();
    this.#show();
  }

  /** What to open the camera with. */
  wantedCamera() {
    const { camera } = this.choices;
    return SIDES.some(([side]) => side === camera) ? { facing: camera } : { deviceId: camera, facing: "user" };
  }

  /** Lists the cameras, now that the browser names them. */
  async offerCameras() {
    this.#devices = await cameras();
    byId("flip").hidden = this.#devices.length < 2;
    this.#show();
  }

  #listen() {
    const keep = (id, what, value) =>
      byId(id).addEventListener("change", (event) => {
        this.choices.change({ [what]: value(event.target) });
        this.changed(what);
        this.#show();
      });
    keep("camera", "camera", (field) => field.value);
    byId("settings").addEventListener("close", () => this.#keepSource());
    keep("per-second", "perSecond", (field) => Number(field.value));
    keep("mirrors", "mirrors", (field) => field.checked);
    keep("speaks", "speaks", (field) => field.checked);
  }

  #show() {
    const { camera, source, fixedSource, perSecond, mirrors, speaks } = this.choices;
    byId("camera").replaceChildren(...[...SIDES, ...this.#devices.map(({ id, name }) => [id, name])].map((one) => option(...one)));
    byId("camera").value = camera;
    if (!byId("settings").open) byId("source").value = source; // otherwise somebody is typing there
    byId("source").readOnly = fixedSource !== null;
    if (fixedSource !== null) byId("source-note").textContent = "The address of this page says so.";
    byId("per-second").value = String(perSecond);
    byId("mirrors").checked = mirrors;
    byId("speaks").checked = speaks;
    byId("speak").setAttribute("aria-pressed", String(speaks));
    byId("forget-key").hidden = !this.key.secret;
  }

  #open() {
    this.#show();
    byId("settings").showModal();
  }

  #keepSource() {
    const source = byId("source").value.trim();
    if (source === this.choices.source) return;
    this.choices.change({ source });
    this.changed("source");
  }

  #toggleVoice() {
    this.choices.change({ speaks: !this.choices.speaks });
    this.#show();
  }

  #forgetKey() {
    this.key.forget();
    this.changed("key");
    this.#show();
  }

  /** The next camera of those there are; on a phone, the other side. */
  #flip() {
    const all = this.#devices.map(({ id }) => id);
    const { camera } = this.choices;
    const sides = { user: "environment", environment: "user" };
    this.choices.change({ camera: sides[camera] ?? all[(all.indexOf(camera) + 1) % all.length] });
    this.changed("camera");
    this.#show();
  }
}

/** Shows the dialog until a key was typed in; `reason` says what was wrong with the last one. */
export async function askForKey(reason) {
  const dialog = byId("key-dialog");
  byId("key-reason").textContent = reason;
  byId("key").value = "";
  dialog.addEventListener("cancel", keepOpen);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return byId("key").value.trim();
}

function keepOpen(event) {
  event.preventDefault();
}
