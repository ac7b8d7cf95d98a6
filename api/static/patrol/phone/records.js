// Writing down what was done. Each function returns when it is on the disk.
import { changed } from "./bus.js";
import { claimed, clock } from "./clock.js";
import { asked, get, newId, write } from "./store.js";

// The next number of this phone, in the transaction that uses it: two tabs never get the same.
async function next(meta) {
  const seq = ((await asked(meta.get("seq"))) ?? 0) + 1;
  meta.put(seq, "seq");
  return seq;
}

function about(progress) {
  const { task, person } = progress;
  return { person: person.id, task: task.id, number: task.number, title: task.title, venue: task.venue.name };
}

const moment = () => ({ claimed_at: claimed(), clock: clock() });

export async function checkIn(progress, seq, { code, how, reason = "", position }) {
  const point = progress.point(seq);
  const made = {
    id: newId(), kind: "check_in", ...about(progress), round: progress.round, point: seq,
    at_point: point?.name ?? "", code, how, reason, lat: position?.lat ?? null, lon: position?.lon ?? null,
    accuracy_m: position?.accuracy_m ?? null, ...moment(), box: "pending",
  };
  await write(["records", "meta"], async ({ records, meta }) => records.put({ ...made, seq: await next(meta) }));
  changed();
  return made;
}

function bare(progress, seq, item, round) {
  return {
    id: newId(), kind: "answer", ...about(progress), round, point: seq, at_point: progress.point(seq)?.name ?? "",
    item: item.code, asked: { zh: item.zh, en: item.en }, version: progress.task.version,
  };
}

// Keep what is being typed or chosen. `answer`: {value, comment, photos, outcome}; the record's id is returned.
export async function draft(progress, seq, item, round, answer, before) {
  const made = before?.box === "draft" ? before : { ...bare(progress, seq, item, round), instead: before?.id };
  await write(["records", "photos", "meta"], async ({ records, photos, meta }) => {
    const stored = await asked(records.get(made.id));
    if (stored && stored.box !== "draft") return; // another tab has finished it
    await bind(photos, answer.photos, made.id);
    records.put({ ...made, ...answer, ...moment(), seq: stored?.seq ?? (await next(meta)), box: "draft" });
  });
  return { ...made, ...answer, box: "draft" };
}

async function bind(photos, ids, record) {
  for (const id of ids) {
    const photo = await asked(photos.get(id));
    if (photo) photos.put({ ...photo, record, wrong: null });
  }
}

// Finish an answer. One that was finished before and has not left the phone is replaced; else this one follows it.
export async function finish(progress, seq, item, round, answer, before) {
  const made = before?.box === "draft" ? before : { ...bare(progress, seq, item, round), instead: before?.id };
  const record = { ...made, ...answer, ...moment(), box: "pending", why: null };
  await write(["records", "photos", "meta"], async ({ records, photos, meta }) => {
    const replaced = made.instead ? await asked(records.get(made.instead)) : null;
    if (replaced && (replaced.box === "failed" || (replaced.box === "pending" && !replaced.batch))) {
      records.delete(replaced.id);
      for (const id of replaced.photos ?? []) if (!answer.photos.includes(id)) photos.delete(id);
    }
    await bind(photos, answer.photos, record.id);
    records.put({ ...record, seq: await next(meta) });
  });
  changed();
  return record;
}

export async function keepPhoto(progress, seq, photo) {
  const made = { id: newId(), ...about(progress), point: seq, ...photo, ...moment(), arrived: false };
  await write("photos", ({ photos }) => { photos.put(made); });
  return made;
}

export async function dropPhoto(id) {
  await write("photos", ({ photos }) => { photos.delete(id); });
}

export async function end(progress, signature, typed = "") {
  await write(["records", "photos", "meta"], async ({ records, photos, meta }) => {
    const id = newId();
    const stale = (await asked(records.index("task").getAll([progress.person.id, progress.task.id])))
      .filter((record) => record.kind === "done" && record.box !== "sent");
    if (stale.some((record) => record.box === "pending")) return; // another tab has ended it
    for (const record of stale) records.delete(record.id);
    if (signature) photos.put({ ...(await asked(photos.get(signature))), record: id });
    records.put({ id, kind: "done", ...about(progress), round: 1, ...moment(), signature: signature ?? null, typed,
      photos: signature ? [signature] : [], seq: await next(meta), box: "pending" });
  });
  changed();
}

// A failed record is tried once more as it is.
export async function tryAgain(id) {
  await write(["records", "photos"], async ({ records, photos }) => {
    const record = await asked(records.get(id));
    if (record?.box !== "failed") return;
    for (const photo of record.photos ?? []) {
      const kept = await asked(photos.get(photo));
      if (kept) photos.put({ ...kept, wrong: null });
    }
    records.put({ ...record, box: "pending", why: null, batch: null });
  });
  changed();
}

export async function discard(id) {
  await write(["records", "photos"], async ({ records, photos }) => {
    const record = await asked(records.get(id));
    if (!record || record.box === "sent" || record.batch) return;
    records.delete(id);
    for (const photo of record.photos ?? []) photos.delete(photo);
  });
  changed();
}

export const record = (id) => get("records", id);
