// A tablet at a door: a PIN that is typed, or a QR code that a scanner types or the camera reads, and a large answer.
"use strict";

const KEY = "rollcall-door"; // where the device's key is kept, in this browser alone
const SHOWN_MS = 6000;
const RETRIES_MS = [500, 1500, 4000]; // the same event each time, so that none of them counts twice
const PIN = /^\d{8}$/;
const QR = /^\d{40}$/;

const setup = document.getElementById("setup");
const form = document.getElementById("show");
const input = document.getElementById("code");
const verdict = document.getElementById("verdict");
const camera = document.getElementById("camera");
const scan = document.getElementById("scan");
let busy = false;
let fading = 0;

function open() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) localStorage.setItem(KEY, given);
  if (location.hash) history.replaceState(null, "", location.pathname); // not to be read over a shoulder
  const known = localStorage.getItem(KEY) !== null;
  setup.hidden = known;
  form.hidden = !known;
  (known ? input : setup.elements.key).focus();
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is there under https alone
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

async function post(code) {
  const body = JSON.stringify({ code, event_id: newId() });
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${localStorage.getItem(KEY)}` };
  for (const pause of [...RETRIES_MS, null]) {
    try {
      return await fetch("/v1/presence", { method: "POST", headers, body, credentials: "omit" });
    } catch (error) {
      if (pause === null) throw error;
      tell("wait", "One moment", "No connection; trying again.");
      await new Promise((go) => setTimeout(go, pause));
    }
  }
}

async function show(code) {
  if (busy) return;
  busy = true;
  input.value = "";
  try {
    await answer(await post(code));
  } catch {
    tell("bad", "No connection", "Nothing was recorded. Please tell your teacher.");
  } finally {
    busy = false;
    input.focus();
  }
}

async function answer(response) {
  if (response.status === 401 || response.status === 403) {
    localStorage.removeItem(KEY);
    tell("bad", "This door is not known", "Its key was withdrawn, or belongs to another room.");
    return open();
  }
  const said = await response.json();
  if (response.ok) return judge(said);
  const wait = response.headers.get("Retry-After");
  const busyNow = response.status === 429 ? "Too many wrong codes" : "Not at the moment";
  tell("bad", busyNow, wait ? `Try again in ${wait} seconds.` : said.detail);
}

function judge(said) {
  const welcome = { present: ["good", "Present"], late: ["late", "Late"] }[said.status] ?? ["good", said.status ?? ""];
  const seen = said.first_seen
    ? new Date(said.first_seen).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : "";
  switch (said.outcome) {
    case "recorded":
      return tell(welcome[0], said.name, welcome[1]);
    case "already_marked":
    case "duplicate":
      return tell("calm", said.name, `Marked already, ${seen}`);
    case "not_on_roster":
      return tell("bad", said.name, "You are not expected in this session.");
    case "outside_session":
      return tell("bad", said.name, "This session does not count anybody now.");
    default:
      return tell("bad", "Not recognized", "This code is nobody's. Try once more.");
  }
}

function tell(kind, head, text) {
  clearTimeout(fading);
  verdict.className = `verdict ${kind}`;
  verdict.firstElementChild.textContent = head;
  verdict.lastElementChild.textContent = text;
  verdict.hidden = false;
  if (kind !== "wait") fading = setTimeout(() => (verdict.hidden = true), SHOWN_MS);
}

async function look() {
  scan.hidden = true;
  try {
    camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
  } catch {
    scan.hidden = false;
    return tell("bad", "No camera", "This browser may not use it. Type the PIN instead.");
  }
  camera.hidden = false;
  await camera.play();
  watch(new BarcodeDetector({ formats: ["qr_code"] }), "");
}

async function watch(detector, before) {
  const [found] = await detector.detect(camera).catch(() => []);
  const code = found?.rawValue ?? "";
  if (QR.test(code) && code !== before) await show(code); // once, however long it is held up
  setTimeout(() => watch(detector, code), 250);
}

setup.addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(KEY, setup.elements.key.value.trim());
  setup.reset();
  open();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const code = input.value.replace(/[\s-]/g, "");
  if (PIN.test(code) || QR.test(code)) show(code);
  else tell("bad", "Not a code", "A PIN has eight digits.");
});
document.getElementById("keypad").addEventListener("click", (event) => {
  const key = event.target.closest("button[type=button]")?.value;
  if (!key) return;
  input.value = key === "back" ? input.value.slice(0, -1) : input.value + key;
});
if ("BarcodeDetector" in window && navigator.mediaDevices) {
  scan.hidden = false;
  scan.addEventListener("click", look);
}
open();
