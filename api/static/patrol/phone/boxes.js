// The four boxes: drafts, waiting, failed, uploaded. Every record can be read; a failed one has a way on.
import { ask, button, h, notice } from "./dom.js";
import { discard, record as recordWith, tryAgain } from "./records.js";
import { counts, get, inBox } from "./store.js";
import { run, state } from "./sync.js";
import { person } from "./work.js";
import { inWords, moment, t, whole } from "./words.js";

const MOST_SHOWN = 200;
const BOXES = ["draft", "pending", "failed", "sent"];
export const boxWords = (box) => ({ draft: t("Drafts"), pending: t("Waiting"), failed: t("Failed"), sent: t("Uploaded") })[box];

const emptyWords = (box) => ({
  draft: t("No answer is half given."), pending: t("Nothing waits to be uploaded."),
  failed: t("Nothing has failed."), sent: t("Nothing has been uploaded from this phone yet."),
})[box];

export async function boxes(_, box = "pending") {
  const who = await person();
  const found = who ? await counts(who) : { draft: 0, pending: 0, failed: 0, sent: 0 };
  const rows = who ? (await inBox(who, box)).sort((one, other) => other.seq - one.seq) : [];
  return {
    title: t("Records"),
    live: true,
    body: [
      h("h1", { tabindex: "-1" }, t("Records")),
      h("nav", { class: "boxes", "aria-label": t("Boxes") }, BOXES.map((name) =>
        h("a", { href: `#/records/${name}`, class: `box ${name}`, "aria-current": name === box ? "page" : null }, h("b", { class: "number" }, found[name]), h("span", null, boxWords(name))))),
      state.foreign > 0 && notice("warn", h("p", null, t("%(count)s records of somebody else wait on this phone until they sign in here. They are not sent under your name.", { count: state.foreign }))),
      box === "failed" && rows.length > 0 && button(t("Send all of them again"), async () => { for (const row of rows) await tryAgain(row.id); run({ now: true }); }, "button second"),
      box === "pending" && rows.length > 0 && button(t("Upload now"), () => run({ now: true }), "button second"),
      rows.length ? h("ul", { class: "records" }, rows.slice(0, MOST_SHOWN).map(row)) : h("div", { class: "empty" }, h("p", null, emptyWords(box))),
      rows.length > MOST_SHOWN && h("p", { class: "quiet" }, t("and %(count)s earlier ones", { count: rows.length - MOST_SHOWN })),
    ],
  };
}

export const outcomeWords = (one) => ({ pass: t("Passes"), fail: t("Fails"), na: t("Not applicable"), noted: t("Noted") })[one.outcome] ?? "";

function whatIs(one) {
  if (one.kind === "check_in") return t("Check-in");
  if (one.kind === "done") return t("End of the patrol");
  return inWords(one.asked);
}

const placeOf = (one) => (one.kind === "done" ? one.title : one.at_point || one.venue);

function row(one) {
  return h("li", null, h("a", { class: "record", href: `#/record/${one.id}` },
    h("span", { class: "row" }, h("b", null, placeOf(one)), h("span", { class: "number small quiet" }, moment(one.claimed_at))),
    h("span", null, whatIs(one), one.outcome ? ` · ${outcomeWords(one)}` : ""),
    one.why && h("span", { class: "wrong-words" }, one.why),
    one.conflict && h("span", { class: "chip soon" }, t("Another phone says otherwise")),
    one.doubts?.length > 0 && h("span", { class: "chip soon" }, t("In doubt"))));
}

export async function record({ go }, id) {
  const one = await recordWith(id);
  const who = await person();
  if (!one || one.person !== who) return { redirect: "#/records" };
  const pictures = (await Promise.all((one.photos ?? []).map((photo) => get("photos", photo)))).filter(Boolean);
  return {
    title: whatIs(one),
    back: `#/records/${one.box}`,
    live: true,
    body: [
      h("p", { class: "eyebrow" }, boxWords(one.box)),
      h("h1", { tabindex: "-1" }, whatIs(one)),
      one.why && notice("bad", h("p", null, h("b", null, t("Why it was not taken")), " ", one.why)),
      one.conflict && notice("warn", h("p", null, t("Another phone gave another answer. Both are kept; somebody decides."))),
      one.doubts?.length > 0 && notice("warn", h("p", null, t("In doubt:")), h("ul", null, one.doubts.map((words) => h("li", null, words))),
        h("a", { href: `/patrols/${one.number}` }, t("See it and say how it was"))),
      one.rectification && notice("good", h("p", null, t("A rectification was opened: %(number)s", { number: one.rectification }))),
      facts(one),
      pictures.length > 0 && h("div", { class: "pictures" }, pictures.map((photo, index) => h("figure", null,
        h("img", { src: photo.thumbnail, alt: photo.is_signature ? t("Signature") : t("Photo %(count)s", { count: index + 1 }) }),
        h("figcaption", { class: "small" }, photo.wrong ?? (photo.arrived ? t("Uploaded") : t("On this phone")))))),
      ways(one, go),
    ],
  };
}

function facts(one) {
  const value = one.value ?? {};
  const said = [outcomeWords(one), value.number, value.text, value.date].filter((part) => part !== undefined && part !== "").join(" · ");
  const rows = [
    [t("Patrol"), `${one.title} · ${one.number}`], [t("Venue"), one.venue], [t("Point"), one.at_point],
    [t("Answer"), said], [t("Remark"), one.comment],
    [t("Code"), one.kind === "check_in" ? (one.code || t("not read: %(why)s", { why: one.reason })) : ""],
    [t("Position"), one.lat != null ? t("%(lat)s, %(lon)s within %(count)s m", { lat: one.lat, lon: one.lon, count: one.accuracy_m }) : ""],
    [t("Recorded"), whole(one.claimed_at)], [t("Uploaded"), one.sent_at ? whole(one.sent_at) : ""], [t("Number on this phone"), one.seq],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, text]) => text !== "" && text != null).map(([name, text]) => h("div", null, h("dt", null, name), h("dd", null, text))));
}

function ways(one, go) {
  if (one.box === "sent" || (one.box === "pending" && one.batch)) return null;
  const where = one.kind === "answer" ? `#/task/${one.number}/${one.point}/${one.item}` : one.kind === "check_in" ? `#/task/${one.number}/${one.point}` : `#/task/${one.number}`;
  const throwAway = async () => {
    const text = t("It is deleted from this phone and never reaches the server. This cannot be undone.");
    if (!(await ask(t("Discard this record?"), text, [{ words: t("Discard"), value: true, kind: "button" }, { words: t("Keep"), value: null }]))) return;
    await discard(one.id);
    go("#/records", { replace: true });
  };
  return h("div", { class: "stack" },
    one.box !== "pending" && one.kind === "answer" && h("a", { class: "button", href: where }, one.box === "draft" ? t("Go on with it") : t("Correct it")),
    one.box === "failed" && button(t("Send it again as it is"), async () => { await tryAgain(one.id); run({ now: true }); go("#/records/pending", { replace: true }); }, "button second"),
    button(t("Discard …"), throwAway, "button second danger"));
}
