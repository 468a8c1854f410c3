// What makes a screen by the door pleasant: a voice, a screen that stays on, the whole screen, the time.

const A_MINUTE_MS = 60_000;

export const canSpeak = "speechSynthesis" in globalThis;

/** Says the sentence, and nothing that was still to be said before it. */
export function say(sentence) {
  if (!canSpeak) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(sentence);
  words.lang = document.documentElement.lang;
  speechSynthesis.speak(words);
}

/** Keeps the screen on while the page is looked at, where the browser can. */
export function stayAwake() {
  async function ask() {
    if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => undefined);
  }
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** Makes the button fill the screen with the page, and leave it again; hides it where that cannot be done. */
export function fillScreenWith(button) {
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => undefined);
  });
  document.addEventListener("fullscreenchange", () => {
    const fills = Boolean(document.fullscreenElement);
    button.setAttribute("aria-pressed", String(fills));
  });
}

export function shortTime(instant) {
  return instant.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** Shows the time of day, to the minute. */
export function showClock(element) {
  element.textContent = shortTime(new Date());
  setTimeout(() => showClock(element), A_MINUTE_MS - (Date.now() % A_MINUTE_MS));
}
