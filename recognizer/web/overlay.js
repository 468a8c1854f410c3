// Boxes and names over the video.

import { placeBox, viewOf } from "./frames.js";

const COLOURS = { known: "#4ade95", spoof: "#ff7b84", unknown: "#ffd166", ambiguous: "#ffd166" };
const OTHERWISE = "#dfe6f3";
const WORDS = { unknown: "Not known", ambiguous: "Not certain", spoof: "Not a live person" };
const CORNER = 0.22; // of the box's shorter side
const FONT = "600 17px system-ui, sans-serif";
const KEPT_CLEAR_PX = 140; // at the top, where the bar is
const FADES_AFTER_MS = 1_500;

export class Overlay {
  #fading = 0;

  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Draws what was found in a picture that lay so on the screen; nothing where the screen has changed since. */
  draw({ faces, image }, { shown, view: then }, mirrored) {
    const view = viewOf(this.canvas);
    if (view.width !== then.width || view.height !== then.height) return;
    const pen = this.#begin(view);
    for (const face of faces) {
      const box = placeBox(face.box, image, shown, view, mirrored);
      drawCorners(pen, box, colourOf(face));
      drawLabel(pen, box, labelOf(face), colourOf(face), view);
    }
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => this.clear(), FADES_AFTER_MS);
  }

  clear() {
    this.#begin(viewOf(this.canvas));
  }

  #begin({ width, height }) {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    return pen;
  }
}

function colourOf({ decision }) {
  return COLOURS[decision] ?? OTHERWISE;
}

function labelOf({ decision, name, quality }) {
  return decision === "known" ? name : (WORDS[decision] ?? quality.reason ?? "");
}

function drawCorners(pen, { x, y, width, height }, colour) {
  const arm = Math.min(width, height) * CORNER;
  pen.beginPath();
  for (const [cornerX, inX] of [[x, arm], [x + width, -arm]]) {
    for (const [cornerY, inY] of [[y, arm], [y + height, -arm]]) {
      pen.moveTo(cornerX, cornerY + inY);
      pen.arcTo(cornerX, cornerY, cornerX + inX, cornerY, arm / 2);
      pen.lineTo(cornerX + inX, cornerY);
    }
  }
  pen.lineCap = "round";
  stroke(pen, "rgb(0 0 0 / 45%)", 8);
  stroke(pen, colour, 4);
}

function stroke(pen, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

function drawLabel(pen, box, text, colour, view) {
  if (!text) return;
  pen.font = FONT;
  const width = pen.measureText(text).width + 24;
  const x = Math.max(4, Math.min(box.x + (box.width - width) / 2, view.width - width - 4));
  const y = box.y < KEPT_CLEAR_PX ? box.y + 12 : box.y - 44;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(x, y, width, 32, 16);
  pen.fill();
  pen.fillStyle = "#0d1420";
  pen.textBaseline = "middle";
  pen.fillText(text, x + 12, y + 17);
}
