// One task: where to go, how far it has come, the points in their order.
import { button, h, notice } from "./dom.js";
import { VENUE } from "./items.js";
import { isRefused, latest, metres, start as watchPosition } from "./position.js";
import { dueChip, distanceWords } from "./today.js";
import { adopt, taskWith } from "./work.js";
import { dueWhole, inWords, t } from "./words.js";

export const gone = () => ({
  title: t("This patrol is not on this phone"),
  live: true, // it may be on its way
  body: [h("h1", { tabindex: "-1" }, t("This patrol is not on this phone")),
    h("p", null, t("It may be over, or somebody else's by now. What you recorded is kept under Records.")),
    h("a", { class: "button", href: "#/" }, t("Back to today's patrols"))],
});

export async function task({ redraw }, number) {
  const one = await taskWith(number);
  if (!one) return gone();
  if (one.isOpen) watchPosition();
  const next = one.nextStop();
  return {
    title: one.task.title,
    back: "#/",
    live: true,
    body: [
      h("h1", { tabindex: "-1" }, one.task.title),
      h("p", { class: "row" }, dueChip(one), h("span", { class: "code" }, one.task.number)),
      place(one),
      notices(one, redraw),
      progress(one),
      h("ol", { class: "points" }, one.stops.map((stop) => h("li", null, pointRow(one, stop)))),
    ],
    bar: bar(one, next),
  };
}

function place(one) {
  const { venue } = one.task;
  const far = distanceWords(metres(latest(), venue));
  return h("div", { class: "card" }, h("b", null, venue.name), h("p", { class: "quiet" }, venue.address),
    h("p", { class: "small quiet" }, t("Deadline %(time)s", { time: dueWhole(one.task.due_at) }), far && ` · ${far}`),
    h("p", { class: "small quiet" }, inWords(one.version)));
}

function notices(one, redraw) {
  const found = [];
  if (one.task.state === "missed" && one.task.late_allowed) found.push(notice("warn", h("p", null, t("The time is over. You can still do it; it stays late."))));
  if (one.task.state === "missed" && !one.task.late_allowed) found.push(notice("bad", h("p", null, t("The time is over, and the plan takes nothing late. What was done in time is still uploaded."))));
  if (!one.hasBegun) found.push(notice("plain", h("p", null, t("This patrol has not begun yet."))));
  if (one.task.gone) found.push(notice("warn", h("p", null, t("The server does not list this patrol any more. What you recorded is uploaded all the same."))));
  if (one.task.newer) {
    found.push(notice("warn", h("p", null, t("The checklist changed meanwhile. You go on with the one you began; your answers stay under its wording.")),
      button(t("Use the new checklist for what is left"), async () => { await adopt(one.task.id); redraw(); }, "button second")));
  }
  if (isRefused()) found.push(notice("plain", h("p", null, t("Without your position: allowed, but a later doubt is harder to clear up."))));
  return found;
}

function progress(one) {
  const counts = { done: one.isEnded ? one.stops.length : one.doneStops, whole: one.stops.length };
  const words = one.stop(VENUE) ? t("%(done)s of %(whole)s places done, the venue as a whole among them", counts) : t("%(done)s of %(whole)s points done", counts);
  return h("div", { class: "progress" }, one.isRounds && h("p", null, h("b", null, t("Round %(count)s", { count: one.ordinal }))),
    h("progress", { max: one.stops.length || 1, value: one.isEnded ? one.stops.length || 1 : one.doneStops, "aria-label": words }), h("p", { class: "small" }, words));
}

export function stopState(one, stop) {
  if (one.isStopDone(stop)) {
    const failed = one.itemsAt(stop.point).some((item) => one.answer(stop.point, item.code)?.outcome === "fail");
    return failed ? { sign: "▲", words: t("Fails"), kind: "late" } : { sign: "✓", words: t("Done"), kind: "fine" };
  }
  if (one.checkIn(stop.point)) return { sign: "◐", words: t("%(count)s left", { count: one.left(stop.point).length }), kind: "soon" };
  return { sign: "○", words: t("To do"), kind: "" };
}

function pointRow(one, stop) {
  const point = one.point(stop.point);
  const { sign, words, kind } = stopState(one, stop);
  const title = stop.point === 0 ? t("The venue as a whole") : point.name;
  const inner = [h("span", { class: `mark-sign ${kind}`, "aria-hidden": "true" }, sign),
    h("span", { class: "what" }, h("b", null, stop.point === 0 ? title : `${stop.point}. ${title}`), h("span", { class: "quiet small" }, stop.point === 0 ? "" : (point.location ?? ""))),
    h("span", { class: `small ${kind}-words` }, words)];
  return h("a", { class: "point", href: `#/task/${one.task.number}/${stop.point}` }, inner);
}

function bar(one, next) {
  if (!one.isOpen || !one.hasBegun) return null;
  const to = (href, words) => h("a", { class: "button", href }, words);
  if (one.isComplete && !one.isRounds) return [to(`#/task/${one.task.number}/end`, one.version.is_signed ? t("Sign and finish") : t("Finish"))];
  if (!next) return null;
  const words = one.doneStops > 0 || one.checkIns.size > 0 ? t("Next point") : t("Begin");
  return [to(`#/task/${one.task.number}/${next.point}`, one.isRounds && one.doneStops === 0 ? t("Begin round %(count)s", { count: one.ordinal }) : words)];
}
