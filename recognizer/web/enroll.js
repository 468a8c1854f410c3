// The enrolment page: who it is, photos that were looked at, and what the server made of them.

import { Booth } from "./booth.js";
import { KeptKey } from "./choices.js";
import { byId } from "./elements.js";
import { readPicture } from "./guide.js";
import { showDuplicate, showProblem, showResult } from "./outcome.js";
import { inWords, post } from "./service.js";
import { shrunk } from "./shrink.js";
import { Tray } from "./tray.js";

const SEND_WITHIN_MS = 120_000; // several photos over a slow line

class EnrolmentPage {
  #key = new KeptKey("enroll");
  #form = byId("form");
  #tray = new Tray(byId("tray"), () => this.#showReadiness());
  #booth = new Booth(
    (blob) => this.#check(blob),
    (blob, shot, advice) => this.#tray.add(blob, `${shot.name}.jpg`, shot.label, advice),
  );

  start() {
    byId("key").value = this.#key.secret ?? "";
    byId("key").addEventListener("change", () => this.#key.keep(byId("key").value.trim()));
    byId("consent").addEventListener("change", () => (byId("consent-details").hidden = !byId("consent").checked));
    byId("use-camera").addEventListener("click", () => this.#show("camera"));
    byId("use-files").addEventListener("click", () => this.#show("files"));
    byId("files").addEventListener("change", () => this.#takeFiles());
    this.#form.addEventListener("input", () => this.#showReadiness());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(false);
    });
    this.#showReadiness();
  }

  // Photos.

  #show(which) {
    const isCamera = which === "camera";
    if (!isCamera) this.#booth.stop();
    byId("booth").hidden = !isCamera;
    byId("files-part").hidden = isCamera;
    byId("use-camera").setAttribute("aria-pressed", String(isCamera));
    byId("use-files").setAttribute("aria-pressed", String(!isCamera));
  }

  #check(blob) {
    const form = new FormData();
    form.set("image", blob, "photo");
    return post("detect", form, this.#key.secret);
  }

  async #takeFiles() {
    const files = [...byId("files").files];
    byId("files").value = "";
    for (const file of files) {
      const photo = await this.#tray.add(await shrunk(file), file.name, file.name);
      this.#tray.judge(photo, "calm", "Looking");
      const advice = await this.#adviceOn(photo.blob);
      this.#tray.judge(photo, advice ? "warn" : "good", advice ?? "Good");
    }
  }

  async #adviceOn(file) {
    try {
      return readPicture(await this.#check(file)).advice;
    } catch (error) {
      return inWords(error);
    }
  }

  // Sending.

  #showReadiness() {
    const count = this.#tray.photos.length;
    byId("tray-note").hidden = count > 0;
    byId("send-note").textContent = this.#missing() ?? `${count === 1 ? "One photo" : `${count} photos`} will be sent.`;
  }

  #missing() {
    for (const field of this.#form.querySelectorAll("input[required], input[type=email]")) {
      if (field.checkValidity()) continue;
      return `${field.labels[0].firstElementChild.textContent} ${field.value ? "cannot be read" : "is missing"}.`;
    }
    return this.#tray.photos.length ? null : "At least one photo is needed.";
  }

  async #send(allowsDuplicate) {
    if (this.#missing()) {
      this.#form.querySelector("input:invalid")?.focus();
      return;
    }
    this.#key.keep(byId("key").value.trim());
    this.#booth.stop();
    byId("send").disabled = true;
    byId("send-note").textContent = "Sending the photos…";
    try {
      this.#took(await post("people", this.#body(allowsDuplicate), this.#key.secret, SEND_WITHIN_MS));
    } catch (error) {
      this.#refused(error);
    } finally {
      byId("send").disabled = false;
      this.#showReadiness();
    }
  }

  #body(allowsDuplicate) {
    const body = new FormData();
    for (const field of this.#form.querySelectorAll("input[name]")) if (field.value.trim()) body.set(field.name, field.value.trim());
    if (byId("consent").checked) {
      body.set("consent_version", byId("consent-version").value.trim() || "1");
      body.set("consent_how", byId("consent-how").value);
    }
    if (allowsDuplicate) body.set("allow_duplicate", "true");
    for (const { blob, filename } of this.#tray.photos) body.append("images", blob, filename);
    return body;
  }

  #took(result) {
    showResult(result, this.#tray.photos, () => this.#next());
    this.#form.hidden = true;
  }

  #refused(error) {
    const said = inWords(error);
    for (const { index, detail } of error.body?.rejected_images ?? []) this.#judge(index, detail);
    if (error.code === "possible_duplicate") showDuplicate(said, () => this.#send(true));
    else showProblem(said);
    for (const { where } of error.body?.fields ?? []) this.#form.elements[where]?.setAttribute("aria-invalid", "true");
  }

  #judge(index, detail) {
    const photo = this.#tray.photos[index];
    if (photo) this.#tray.judge(photo, "bad", detail);
  }

  #next() {
    const key = byId("key").value;
    this.#form.reset();
    byId("key").value = key;
    byId("consent-details").hidden = true;
    this.#tray.clear();
    this.#booth.reset();
    byId("result").hidden = true;
    this.#form.hidden = false;
    this.#form.elements.person_id.focus();
  }
}

new EnrolmentPage().start();
