// Small pieces of a page. Text is always text: nothing that was received is read as markup.

const SVG = "http://www.w3.org/2000/svg";

export function byId(id) {
  return document.getElementById(id);
}

export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** A round sign in its colour: `good`, `warn`, `bad` or `calm`. */
export function sign(tone) {
  const made = element("span", "sign");
  made.dataset.tone = tone;
  made.append(drawing(tone));
  return made;
}

function drawing(tone) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#sign-${tone}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function option(value, text) {
  const made = element("option", "", text);
  made.value = value;
  return made;
}
