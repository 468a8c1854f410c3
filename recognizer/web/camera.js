// The camera: whether the browser would give one, which there are, and in plain words why there is none.

/** Why there is no picture, and what to do about it. */
export class CameraProblem extends Error {
  constructor(title, advice, canRetry = true) {
    super(title);
    this.advice = advice;
    this.canRetry = canRetry;
  }
}

const BY_NAME = {
  NotAllowedError: [
    "The camera is not allowed here",
    "Allow it for this page: press the sign beside the address, choose “Camera: allow”, then try again.",
  ],
  NotFoundError: ["No camera was found", "Connect one, or open this page on a phone or a laptop that has one."],
  NotReadableError: [
    "The camera is in use",
    "Another program or another tab has it. Close that one, then try again.",
  ],
  OverconstrainedError: ["This camera is gone", "Choose another one in the settings."],
  SecurityError: ["The camera is switched off for this page", "Ask whoever looks after this device to allow it."],
};

/** Null where a camera may be asked for; otherwise the problem to show. */
export function whyNoCamera() {
  if (!isSecureContext) {
    return new CameraProblem(
      "This page needs https for the camera",
      "Browsers lend a camera only over https, or on the computer that Rollcall runs on, so that nobody on the way " +
        "can watch. Open this page under its https address; without one, run “make tunnel” beside the server and " +
        "use the address that it prints.",
      false,
    );
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    return new CameraProblem("This browser has no camera to give", "Use a current Chrome, Edge, Firefox or Safari.", false);
  }
  return null;
}

/** This page under https, where whoever runs it may have put it. */
export function secureAddress() {
  const url = new URL(location.href);
  url.protocol = "https:";
  return url.href;
}

/** The stream of the wanted camera, or of another one where that is gone. Throws CameraProblem. */
export async function openCamera({ deviceId, facing }) {
  const problem = whyNoCamera();
  if (problem) throw problem;
  try {
    return await ask(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: facing } });
  } catch (error) {
    if (deviceId && error.name === "OverconstrainedError") return openCamera({ facing });
    const [title, advice] = BY_NAME[error.name] ?? ["The camera does not answer", "Try again, or choose another one."];
    throw new CameraProblem(title, advice);
  }
}

function ask(which) {
  const video = { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
  return navigator.mediaDevices.getUserMedia({ audio: false, video });
}

/** The cameras there are, once one of them was allowed: `{id, name}`. */
export async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput" && device.deviceId)
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Camera ${index + 1}` }));
}

/** Whether it looks away from whoever holds the screen; then a mirrored preview would be wrong. */
export function looksAway(stream) {
  return stream.getVideoTracks()[0]?.getSettings().facingMode === "environment";
}

export function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Resolves when the camera was unplugged or taken away. */
export function gone(stream) {
  return new Promise((resolve) => stream.getVideoTracks()[0].addEventListener("ended", resolve, { once: true }));
}

/** Shows the stream, and resolves once there is a picture. */
export async function play(video, stream) {
  video.srcObject = stream;
  await video.play().catch(() => undefined); // autoplay is muted; where it is refused all the same, the next frame tells
}
