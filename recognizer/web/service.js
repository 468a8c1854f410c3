// How the service is asked. Addresses are relative to this file: any path of a proxy and any tunnel will do.

const BASE = new URL("../", import.meta.url);
const PATIENCE_MS = 20_000;

/** What the service answered instead of a result: a status, a code, and a sentence for people. */
export class Problem extends Error {
  constructor(status, body, retryAfterS) {
    super(body.detail ?? body.error ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "";
    this.body = body;
    this.retryAfterS = retryAfterS;
  }

  get isAboutTheKey() {
    return this.status === 401 || this.status === 403;
  }

  get isForLater() {
    return this.status === 429 || this.status === 503;
  }
}

/** Nobody answered, or somebody else did: a proxy, or a tunnel whose end is gone. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

/** What went wrong, for people; throws what is no answer of the service. */
export function inWords(error) {
  if (error instanceof Problem && error.status === 401) return "The key is missing or not known.";
  if (error instanceof Problem || error instanceof Unreachable) return error.message;
  throw error;
}

export function address(path) {
  return new URL(path, BASE);
}

export function liveAddress(fields) {
  const url = address("live");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return url;
}

/** The answer to a form, as JSON. Throws Problem and Unreachable. */
export async function post(path, form, key, patienceMs = PATIENCE_MS) {
  const request = { method: "POST", body: form, headers: headersFor(key), signal: AbortSignal.timeout(patienceMs) };
  const answer = await reach(address(path), request);
  const body = await readJson(answer);
  if (!answer.ok) throw new Problem(answer.status, body, Number(answer.headers.get("Retry-After")) || null);
  return body;
}

function headersFor(key) {
  const headers = { "ngrok-skip-browser-warning": "1" }; // a free tunnel answers browsers with a page of its own
  if (key) headers["X-API-Key"] = key;
  return headers;
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    throw new Unreachable();
  }
}

async function readJson(answer) {
  try {
    return await answer.json();
  } catch {
    throw new Unreachable();
  }
}
