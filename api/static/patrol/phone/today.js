// Today's list: what to do, by deadline or by distance.
import { serverNow } from "./clock.js";
import { button, h, notice } from "./dom.js";
import { latest, metres, onPosition, start as watchPosition } from "./position.js";
import { state } from "./sync.js";
import { tasksWithProgress } from "./work.js";
import { dayOf, dueMoment, length, moment, t } from "./words.js";

const FILTERS = ["open", "late", "done", "all"];
const chosen = { filter: "open", sort: "due" };

const filterWords = (name) => ({ open: t("To do"), late: t("Overdue"), done: t("Done"), all: t("All") })[name];

const belongs = {
  open: (one) => one.isOpen,
  late: (one) => one.isLate && one.isOpen,
  done: (one) => one.isEnded,
  all: () => true,
};

export async function today({ redraw }) {
  const all = await tasksWithProgress();
  const here = latest();
  if (chosen.sort === "near" && !here) onceThere(redraw);
  const shown = all.filter(belongs[chosen.filter]).sort(order(here));
  return {
    title: t("Today's patrols"),
    live: true,
    body: [
      h("div", { class: "head" }, h("h1", { tabindex: "-1" }, t("Today's patrols")), h("p", { class: "quiet" }, dayOf(new Date(serverNow())))),
      chips(all, redraw),
      shown.length ? h("ul", { class: "tasks" }, shown.map((one) => h("li", null, card(one, here)))) : empty(all),
    ],
  };
}

function onceThere(redraw) {
  const off = onPosition((found) => { if (found) { off(); redraw(); } });
  watchPosition();
}

const near = (one, here) => metres(here, one.task.venue) ?? Infinity;
const dueOf = (one) => one.nextRoundDue() ?? Date.parse(one.task.due_at);

function order(here) {
  const byDue = (one, other) => Number(one.isEnded) - Number(other.isEnded) || dueOf(one) - dueOf(other);
  if (chosen.sort !== "near" || !here) return byDue;
  return (one, other) => Number(one.isEnded) - Number(other.isEnded) || near(one, here) - near(other, here) || byDue(one, other);
}

function chips(all, redraw) {
  const filter = (name) => h("button", {
    type: "button", class: "choice", "aria-pressed": String(chosen.filter === name),
    onclick: () => { chosen.filter = name; redraw(); },
  }, filterWords(name), " ", h("span", { class: "number" }, all.filter(belongs[name]).length));
  const sort = (name, words) => h("button", {
    type: "button", class: "choice", "aria-pressed": String(chosen.sort === name), onclick: () => { chosen.sort = name; redraw(); },
  }, words);
  return [
    h("div", { class: "choices", role: "group", "aria-label": t("Which") }, FILTERS.map(filter)),
    h("div", { class: "choices sort", role: "group", "aria-label": t("In which order") }, sort("due", t("By deadline")), sort("near", t("By distance"))),
  ];
}

export function dueChip(one) {
  if (one.isEnded) return h("span", { class: "chip ended" }, one.done && one.task.state !== "done" ? t("Finished here") : t("Done"));
  if (one.task.state === "missed") return h("span", { class: "chip late" }, one.task.late_allowed ? t("Missed, may be done late") : t("Missed"));
  const now = serverNow();
  if (!one.hasBegun) return h("span", { class: "chip" }, t("From %(time)s", { time: moment(one.task.starts_at, { now: new Date(now) }) }));
  const due = dueOf(one);
  const left = due - now;
  const time = dueMoment(due, { now: new Date(now) });
  if (left < 0) return h("span", { class: "chip late" }, t("Overdue by %(time)s", { time: length(-left) }));
  if (one.isRounds) return h("span", { class: `chip ${left < 30 * 60000 ? "soon" : "fine"}` }, t("Next round by %(time)s, %(left)s left", { time, left: length(left) }));
  return h("span", { class: `chip ${left < 2 * 3600000 ? "soon" : "fine"}` }, t("By %(time)s, %(left)s left", { time, left: length(left) }));
}

export function distanceWords(found) {
  if (found === null || !Number.isFinite(found)) return null;
  return found < 1000 ? t("%(count)s m", { count: Math.round(found / 10) * 10 }) : t("%(count)s km", { count: (found / 1000).toFixed(1) });
}

function card(one, here) {
  const far = distanceWords(metres(here, one.task.venue));
  const whole = one.stops.length;
  return h("a", { class: `task${one.isLate && one.isOpen ? " is-late" : ""}`, href: `#/task/${one.task.number}` },
    h("span", { class: "row" }, h("b", { class: "name" }, one.task.title), dueChip(one)),
    h("span", { class: "venue" }, one.task.venue.name),
    h("span", { class: "row quiet small" }, h("span", null, one.task.venue.address), far && h("span", { class: "number" }, far)),
    h("span", { class: "row small" },
      h("progress", { max: whole || 1, value: one.isEnded ? whole || 1 : one.doneStops, "aria-label": t("Points done") }),
      h("span", { class: "number" }, `${one.isEnded ? whole : one.doneStops}/${whole}`)),
    h("span", { class: "row small" },
      one.isRounds && h("span", { class: "chip mark" }, t("Round %(count)s", { count: one.ordinal })),
      one.failures > 0 && h("span", { class: "chip late" }, t("%(count)s not in order", { count: one.failures })),
      one.unsent > 0 && h("span", { class: "chip mark" }, t("%(count)s not uploaded", { count: one.unsent }))));
}

function empty(all) {
  if (state.kind === "signed-out" && !all.length) {
    return notice("plain", h("p", null, t("Sign in to see your patrols.")), h("a", { class: "button", href: "/login?next=/patrol/" }, t("Sign in")));
  }
  const words = all.length ? t("Nothing here: choose another filter.") : t("There is no patrol for you today.");
  return h("div", { class: "empty" }, h("p", { class: "sign", "aria-hidden": "true" }, "✓"), h("p", null, words),
    !all.length && button(t("Look again"), () => dispatchEvent(new Event("online")), "button second"));
}
