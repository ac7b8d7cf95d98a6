// The day's work as this phone knows it, and how far it has come: what the server sent and what was done here since.
import { changed } from "./bus.js";
import { serverNow } from "./clock.js";
import { VENUE, isAsked, stops } from "./items.js";
import { SignedOut, fetchWork } from "./server.js";
import { asked, get, ofTask, read, write } from "./store.js";

const ENDED = new Set(["done", "done_late", "excused", "cancelled"]);
const A_DAY = 86400000;
const ROUND_MS = 8 * 60000; // a day has 180 of them
const MOST_ROUNDS = 200; // the server takes no more

export const person = () => get("meta", "person");

export async function known() {
  const who = await person();
  return who ? ((await get("work", who)) ?? null) : null;
}

// Ask the server what is to be done; what was begun here under an older version stays with it until it has arrived.
// `anew`: whatever is known, as after signing in, when the proof that the page is ours is another.
export async function refresh({ anew = false } = {}) {
  const before = await known();
  const fresh = await fetchWork(anew ? null : before?.etag);
  if (fresh === null) return before;
  const who = fresh.person.id;
  const kept = await write(["work", "meta", "records", "batches", "photos"], async ({ work, meta, records, batches, photos }) => {
    const old = await asked(work.get(who));
    const mine = (await asked(records.getAll())).filter((record) => record.person === who);
    const merged = merge(fresh, old, mine);
    work.put(merged, who);
    const last = await asked(meta.get("person"));
    meta.put(who, "person");
    meta.delete("signed-out");
    if (last && last !== who) await leaveOnlyUnsent(last, { work, records, batches, photos });
    await dropWhatIsOver(mine, merged, { records, photos });
    return merged;
  });
  changed("work");
  return kept;
}

function merge(fresh, old, records) {
  const begun = new Map(records.filter((record) => record.version).sort((one, other) => one.seq - other.seq).map((record) => [record.task, record.version]));
  const ids = new Set(fresh.tasks.map((task) => task.id));
  const versions = { ...fresh.versions };
  const tasks = fresh.tasks.map((task) => {
    const before = old?.tasks.find((one) => one.id === task.id);
    const under = begun.get(task.id);
    if (before?.adopted === task.version) return { ...task, adopted: task.version };
    if (!under || under === task.version || !old?.versions[under]) return task;
    versions[under] = old.versions[under];
    return { ...task, version: under, newer: task.version, points: before?.points ?? task.points };
  });
  for (const task of old?.tasks ?? []) {
    if (ids.has(task.id) || !records.some((record) => record.task === task.id && record.box !== "sent")) continue;
    tasks.push({ ...task, gone: true });
    versions[task.version] = old.versions[task.version];
  }
  return { person: fresh.person, at: fresh.at, etag: fresh.etag, tasks, versions };
}

// Another person signed in: of the one before only what has not arrived stays, for their next sign-in.
async function leaveOnlyUnsent(who, { work, records, batches, photos }) {
  const theirs = (await asked(records.getAll())).filter((record) => record.person === who);
  const waiting = new Set(theirs.filter((record) => record.box !== "sent").map((record) => record.id));
  for (const record of theirs) if (!waiting.has(record.id)) records.delete(record.id);
  for (const photo of await asked(photos.getAll())) if (photo.person === who && !waiting.has(photo.record)) photos.delete(photo.id);
  if (waiting.size) return;
  work.delete(who);
  for (const batch of await asked(batches.getAll())) if (batch.person === who) batches.delete(batch.id);
}

async function dropWhatIsOver(mine, merged, { records, photos }) {
  const open = new Set(merged.tasks.map((task) => task.id));
  const before = serverNow() - 3 * A_DAY;
  const over = mine.filter((record) => record.box === "sent" && !open.has(record.task) && Date.parse(record.claimed_at) < before);
  const ids = new Set(over.map((record) => record.id));
  for (const id of ids) records.delete(id);
  if (ids.size) for (const photo of await asked(photos.getAll())) if (ids.has(photo.record)) photos.delete(photo.id);
}

export async function adopt(taskId) {
  const who = await person();
  await write("work", async ({ work }) => {
    const all = await asked(work.get(who));
    const task = all?.tasks.find((one) => one.id === taskId);
    if (!task?.newer) return;
    work.put({ ...all, tasks: all.tasks.map((one) => (one.id === taskId ? { ...one, version: one.newer, newer: null, adopted: one.newer } : one)) }, who);
  });
  changed("work");
}

export async function noteState(who, taskId, state) {
  await write("work", async ({ work }) => {
    const all = await asked(work.get(who));
    if (!all || !state) return;
    work.put({ ...all, tasks: all.tasks.map((one) => (one.id === taskId ? { ...one, state } : one)) }, who);
  });
}

export async function taskWith(number) {
  const all = await known();
  const task = all?.tasks.find((one) => one.number === number);
  if (!task) return null;
  const records = await ofTask("records", all.person.id, task.id);
  return new Progress(task, all.versions[task.version], records, all.person);
}

export async function tasksWithProgress() {
  const all = await known();
  if (!all) return [];
  const byTask = await read("records", async ({ records }) => {
    const found = new Map();
    for (const task of all.tasks) found.set(task.id, await asked(records.index("task").getAll([all.person.id, task.id])));
    return found;
  });
  return all.tasks.map((task) => new Progress(task, all.versions[task.version], byTask.get(task.id), all.person));
}

// One task and what was recorded for it here.
export class Progress {
  constructor(task, version, records, who) {
    this.task = task;
    this.version = version ?? { number: 0, zh: "", en: "", is_signed: false, items: [] };
    this.person = who;
    this.records = records;
    this.isRounds = task.kind === "rounds";
    this.stops = stops(this.version.items, task.points);
    const latest = [...records].sort((one, other) => one.seq - other.seq);
    this.answers = new Map(latest.filter((record) => record.kind === "answer").map((record) => [key(record), record]));
    this.checkIns = new Map(latest.filter((record) => record.kind === "check_in" && record.box !== "failed").map((record) => [`${record.round}:${record.point}`, record]));
    this.done = latest.filter((record) => record.kind === "done").pop();
    this.round = this.isRounds ? this.currentRound() : 1;
  }

  // A round is named by when it began, so that the rounds of two phones on one task stay two.
  currentRound() {
    const last = Math.max(0, ...this.records.map((record) => record.round ?? 0));
    if (last > 0 && !this.stops.every((stop) => this.isStopDone(stop, last))) return last;
    const since = Math.floor((serverNow() - Date.parse(this.task.starts_at)) / ROUND_MS);
    return Math.min(MOST_ROUNDS, Math.max(last, since) + 1);
  }

  // Which one it is of those made here: what people call it.
  get ordinal() { return new Set(this.records.map((record) => record.round ?? 0).filter((round) => round > 0 && round < this.round)).size + 1; }

  get isEnded() { return ENDED.has(this.task.state) || (!this.isRounds && Boolean(this.done) && this.done.box !== "failed"); }
  get isLate() { return this.task.state === "missed" || (!this.isEnded && !this.isRounds && Date.parse(this.task.due_at) < serverNow()); }
  get hasBegun() { return Date.parse(this.task.starts_at) <= serverNow(); }
  get isOpen() { return !this.isEnded && (this.task.state !== "missed" || this.task.late_allowed); }

  point(seq) {
    const { venue } = this.task;
    return seq === VENUE ? { seq, code: venue.code, name: venue.name, location: venue.address, kind: "venue" } : this.task.points.find((point) => point.seq === seq);
  }

  stop(seq) { return this.stops.find((stop) => stop.point === seq); }
  answer(seq, code, round = this.round) { return this.answers.get(`${round}:${seq}:${code}`); }
  checkIn(seq, round = this.round) { return this.checkIns.get(`${round}:${seq}`); }

  // What is asked at a stop now: conditions look at the answers given there, else at the venue's.
  itemsAt(seq, round = this.round) {
    const given = new Map();
    for (const at of [VENUE, seq]) {
      for (const item of this.stop(at)?.items ?? []) {
        const record = this.answer(at, item.code, round);
        if (record && record.outcome) given.set(item.code, record);
      }
    }
    return (this.stop(seq)?.items ?? []).filter((item) => isAsked(item, given));
  }

  isAnswered(seq, item, round = this.round) {
    const record = this.answer(seq, item.code, round);
    return Boolean(record) && record.box !== "draft" && record.box !== "failed";
  }

  left(seq, round = this.round) { return this.itemsAt(seq, round).filter((item) => !this.isAnswered(seq, item, round)); }
  // Somebody was there, and it was not this phone: what they answered the server knows.
  isDoneElsewhere(stop) {
    return !this.isRounds && (this.task.done_points ?? []).includes(stop.point) && !this.records.some((record) => record.point === stop.point);
  }

  isStopDone(stop, round = this.round) {
    if (this.isDoneElsewhere(stop)) return true;
    return Boolean(this.checkIn(stop.point, round)) && this.left(stop.point, round).length === 0;
  }

  get doneStops() { return this.stops.filter((stop) => this.isStopDone(stop)).length; }
  get isComplete() { return this.stops.every((stop) => this.isStopDone(stop)); }
  get failures() { return [...this.answers.values()].filter((record) => record.outcome === "fail" && record.round === this.round).length; }
  get unsent() { return this.records.filter((record) => record.box !== "sent").length; }

  nextStop(after = -1) {
    const open = this.stops.filter((stop) => !this.isStopDone(stop));
    return open.find((stop) => stop.point > after) ?? open[0] ?? null;
  }

  // Rounds: by when somebody has to come again. null outside of opening hours, and of the last stretch to the close.
  nextRoundDue() {
    if (!this.isRounds || !this.task.gap_minutes) return null;
    const now = serverNow();
    const spans = this.task.opens?.length ? this.task.opens : [{ from: this.task.starts_at, until: this.task.due_at }];
    const span = spans.find((one) => Date.parse(one.until) > now);
    if (!span) return null;
    const opens = Date.parse(span.from), closes = Date.parse(span.until);
    const offsets = [...this.checkIns.values()].map((record) => Date.parse(record.claimed_at) + (record.clock?.offset_ms ?? 0));
    const last = Math.max(opens, ...offsets.filter((moment) => moment >= opens));
    return Math.min(last + this.task.gap_minutes * 60000, closes);
  }
}

const key = (record) => `${record.round}:${record.point}:${record.item}`;
export { SignedOut };
