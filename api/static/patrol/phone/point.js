// At a point: its code is read, or typed, or it is said why not. Then its items, one at a time.
import { button, field, h, notice, say } from "./dom.js";
import { current, isRefused, latest } from "./position.js";
import { checkIn } from "./records.js";
import { codeIn, hasCamera, light, look } from "./scan.js";
import { gone } from "./task.js";
import { taskWith } from "./work.js";
import { inWords, moment, t } from "./words.js";

const SHORTEST_REASON = 2;
const LONGEST_TYPED = 300; // a label's whole address may be pasted

export async function point({ go, redraw }, number, seqText) {
  const one = await taskWith(number);
  const seq = Number(seqText);
  const stop = one?.stop(seq);
  if (!stop) return gone();
  const place = one.point(seq);
  const title = seq === 0 ? one.task.venue.name : place.name;
  const came = one.checkIn(seq);
  const canWork = one.isOpen && one.hasBegun;
  return {
    title,
    back: `#/task/${number}`,
    body: [
      h("p", { class: "eyebrow" }, seq === 0 ? t("The venue as a whole") : t("Point %(count)s of %(whole)s", { count: seq, whole: one.task.points.length })),
      h("h1", { tabindex: "-1" }, title),
      place.location && h("p", { class: "quiet" }, place.location), // never its code: that stands at the point and nowhere else
      came && h("p", { class: "chip fine" }, t("Checked in at %(time)s", { time: moment(came.claimed_at) })),
      came?.accuracy_m != null && h("p", { class: "small quiet" }, t("Position within %(count)s m", { count: came.accuracy_m })),
      !came && canWork && checkInPanel(one, seq, { go, redraw }),
      came && items(one, stop),
      !came && one.isDoneElsewhere(stop) && notice("good", h("p", null, t("Somebody has done this point already. You may do it again; both are kept."))),
    ],
    bar: came ? bar(one, stop, number) : null,
  };
}

function items(one, stop) {
  const shown = one.itemsAt(stop.point);
  if (!shown.length) return h("p", null, t("Nothing but the check-in is asked here."));
  return h("ol", { class: "points" }, shown.map((item) => {
    const record = one.answer(stop.point, item.code);
    return h("li", null, h("a", { class: "point", href: `#/task/${one.task.number}/${stop.point}/${item.code}` },
      h("span", { class: `mark-sign ${SIGNS[record?.outcome]?.kind ?? ""}`, "aria-hidden": "true" }, SIGNS[record?.outcome]?.sign ?? "○"),
      h("span", { class: "what" }, inWords(item)), h("span", { class: "small" }, answerState(record))));
  }));
}

const SIGNS = { pass: { sign: "✓", kind: "fine" }, fail: { sign: "▲", kind: "late" }, na: { sign: "–", kind: "" }, noted: { sign: "✓", kind: "fine" } };

function answerState(record) {
  if (!record) return t("To do");
  if (record.box === "draft") return t("Draft");
  if (record.box === "failed") return t("Upload failed");
  return { pass: t("Passes"), fail: t("Fails"), na: t("Not applicable"), noted: t("Noted") }[record.outcome];
}

function bar(one, stop, number) {
  const [item] = one.left(stop.point);
  const to = (href, words) => [h("a", { class: "button", href }, words)];
  if (item && one.isOpen) return to(`#/task/${number}/${stop.point}/${item.code}`, t("Go on"));
  const next = one.nextStop(stop.point);
  return next && one.isOpen ? to(`#/task/${number}/${next.point}`, t("Next point")) : to(`#/task/${number}`, t("To the overview"));
}

export function afterStop(one, seq) {
  const { number } = one.task;
  const [item] = one.left(seq);
  if (item) return `#/task/${number}/${seq}/${item.code}`;
  const next = one.nextStop(seq);
  return next && !(one.isRounds && one.doneStops === 0) ? `#/task/${number}/${next.point}` : `#/task/${number}`;
}

function checkInPanel(one, seq, { go, redraw }) {
  const place = one.point(seq);
  const said = h("p", { class: "said", role: "status" });
  const view = h("div", { class: "camera", hidden: true });
  const locate = h("p", { class: "small quiet" }, positionWords());
  let looking = null;

  const take = async (code, how, reason = "") => {
    looking?.abort();
    said.textContent = t("Checking in …");
    await checkIn(one, seq, { code, how, reason, position: await current() });
    navigator.vibrate?.(80);
    say(t("Checked in"));
    const fresh = await taskWith(one.task.number);
    go(afterStop(fresh, seq), { replace: true });
    return true;
  };

  // What was read belongs here, or to another point of this task, or to neither.
  const judge = async (code, how) => {
    if (code === place.code) return take(code, how);
    const other = one.stops.map((stop) => one.point(stop.point)).find((candidate) => candidate.code === code);
    if (other) {
      looking?.abort();
      said.replaceChildren(t("This is the code of another point: %(name)s.", { name: other.seq === 0 ? one.task.venue.name : other.name }), " ",
        h("a", { class: "button second", href: `#/task/${one.task.number}/${other.seq}` }, t("Go to that point")));
      return true;
    }
    said.textContent = t("This code is none of this patrol. Read the label at this point, or say why you cannot.");
    return false;
  };

  const scan = button([h("span", { "aria-hidden": "true" }, "▣ "), t("Scan the code and check in")], async () => {
    looking = new AbortController();
    const video = h("video", { playsinline: true, muted: true, "aria-label": t("Camera picture") });
    const stop = button(t("Stop"), () => { looking.abort(); view.hidden = true; scan.hidden = false; }, "button second");
    let lit = false;
    const torch = button(t("Torch"), async () => { lit = !lit; if (!(await light(video, lit))) torch.hidden = true; }, "button second");
    view.replaceChildren(video, h("div", { class: "row" }, stop, torch));
    view.hidden = false;
    scan.hidden = true;
    said.textContent = t("Hold the label's code in front of the camera.");
    addEventListener("hashchange", () => looking?.abort(), { once: true });
    try {
      await look(video, {
        signal: looking.signal,
        found: (code) => judge(code, "camera"),
        foreign: () => (said.textContent = t("The camera sees a code that is none of ours.")),
      });
    } catch {
      said.textContent = t("The camera cannot be used. Type the code on the label.");
    }
    view.hidden = true;
    scan.hidden = false;
  }, "button big");

  const typed = h("input", { id: "typed-code", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: String(LONGEST_TYPED), inputmode: "text" });
  const form = h("form", { class: "typed", onsubmit: (event) => {
    event.preventDefault();
    const code = codeIn(typed.value);
    if (!code) {
      said.textContent = t("Type the letters and digits that stand under the square code: 10 at a point, 8 at the door.");
      typed.focus();
      return;
    }
    judge(code, "typed");
  } }, field("typed-code", t("Or type the code"), h("div", { class: "row" }, typed, h("button", { class: "button second" }, t("Check in")))));

  const why = h("input", { id: "why-not", type: "text", maxlength: "300", autocomplete: "off" });
  const without = h("details", null, h("summary", null, t("The code is missing or damaged")),
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      if (why.value.trim().length < SHORTEST_REASON) { said.textContent = t("Say why."); why.focus(); return; }
      take("", "none", why.value.trim());
    } }, field("why-not", t("Why can it not be read?"), why, t("It is kept with your check-in, and somebody may ask about it.")),
    h("button", { class: "button second" }, t("Check in without the code"))));

  return h("div", { class: "check-in card" }, hasCamera() ? scan : notice("plain", t("This browser offers no camera here. Type the code on the label.")),
    view, said, form, locate, without);
}

function positionWords() {
  const here = latest();
  if (here) return t("Position within %(count)s m", { count: here.accuracy_m });
  return isRefused() ? t("Position: not allowed (may be left out)") : t("Position: not known yet (may be left out)");
}
