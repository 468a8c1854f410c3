// The photos that will be sent, each with what was said about it.

import { element, sign } from "./elements.js";

const THUMB_PX = 240;

export class Tray {
  #photos = [];

  /** `changed` is told when there are more or fewer photos. */
  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
  }

  /** `{blob, filename, label}` of each, in the order in which they are sent. */
  get photos() {
    return this.#photos;
  }

  /** Adds a photo with what is to be said about it; `advice` where it may be refused. */
  async add(blob, filename, label, advice = null) {
    const photo = { blob, filename, label, line: element("li", "") };
    photo.line.append(await thumbnail(blob, label), element("span", "label", label), this.#removal(photo));
    this.#photos.push(photo);
    this.list.append(photo.line);
    this.judge(photo, advice ? "warn" : "good", advice ?? "Good");
    this.changed();
    return photo;
  }

  /** Shows what was said about a photo. */
  judge(photo, tone, words) {
    photo.line.querySelector(".judged")?.remove();
    const judged = element("span", "judged", sign(tone), words);
    judged.dataset.is = tone;
    photo.line.append(judged);
  }

  clear() {
    this.#photos = [];
    this.list.replaceChildren();
    this.changed();
  }

  #removal(photo) {
    const button = element("button", "remove", "×");
    button.type = "button";
    button.setAttribute("aria-label", `Remove ${photo.label}`);
    button.addEventListener("click", () => {
      this.#photos = this.#photos.filter((one) => one !== photo);
      photo.line.remove();
      this.changed();
    });
    return button;
  }
}

async function thumbnail(blob, label) {
  const canvas = element("canvas", "");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.width = canvas.height = THUMB_PX;
  try {
    drawSquare(canvas, await createImageBitmap(blob));
  } catch {
    canvas.classList.add("unreadable"); // the server says what is wrong with it
  }
  return canvas;
}

function drawSquare(canvas, picture) {
  const side = Math.min(picture.width, picture.height);
  const x = (picture.width - side) / 2;
  const y = (picture.height - side) / 2;
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, THUMB_PX, THUMB_PX);
}
