// Pictures out of the video: the part that is shown, never mirrored, made when the browser has nothing better to do.

export const LONGEST_PX = 1280;
const LEAST_SHARE = 0.5; // of the picture that filling the screen may leave
const JPEG_QUALITY = 0.85;
const IDLE_WITHIN_MS = 150;

/**
 * How a picture fills a view. What does not fit is cut off and not sent either: nobody is looked at whom the screen does
 * not show. Where too much would be lost, the whole picture is shown with bars beside it.
 */
export function frameFor(picture, view) {
  const wide = picture.width * view.height > picture.height * view.width;
  const cover = wide ? view.height / picture.height : view.width / picture.width;
  const contain = wide ? view.width / picture.width : view.height / picture.height;
  const fills = contain / cover >= LEAST_SHARE;
  const scale = fills ? cover : contain;
  const source = {
    width: Math.min(picture.width, view.width / scale),
    height: Math.min(picture.height, view.height / scale),
  };
  return {
    view,
    fit: fills ? "cover" : "contain",
    source: centred(source, picture),
    shown: centred({ width: source.width * scale, height: source.height * scale }, view),
  };
}

function centred(inner, outer) {
  return { ...inner, x: (outer.width - inner.width) / 2, y: (outer.height - inner.height) / 2 };
}

/** Where a box of the sent picture lies on the view. */
export function placeBox(box, image, shown, view, mirrored) {
  const scale = { x: shown.width / image.width, y: shown.height / image.height };
  const placed = { width: box.width * scale.x, height: box.height * scale.y, y: shown.y + box.y * scale.y };
  const x = shown.x + box.x * scale.x;
  return { ...placed, x: mirrored ? view.width - x - placed.width : x };
}

/** Takes pictures of a video element, one at a time. */
export class Snapshots {
  #canvas = document.createElement("canvas");

  constructor(video) {
    this.video = video;
  }

  /** The next frame as JPEG, with how it lay on the screen. Waits while the page is hidden. */
  async take() {
    await nextFrame(this.video);
    await idle();
    const frame = frameFor(pictureOf(this.video), viewOf(this.video));
    this.#draw(frame.source);
    return { blob: await this.#encode(), frame };
  }

  #draw({ x, y, width, height }) {
    const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#canvas.getContext("2d").drawImage(this.video, x, y, width, height, 0, 0, this.#canvas.width, this.#canvas.height);
  }

  #encode() {
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  }
}

export function pictureOf(video) {
  return { width: video.videoWidth, height: video.videoHeight };
}

export function viewOf(element) {
  return { width: element.clientWidth, height: element.clientHeight };
}

async function nextFrame(video) {
  do {
    await new Promise((resolve) => {
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  } while (!video.videoWidth);
}

function idle() {
  return new Promise((resolve) => {
    if (globalThis.requestIdleCallback) requestIdleCallback(resolve, { timeout: IDLE_WITHIN_MS });
    else setTimeout(resolve);
  });
}
