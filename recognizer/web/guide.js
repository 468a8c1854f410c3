// The five shots of an enrolment: which is wanted now, and what still keeps a picture from being it.

const STRAIGHT_WITHIN_DEG = 12;
const TURNED_FROM_DEG = 12;
const TURNED_TO_DEG = 42;
const RAISED_FROM_DEG = 7;
const CLOSER_TIMES = 1.25;
const CLOSE_ENOUGH = 0.5; // of the shorter side of the picture
const BACKGROUND_SHARE = 1 / 3; // of the largest face: whoever is so much smaller passes far behind, for the server too

/** Angles are those of the wire: yaw grows towards the person's own left, pitch upwards. */
export const SHOTS = [
  { name: "straight", label: "Straight", ask: "Look straight at the camera", isIt: isStraight },
  { name: "left", label: "Left", ask: "Turn your head a little to your left", isIt: (now, start) => isTurned(now.yaw - start.yaw) },
  { name: "right", label: "Right", ask: "Turn your head a little to your right", isIt: (now, start) => isTurned(start.yaw - now.yaw) },
  { name: "up", label: "Up", ask: "Raise your chin a little", isIt: (now, start) => now.pitch - start.pitch >= RAISED_FROM_DEG },
  { name: "closer", label: "Closer", ask: "Come closer to the camera", isIt: isCloser },
];

function isStraight({ yaw }) {
  return Math.abs(yaw) <= STRAIGHT_WITHIN_DEG;
}

function isTurned(degrees) {
  return degrees >= TURNED_FROM_DEG && degrees <= TURNED_TO_DEG;
}

function isCloser(now, start) {
  return now.size >= Math.min(start.size * CLOSER_TIMES, now.shorterSide * CLOSE_ENOUGH);
}

/** What the server saw in a picture: `{pose}` of its one face, or `{advice}` on what to do about it. */
export function readPicture({ faces, image }) {
  const near = foreground(faces);
  if (near.length === 0) return { advice: "No face is seen. Come into the oval." };
  if (near.length > 1) return { advice: "Several faces are seen. One person at a time, please." };
  const { yaw, pitch, size, reason } = near[0].quality;
  if (reason) return { advice: reason };
  return { pose: { yaw, pitch, size, shorterSide: Math.min(image.width, image.height) } };
}

function foreground(faces) {
  const largest = Math.max(...faces.map((face) => face.quality.size));
  return faces.filter((face) => face.quality.size > BACKGROUND_SHARE * largest);
}

/** Takes a person through the shots. A shot is taken when two pictures in a row are as wanted. */
export class Guide {
  #at = 0;
  #start = { yaw: 0, pitch: 0, size: Infinity };
  #fits = 0;

  get shot() {
    return SHOTS[this.#at] ?? null;
  }

  /** What to tell the person about this picture, and whether it is the shot: `{advice, tone, isTaken}`. */
  look(answer) {
    const { pose, advice } = readPicture(answer);
    const fits = pose !== undefined && this.shot.isIt(pose, this.#start);
    this.#fits = fits ? this.#fits + 1 : 0;
    if (advice) return { advice, tone: "warn", isTaken: false };
    if (this.#fits < 2) return { advice: fits ? "Hold still" : this.shot.ask, tone: fits ? "good" : "calm", isTaken: false };
    if (this.shot.name === "straight") this.#start = pose;
    return { advice: "Taken", tone: "good", isTaken: true };
  }

  next() {
    this.#at += 1;
    this.#fits = 0;
  }

  begin() {
    this.#at = 0;
    this.#fits = 0;
  }
}
