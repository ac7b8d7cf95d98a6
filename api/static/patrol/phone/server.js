// The four addresses the phone talks to, and what an answer means for what is to be sent.
import { contact } from "./clock.js";
import { get, put } from "./store.js";

const PATIENCE_MS = 60000;

export class Away extends Error {} // no network, or the server cannot now: try again later
export class Broken extends Away {} // the server failed at just this: so it may again
export class SignedOut extends Error {} // the sign-in has ended, or is somebody else's
export class TooLarge extends Error {}
export class Refused extends Error { // it will be refused again: a person has to look
  constructor(problem, status) {
    super(reason(problem));
    this.status = status;
    this.kind = problem?.type ?? "";
  }
}

function reason(problem) {
  const fields = (problem?.errors ?? []).map((error) => error.message);
  return fields.length ? fields.join(" ") : [problem?.title, problem?.detail].filter(Boolean).join(": ");
}

async function call(path, { method = "GET", headers = {}, body } = {}) {
  const before = Date.now();
  let answer;
  try {
    answer = await fetch(path, {
      method, body, credentials: "same-origin", cache: "no-store", redirect: "manual",
      headers: { accept: "application/json", ...headers }, signal: AbortSignal.timeout?.(PATIENCE_MS), // older browsers wait as long as they like
    });
    if (answer.status === 304) return { status: 304, headers: answer.headers };
    if (answer.ok) {
      const data = await answer.json();
      await contact(data.at, before, Date.now());
      return { status: answer.status, data, headers: answer.headers };
    }
  } catch (error) {
    throw new Away(String(error?.message ?? error));
  }
  if (answer.status === 401 || answer.type === "opaqueredirect") throw new SignedOut();
  if (answer.status === 413) throw new TooLarge();
  if (answer.status === 500) throw new Broken("500");
  if (answer.status === 429 || answer.status >= 500) throw new Away(String(answer.status));
  const problem = await answer.json().catch(() => null);
  if (answer.status === 403 && problem?.type === "/problems/foreign-form") throw new SignedOut("csrf");
  throw new Refused(problem, answer.status);
}

const proof = async () => {
  const csrf = (await get("meta", "csrf")) ?? "";
  return { "x-csrf-token": csrf, "x-csrf": csrf };
};

// Return the day's work, or null when it is the one known by its mark.
export async function fetchWork(etag) {
  const { status, data, headers } = await call("/patrol/work", { headers: etag ? { "if-none-match": etag } : {} });
  if (status === 304) return null;
  await put("meta", data.csrf, "csrf");
  return { ...data, etag: headers.get("etag") };
}

// Sent when it is sent, not when it was written down: the server reads our clock by it.
export async function sendBatch(written) {
  const body = { ...written, sent_at: new Date().toISOString() };
  const headers = { "content-type": "application/json", ...(await proof()) };
  return (await call("/patrol/sync", { method: "POST", headers, body: JSON.stringify(body) })).data;
}

export async function sendPhoto(photo) {
  const form = new FormData();
  form.append("claimed_at", photo.claimed_at);
  form.append("task", photo.task);
  if (photo.original_sha256) form.append("original_sha256", photo.original_sha256);
  form.append("file", new File([photo.bytes], `${photo.id}.jpg`, { type: "image/jpeg" }));
  return (await call(`/patrol/photos/${photo.id}`, { method: "PUT", headers: await proof(), body: form })).data;
}

export async function signOut() {
  await fetch("/logout", { method: "POST", credentials: "same-origin", redirect: "manual",
    headers: { ...(await proof()), "content-type": "application/x-www-form-urlencoded" }, body: "" });
}
