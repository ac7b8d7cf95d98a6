// The outbox: photos first, then what names them, a little at a time; the same again after every interruption.
import { changed, onChange } from "./bus.js";
import { clock } from "./clock.js";
import { Away, Broken, Refused, SignedOut, TooLarge, sendBatch, sendPhoto } from "./server.js";
import { asked, device, everything, get, inBox, newId, put, write } from "./store.js";
import { noteState, person, refresh } from "./work.js";
import { t } from "./words.js";

const LARGEST_BATCH = 100;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const MOST_FAULTS = 4; // of the server at one thing, before it is set aside so that the others can go
const FRESH_WORK_MS = 5 * 60 * 1000;

// kind: new (nothing tried yet), idle, busy, away (no network), signed-out
export const state = { kind: "new", left: 0, whole: 0, tries: 0, at: null, foreign: 0 };
const heard = new Set();
let timer = null;
let running = false;
let again = null; // what was asked for meanwhile
let refreshed = -Infinity;
let largest = LARGEST_BATCH;

export const onState = (listener) => heard.add(listener);
function tell(change) {
  Object.assign(state, change);
  for (const listener of heard) listener(state);
}

export function start() {
  onChange((what) => what === "records" && run());
  addEventListener("online", () => run({ now: true }));
  addEventListener("offline", () => tell({ kind: "away" }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && run());
  setInterval(() => run(), FRESH_WORK_MS);
  return run({ now: true });
}

// One tab sends at a time; without locks two may, and the server takes everything once all the same.
export async function run({ now = false } = {}) {
  if (running) { again = { now: now || Boolean(again?.now) }; return; }
  if (timer !== null && !now) return; // waiting to try again
  clearTimeout(timer);
  timer = null;
  running = true;
  again = null;
  try {
    if (navigator.locks) await navigator.locks.request("patrol-outbox", () => attempt(now));
    else await attempt(now);
  } finally {
    running = false;
    if (again && (again.now || state.kind === "idle")) run(again);
  }
}

async function attempt(now) {
  try {
    if (now || performance.now() - refreshed > FRESH_WORK_MS || state.kind === "signed-out") {
      await refresh({ anew: refreshed === -Infinity });
      refreshed = performance.now();
    }
    await sendAll();
    tell({ kind: "idle", tries: 0, at: Date.now(), left: 0, foreign: await countForeign() });
    await put("meta", Date.now(), "delivered");
  } catch (error) {
    if (error instanceof SignedOut) {
      refreshed = -Infinity;
      return tell({ kind: "signed-out", foreign: await countForeign() });
    }
    if (!(error instanceof Away)) console.error(error);
    const tries = state.tries + 1;
    tell({ kind: "away", tries });
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 10));
    timer = setTimeout(() => { timer = null; run({ now: true }); }, wait * (0.75 + Math.random() / 2));
  }
}

async function countForeign() {
  const who = await person();
  return (await everything("records")).filter((record) => record.person !== who && record.box !== "sent").length;
}

async function sendAll() {
  const who = await person();
  if (!who) throw new SignedOut();
  for (const batch of await everything("batches")) if (batch.person === who) await deliver(batch);
  for (;;) {
    const pending = (await inBox(who, "pending")).sort((one, other) => one.seq - other.seq);
    if (!pending.length) return sendLost(who);
    tell({ kind: "busy", left: pending.length, whole: Math.max(state.kind === "busy" ? state.whole : 0, pending.length) });
    const ready = await ready_(pending, who);
    if (!ready.length) return; // what is left waits for a person
    if (!(await sendPhotos(ready))) continue; // one of them was refused: look anew at what can go
    const batch = await pack(ready, who);
    if (batch) await deliver(batch);
  }
}

// The next records that can go together: of one task, written under one reading of the clock.
async function ready_(pending, who) {
  const stuck = new Set();
  for (const box of ["failed", "draft"]) for (const record of await inBox(who, box)) stuck.add(record.task);
  const can = pending.filter((record) => record.kind !== "done"
    || (!stuck.has(record.task) && !pending.some((other) => other.task === record.task && other.kind !== "done")));
  const first = can[0];
  return can.filter((record) => record.task === first.task && same(record.clock, first.clock)).slice(0, largest);
}

const same = (one, other) => one?.offset_ms === other?.offset_ms && one?.contact_at === other?.contact_at;

async function sendPhotos(records) {
  for (const record of records) {
    for (const id of record.photos ?? []) {
      const photo = await get("photos", id);
      if (!photo || photo.arrived) continue;
      try {
        await sendPhoto(photo);
      } catch (error) {
        const isStuck = error instanceof Broken && (await countFault("photos", photo)) >= MOST_FAULTS;
        if (!(isStuck || error instanceof Refused || error instanceof TooLarge)) throw await afterProof(error);
        const why = isStuck ? stuckWords() : error instanceof TooLarge ? t("The picture is too large.") : error.message;
        await write(["records", "photos"], async ({ records: all, photos }) => {
          photos.put({ ...photo, faults: 0, wrong: why });
          all.put({ ...(await asked(all.get(record.id))), box: "failed", why, field: "photos" });
        });
        changed("state");
        return false;
      }
      await write("photos", async ({ photos }) => {
        const kept = await asked(photos.get(id));
        if (kept) photos.put({ ...kept, arrived: true });
      });
    }
  }
  return true;
}

// Pictures the server had taken and knew no more when the answer that names them came: they leave once more.
async function sendLost(who) {
  for (const { id } of (await inBox(who, "sent")).filter((record) => record.lost)) {
    const record = await get("records", id);
    for (const photo of record?.photos ?? []) {
      const kept = await get("photos", photo);
      if (!kept?.bytes) continue;
      try {
        await sendPhoto(kept);
      } catch (error) {
        if (!(error instanceof Refused || error instanceof TooLarge)) throw await afterProof(error);
      }
    }
    await write(["records", "photos"], async ({ records, photos }) => {
      const sent = await asked(records.get(id));
      if (sent) records.put({ ...sent, lost: false });
      for (const photo of sent?.photos ?? []) {
        const kept = await asked(photos.get(photo));
        if (kept) photos.put({ ...kept, bytes: null });
      }
    });
    changed("state");
  }
}

// Our proof that the page is ours is of a sign-in that has been renewed: ask for a new one, and try again.
async function afterProof(error) {
  if (!(error instanceof SignedOut) || error.message !== "csrf") return error;
  const before = await person();
  await refresh({ anew: true });
  return (await person()) === before ? new Away("the proof was renewed") : new SignedOut();
}

// Write down what goes together, before it goes: after a crash the same leaves again.
async function pack(ready, who) {
  const [first] = ready;
  const deviceId = await device();
  const batch = await write(["records", "batches"], async ({ records, batches }) => {
    const stored = [];
    for (const one of ready) {
      const record = await asked(records.get(one.id));
      if (record?.box === "pending" && !record.batch) stored.push(record);
    }
    if (!stored.length) return null;
    const id = newId();
    for (const record of stored) records.put({ ...record, batch: id });
    const made = { id, person: who, task: first.task, records: stored.map((record) => record.id), body: body(id, stored, who, deviceId) };
    batches.put(made);
    return made;
  });
  return batch;
}

function body(id, records, who, deviceId) {
  const of = (kind) => records.filter((record) => record.kind === kind);
  const pick = (record, names) => Object.fromEntries(names.map((name) => [name, record[name]]));
  const done = of("done")[0];
  return {
    batch: id, device: deviceId, person: who, task: records[0].task,
    clock: records[0].clock ?? clock(),
    check_ins: of("check_in").map((record) => pick(record, ["id", "seq", "round", "point", "code", "how", "reason", "claimed_at", "lat", "lon", "accuracy_m"])),
    answers: of("answer").map((record) => pick(record, ["id", "seq", "round", "point", "item", "version", "value", "comment", "photos", "corrected", "claimed_at"])),
    done: done ? pick(done, ["claimed_at", "signature", "typed"]) : null,
  };
}

async function deliver(batch) {
  let answer;
  try {
    // By the clock as it is at this attempt: from it the server tells how far the phone's is off.
    answer = await sendBatch({ ...batch.body, sent_at: new Date().toISOString() });
  } catch (error) {
    if (error instanceof TooLarge || (error instanceof Refused && batch.records.length > 1)) return takeApart(batch);
    if (error instanceof Refused) return failAll(batch, error.message);
    if (error instanceof Broken && (await countFault("batches", batch)) >= MOST_FAULTS) return batch.records.length > 1 ? takeApart(batch) : failAll(batch, stuckWords());
    throw await afterProof(error);
  }
  await settle(batch, answer);
  await noteState(batch.person, batch.task, answer.state);
  changed("state");
}

async function countFault(store, thing) {
  const faults = (thing.faults ?? 0) + 1;
  await write(store, (stores) => { stores[store].put({ ...thing, faults }); });
  return faults;
}

const stuckWords = () => t("The server failed at this several times. Send it again later.");

// Something in it is refused as a whole: smaller ones, until the one that is wrong is alone.
async function takeApart(batch) {
  if (batch.records.length === 1) return failAll(batch, t("The picture is too large."));
  largest = Math.max(1, Math.floor(batch.records.length / 2));
  await write(["records", "batches"], async ({ records, batches }) => {
    for (const id of batch.records) {
      const record = await asked(records.get(id));
      if (record?.batch === batch.id) records.put({ ...record, batch: null });
    }
    batches.delete(batch.id);
  });
}

async function failAll(batch, why) {
  largest = LARGEST_BATCH;
  await write(["records", "batches"], async ({ records, batches }) => {
    for (const id of batch.records) {
      const record = await asked(records.get(id));
      if (record) records.put({ ...record, box: "failed", why, batch: null });
    }
    batches.delete(batch.id);
  });
  changed("state");
}

async function settle(batch, answer) {
  const of = (rows, name = "id") => Map.groupBy?.(rows ?? [], (row) => row[name]) ?? grouped(rows ?? [], name);
  const refused = of(answer.refused), doubts = of(answer.doubts), ordered = of(answer.rectifications, "answer");
  const accepted = new Set(answer.accepted), conflicts = new Set(answer.conflicts ?? []);
  const unnamed = (answer.refused ?? []).find((row) => !batch.records.includes(row.id));
  await write(["records", "photos", "batches"], async ({ records, photos, batches }) => {
    for (const id of batch.records) {
      const record = await asked(records.get(id));
      if (!record || record.batch !== batch.id) continue;
      const [no] = refused.get(id) ?? (record.kind === "done" && unnamed ? [unnamed] : []);
      if (no || (record.kind !== "done" && !accepted.has(id))) {
        records.put({ ...record, box: "failed", batch: null, field: no?.field ?? null, why: no?.reason ?? t("The server did not say whether it took this.") });
        continue;
      }
      const lost = (doubts.get(id) ?? []).some((row) => row.kind === "photo_missing");
      records.put({ ...record, lost, box: "sent", batch: null, why: null, sent_at: answer.at, conflict: conflicts.has(id),
        doubts: (doubts.get(id) ?? []).map((row) => row.reason), rectification: ordered.get(id)?.[0]?.number ?? null });
      for (const photo of record.photos ?? []) {
        const kept = await asked(photos.get(photo));
        if (kept?.arrived && !lost) photos.put({ ...kept, bytes: null });
      }
    }
    batches.delete(batch.id);
  });
}

function grouped(rows, name) {
  const found = new Map();
  for (const row of rows) found.set(row[name], [...(found.get(row[name]) ?? []), row]);
  return found;
}
