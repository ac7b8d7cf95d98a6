// How far the server's clock is from this phone's, as it was at the last contact.
import { get, put } from "./store.js";

const STEADY_MS = 5000; // a network's delay moves the figure by less
const OLD_MS = 10 * 60 * 1000;
let known = null;

export async function load() {
  known = (await get("meta", "clock")) ?? null;
}

// `at`: what the server says; the phone's clock before and after. A slow answer says little about the clock.
export async function contact(at, before, after) {
  if (!at || after - before > 20000) return;
  const offset = Math.round(Date.parse(at) - (before + after) / 2);
  const age = known ? Math.abs(after - Date.parse(known.contact_at)) : Infinity;
  if (known && Math.abs(known.offset_ms - offset) < STEADY_MS && age < OLD_MS) return;
  known = { offset_ms: offset, contact_at: new Date(after).toISOString() };
  await put("meta", known, "clock");
}

// Of a record: what was known when it was written, not when it is sent.
export const clock = () => known ?? { offset_ms: null, contact_at: null };
export const serverNow = () => Date.now() + (known?.offset_ms ?? 0);
export const claimed = () => new Date().toISOString();
