// The pages work without this. With it, what is marked data-live follows the server, and what cannot be undone asks.
"use strict";

const PAUSE_MS = 400; // arrivals come in bursts: one look at the page shows them all

function follow(address) {
  let waiting = false;
  async function refresh() {
    waiting = false;
    if (document.querySelector("[data-live] details[open], [data-live] :focus")) return; // somebody is typing there
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const replacement = fresh.getElementById(part.id);
      if (replacement) replace(part, replacement);
    }
  }
  function soon() {
    if (waiting) return;
    waiting = true;
    setTimeout(() => refresh().catch(() => undefined), PAUSE_MS);
  }
  const source = new EventSource(address);
  source.onmessage = soon;
  for (const kind of ["mark", "session", "not_counted", "tally", "missed"]) source.addEventListener(kind, soon);
  source.onopen = soon; // what happened while the connection was away
  addEventListener("pagehide", () => source.close());
}

function replace(part, replacement) {
  const before = new Set([...part.querySelectorAll("[data-arrival]")].map((one) => one.dataset.arrival));
  for (const one of replacement.querySelectorAll("[data-arrival]")) {
    if (!before.has(one.dataset.arrival)) one.classList.add("arrived");
  }
  unlock(replacement);
  part.replaceWith(replacement);
}

function unlock(part) {
  for (const one of part.querySelectorAll("[data-needs-script]")) one.hidden = false;
}

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
unlock(document);
document.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone

const feed = document.body.dataset.live;
if (feed) follow(feed);
