// What an item asks and what an answer is worth: the rules of domain/patrols/items.py, for the moment of answering.
// The server judges again when the answer arrives; its word holds.
import { dayOf, t } from "./words.js";

export const LONGEST_TEXT = 2000;
export const LONGEST_COMMENT = 500;
const LARGEST_NUMBER = 1e9;
const A_DAY = 86400000;
const VERDICTS = ["pass", "fail", "na"];
export const VENUE = 0; // the "point" that is the venue itself

// Return [{point, items}] in the order of a round: the venue's own first, then point by point.
export function stops(items, points) {
  const fits = new Map(items.filter((item) => item.per === "point").map((item) => [item.code,
    points.filter((point) => !item.facility_kinds.length || item.facility_kinds.includes(point.facility_kind)).map((point) => point.seq)]));
  const found = points.map((point) => ({ point: point.seq, items: items.filter((item) => fits.get(item.code)?.includes(point.seq)) }));
  const venue = items.filter((item) => !fits.get(item.code)?.length);
  return venue.length || !points.length ? [{ point: VENUE, items: venue }, ...found] : found;
}

// `answers`: code → {outcome, value}, of this point or of the venue.
export function isAsked(item, answers) {
  const condition = item.condition;
  if (!condition) return true;
  const given = answers.get(condition.item);
  if (!given) return false;
  if (condition.is?.length) return condition.is.includes(given.outcome) || condition.is.includes(given.value.choice);
  const number = given.value.number;
  if (typeof number !== "number") return false;
  return (condition.above == null || number > condition.above) && (condition.below == null || number < condition.below);
}

class Wrong extends Error {
  constructor(field, words) { super(words); this.field = field; }
}

// Return {outcome}, or {field, wrong} with what is wrong in the reader's words.
export function judge(item, value, { photos = 0, comment = "", today = new Date() } = {}) {
  try {
    if (comment.length > LONGEST_COMMENT) throw new Wrong("comment", t("This is too long: at most %(limit)s characters.", { limit: LONGEST_COMMENT }));
    const outcome = OUTCOMES[item.answer](item, value, photos, today);
    if (wantsPhoto(item, outcome) && photos < 1) throw new Wrong("photos", t("A photo is missing."));
    return { outcome };
  } catch (error) {
    if (error instanceof Wrong) return { field: error.field, wrong: error.message };
    throw error;
  }
}

export function wantsPhoto(item, outcome) {
  if (outcome === "na") return false;
  if (item.answer === "photo") return true;
  if (item.evidence === "photo_always") return true;
  if (item.evidence === "photo_on_fail") return outcome === "fail";
  return (item.evidence === "document" || item.evidence === "video") && outcome !== "fail";
}

function verdict(_, value) {
  if (!VERDICTS.includes(value.choice)) throw new Wrong("value", t("Choose pass, fail or not applicable."));
  return value.choice;
}

function measured(item, value) {
  if (value.choice === "na") return "na";
  if (typeof value.number !== "number" || !Number.isFinite(value.number)) throw new Wrong("value", t("This is not a number."));
  if (Math.abs(value.number) > LARGEST_NUMBER) throw new Wrong("value", t("This number cannot be right."));
  if (item.low == null && item.high == null) return said(value);
  return (item.low == null || value.number >= item.low) && (item.high == null || value.number <= item.high) ? "pass" : "fail";
}

const said = (value) => (value.choice === "pass" || value.choice === "fail" ? value.choice : "noted");

function chosen(item, value) {
  const found = item.choices.find((choice) => choice.code === value.choice);
  if (!found) throw new Wrong("value", t("This is none of the choices."));
  if (found.fails) return "fail";
  return item.choices.some((choice) => choice.fails) ? "pass" : "noted";
}

function written(_, value) {
  if (!value.text?.trim()) throw new Wrong("value", t("Write something."));
  if (value.text.length > LONGEST_TEXT) throw new Wrong("value", t("This is too long: at most %(limit)s characters.", { limit: LONGEST_TEXT }));
  return "noted";
}

function dated(item, value, _, today) {
  if (["na", "fail"].includes(value.choice) && !value.date) return value.choice;
  const day = /^\d{4}-\d{2}-\d{2}$/.test(value.date ?? "") ? Date.parse(value.date) : NaN;
  if (Number.isNaN(day) || value.date < "1990-01-01") throw new Wrong("value", t("This is not a date. Write it like 2026-11-20."));
  const here = Date.parse(dayOf(today));
  if (day > here) throw new Wrong("value", t("This day is still to come."));
  if (item.high == null) return said(value);
  return Math.round((here - day) / A_DAY) <= item.high ? "pass" : "fail";
}

function photographed(_, value, photos) {
  if (photos < 1) throw new Wrong("photos", t("A photo is missing."));
  return "noted";
}

function signed(_, value, photos) {
  if (photos < 1) throw new Wrong("value", t("The signature is missing."));
  return "noted";
}

function checkedIn(_, value) {
  return VERDICTS.includes(value.choice) ? value.choice : "pass";
}

const OUTCOMES = {
  pass_fail_na: verdict, number: measured, reading: measured, choice: chosen, text: written, date: dated,
  photo: photographed, signature: signed, checkpoint: checkedIn,
};
