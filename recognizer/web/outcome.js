// What became of an enrolment, in words.

import { byId, element, sign } from "./elements.js";

const REGISTERED = {
  delivered: "Name and consent are in the school's list.",
  queued: "Name and consent will be in the school's list as soon as its server has taken them.",
  refused: "The school's server did not take name and consent",
};

/** The person is enrolled: which photos were taken, which not and why. */
export function showResult(result, photos, next) {
  const count = result.accepted.length;
  const again = element("button", "primary", "Enrol somebody else");
  again.type = "button";
  again.addEventListener("click", next);
  const kiosk = element("a", "button", "Try it at the kiosk");
  kiosk.href = "./";
  show(
    "good",
    `${result.name} is enrolled`,
    element("p", "", `${count === 1 ? "One photo was" : `${count} photos were`} taken; they are recognized from now on.`),
    ...refusals(result.rejected_images, photos),
    ...registration(result.registration),
    element("p", "row", again, kiosk),
  );
}

/** The face is somebody's already: it takes a person to say that it is not the same. */
export function showDuplicate(said, goOn) {
  const checked = element("input", "");
  checked.type = "checkbox";
  const button = element("button", "", "Enrol all the same");
  button.type = "button";
  button.disabled = true;
  checked.addEventListener("change", () => (button.disabled = !checked.checked));
  button.addEventListener("click", goOn);
  const label = element("label", "check", checked, element("span", "", "I have checked that this is another person, a twin for instance. It is written down that my key allowed it."));
  show("warn", "This face may be enrolled already", element("p", "", said), label, element("p", "row", button));
}

export function showProblem(said) {
  show("bad", "Nobody was enrolled", element("p", "", said));
}

function refusals(rejected, photos) {
  if (!rejected.length) return [];
  const lines = rejected.map(({ index, filename, detail }) =>
    element("li", "", element("b", "", photos[index]?.label ?? filename), `: ${detail}`),
  );
  return [element("p", "", "Not taken:"), element("ul", "refusals", ...lines)];
}

function registration(note) {
  if (!note) return [];
  const reason = note.delivery === "refused" ? `${note.detail ? `: ${note.detail}` : ""}.` : "";
  return [element("p", "quiet", REGISTERED[note.delivery] + reason)];
}

function show(tone, title, ...content) {
  const result = byId("result");
  const words = element("div", "words", element("h2", "", title), ...content);
  result.replaceChildren(sign(tone), words);
  result.hidden = false;
  result.focus({ preventScroll: true });
  result.scrollIntoView({ block: "start" });
}
