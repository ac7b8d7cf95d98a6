// One item: what is asked, by which article, what was found last time, and the answer.
import { control } from "./controls.js";
import { ask, button, field, h, notice, say } from "./dom.js";
import { keepSignature, photos, storeTrouble } from "./evidence.js";
import { LONGEST_COMMENT, judge, wantsPhoto } from "./items.js";
import { afterStop } from "./point.js";
import { discard, draft, finish } from "./records.js";
import { gone } from "./task.js";
import { taskWith } from "./work.js";
import { inWords, t, whole } from "./words.js";

const TYPING_MS = 250;
const SWIPE_PX = 70;

export async function card({ go, leave }, number, seqText, code) {
  const one = await taskWith(number);
  const seq = Number(seqText);
  const items = one?.stop(seq) ? one.itemsAt(seq) : [];
  const index = items.findIndex((item) => item.code === decodeURIComponent(code));
  const item = items[index];
  if (!item) return one?.stop(seq) ? { redirect: `#/task/${number}/${seq}` } : gone();
  if (!one.checkIn(seq) && one.isOpen) return { redirect: `#/task/${number}/${seq}` };
  const asking = new Asking({ one, seq, item, round: one.round, go });
  leave(() => asking.flush());
  const place = seq === 0 ? one.task.venue.name : one.point(seq).name;
  const neighbour = (step) => items[index + step] && `#/task/${number}/${seq}/${items[index + step].code}`;
  const body = h("article", { class: "ask" },
    h("p", { class: "eyebrow" }, `${place} · ${index + 1}/${items.length}`),
    h("progress", { max: items.length, value: items.length - one.left(seq).length, "aria-label": t("Items answered") }),
    h("h1", { tabindex: "-1" }, item.is_critical && h("span", { class: "chip late" }, t("Critical")), " ", inWords(item)),
    inWords({ zh: item.hint, en: item.hint_en }) && h("p", { class: "quiet" }, inWords({ zh: item.hint, en: item.hint_en })),
    previous(one, seq, item),
    asking.view(),
    item.basis?.length > 0 && h("details", null, h("summary", null, t("By which article")), h("ul", { class: "basis" }, item.basis.map((line) => h("li", null, line)))));
  swipes(body, { back: neighbour(-1) ?? `#/task/${number}/${seq}`, on: neighbour(1), go });
  return {
    title: inWords(item),
    back: `#/task/${number}/${seq}`,
    body: [body],
    bar: [
      h("a", { class: "button second", href: neighbour(-1) ?? `#/task/${number}/${seq}` }, t("Back")),
      asking.nextButton(neighbour(1)),
    ],
  };
}

function previous(one, seq, item) {
  const before = item.shows_previous && one.task.previous?.[`${seq}:${item.code}`];
  if (!before) return null;
  const said = { pass: t("Passes"), fail: t("Fails"), na: t("Not applicable"), noted: "" }[before.outcome] ?? "";
  const choice = item.choices?.find((one_) => one_.code === before.value?.choice);
  const what = [said, choice && inWords(choice), measured(before.value?.number, item.unit), before.value?.text, before.value?.date, before.comment].filter((part) => part !== undefined && part !== "" && part !== null && part !== false);
  return h("p", { class: `previous ${before.outcome === "fail" ? "late" : ""}` }, h("b", null, t("Last time, %(day)s", { day: whole(before.at).slice(0, 10) })), " ", what.join(" · "));
}

const measured = (number, unit) => (number === undefined ? "" : [number, unit].filter((part) => part !== "" && part != null).join(" "));

function swipes(element, { back, on, go }) {
  let from = null;
  element.addEventListener("touchstart", (event) => {
    const [touch] = event.changedTouches;
    from = event.target.closest("input, textarea, canvas, select") ? null : [touch.clientX, touch.clientY];
  }, { passive: true });
  element.addEventListener("touchend", (event) => {
    if (!from) return;
    const [touch] = event.changedTouches;
    const across = touch.clientX - from[0];
    if (Math.abs(across) < SWIPE_PX || Math.abs(touch.clientY - from[1]) > SWIPE_PX) return;
    const to = across > 0 ? back : on;
    if (to) go(to);
  }, { passive: true });
}

// An answer while it is being given. Every change is a draft on the disk; only a whole answer waits for the network.
class Asking {
  constructor(about) {
    Object.assign(this, about);
    this.before = this.one.answer(this.seq, this.item.code, this.round);
    const { value, comment, photos: kept, corrected } = this.before ?? {};
    this.answer = { value: { ...value }, comment: comment ?? "", photos: [...(kept ?? [])], corrected: Boolean(corrected) };
    this.timer = null;
    this.writing = Promise.resolve();
    this.touched = false;
    this.wrong = h("p", { class: "wrong-words", role: "alert" });
    this.more = h("div", { class: "more" });
    this.box = h("div", null);
  }

  get outcome() { return judge(this.item, this.answer.value, { photos: MANY, comment: "" }).outcome; }
  get isEditable() { return this.one.isOpen && this.one.hasBegun; }

  view() {
    if (!this.isEditable) return this.readOnly();
    this.wasFailing = this.outcome === "fail";
    this.drawControl();
    this.drawMore();
    return h("div", null, this.standing(), this.box, this.wrong, this.more);
  }

  readOnly() {
    const said = this.before ? { pass: t("Passes"), fail: t("Fails"), na: t("Not applicable"), noted: t("Noted") }[this.before.outcome] : t("Not answered");
    return notice("plain", h("p", null, said, this.before?.comment ? `: ${this.before.comment}` : ""));
  }

  standing() {
    if (this.before?.box === "failed") {
      return notice("bad", h("p", null, t("This was not taken: %(why)s", { why: this.before.why ?? "" }), " ", t("Correct it and go on; it is then sent again.")));
    }
    if (this.before?.box === "draft" && this.before.instead) {
      return notice("warn", h("p", null, t("You began to change this answer; the earlier one still counts.")),
        button(t("Leave it as it was"), async () => { await discard(this.before.id); this.go(`#/task/${this.one.task.number}/${this.seq}`); }, "button second"));
    }
    return null;
  }

  drawControl() {
    this.box.replaceChildren(...[control(this.item, this.answer.value, {
      give: (value) => this.give(value),
      keep: (value) => { Object.assign(this.answer, { value }); this.change(); },
      keepSignature: (canvas) => this.sign(canvas),
    })].flat().filter(Boolean));
  }

  // What a failing answer needs besides; photos also where they are always wanted.
  drawMore() {
    const { outcome } = this;
    const shown = [];
    const fails = outcome === "fail";
    if (fails) shown.push(this.remarks());
    if (fails && this.item.on_spot) {
      const box = h("input", { type: "checkbox", checked: this.answer.corrected, onchange: () => { this.answer.corrected = box.checked; this.change(); } });
      shown.push(h("label", { class: "option" }, box, t("Put right while I stood here")));
    }
    if (fails || this.item.answer === "photo" || (this.item.evidence !== "none" && this.item.evidence !== "photo_on_fail") || this.answer.photos.length) {
      shown.push(photos(this.one, this.seq, this.answer, {
        wanted: () => wantsPhoto(this.item, this.outcome ?? "noted"), begin: () => this.hush(), keep: () => this.save(),
      }));
    }
    this.more.replaceChildren(...shown);
  }

  remarks() {
    const area = h("textarea", { id: "comment", rows: "2", maxlength: String(LONGEST_COMMENT), value: this.answer.comment, oninput: () => { this.answer.comment = area.value; this.change(); } });
    const add = (words) => {
      area.value = area.value.includes(words) ? area.value : [area.value.trim(), words].filter(Boolean).join(t("; ")).slice(0, LONGEST_COMMENT);
      this.answer.comment = area.value;
      this.hush();
      this.save();
    };
    const canned = (this.item.canned ?? []).map((one) => button(inWords(one), () => add(inWords(one)), "choice"));
    return h("section", { class: "remarks" }, canned.length > 0 && h("div", { class: "choices", role: "group", "aria-label": t("Remarks to pick") }, canned),
      field("comment", t("What is wrong?"), area));
  }

  // What was missing is perhaps given by now.
  hush() { this.wrong.textContent = ""; }

  change() {
    this.hush();
    this.touched = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), TYPING_MS);
    const isFailing = this.outcome === "fail";
    if (isFailing !== this.wasFailing) this.drawMore();
    this.wasFailing = isFailing;
  }

  save() {
    clearTimeout(this.timer);
    this.timer = null;
    this.touched = false;
    const answer = { ...this.answer, outcome: this.outcome ?? null };
    this.writing = this.writing.then(async () => {
      if (this.ended) return;
      this.before = await draft(this.one, this.seq, this.item, this.round, answer, this.before);
    }).catch((error) => { this.wrong.textContent = storeTrouble(error); });
    return this.writing;
  }

  flush() { return this.touched ? this.save() : this.writing; }

  async give(value) {
    this.answer.value = value;
    this.hush();
    const { outcome, field: what, wrong } = this.verdict();
    const isPlain = !wrong && outcome !== "fail";
    if (isPlain) return this.end();
    this.drawControl();
    this.wasFailing = outcome === "fail" || this.outcome === "fail";
    this.drawMore();
    await this.save();
    const first = this.more.querySelector(what === "photos" && !this.wasFailing ? "input[type=file]" : "button, textarea, input");
    first?.focus();
    this.more.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  verdict() { return judge(this.item, this.answer.value, { photos: this.answer.photos.length, comment: this.answer.comment }); }

  async sign(canvas) {
    this.answer.photos = [await keepSignature(this.one, this.seq, canvas)];
    this.answer.value = { signature: true };
    await this.save();
    await this.end();
  }

  // Take the answer as whole: written down, then shown as done.
  async end() {
    const { outcome, wrong, field: what } = this.verdict();
    if (wrong) {
      this.wrong.textContent = wrong;
      (what === "photos" ? this.more.querySelector("input[type=file]") : this.box.querySelector("input, textarea, button"))?.focus();
      return;
    }
    if (outcome === "fail" && !this.answer.comment.trim()) {
      this.wrong.textContent = t("Say what is wrong: pick a remark or write one.");
      this.more.querySelector("textarea")?.focus();
      return;
    }
    try {
      await this.flush();
      const { typed, ...value } = this.answer.value;
      const comment = outcome === "fail" || this.answer.comment ? this.answer.comment.trim() : "";
      await finish(this.one, this.seq, this.item, this.round, { ...this.answer, value, comment, outcome, corrected: outcome === "fail" && this.answer.corrected }, this.before);
      this.ended = true;
    } catch (error) {
      this.wrong.textContent = storeTrouble(error);
      return;
    }
    say(t("Kept"));
    const fresh = await taskWith(this.one.task.number);
    this.go(this.round === fresh.round ? afterStop(fresh, this.seq) : `#/task/${fresh.task.number}`, { replace: true });
  }

  nextButton(following) {
    if (!this.isEditable) return following ? h("a", { class: "button", href: following }, t("Next")) : null;
    return button(t("Keep and go on"), async () => {
      const isUntouched = this.before && this.before.box !== "draft" && this.before.box !== "failed" && same(this.before, this.answer);
      if (isUntouched) { this.go(following ?? afterStop(this.one, this.seq)); return; }
      if (!Object.keys(this.answer.value).length && following && this.item.answer !== "photo") {
        const chosen = await ask(t("This item has no answer yet"), t("You can come back to it; the patrol cannot be finished without it."),
          [{ words: t("Answer it now"), value: null, kind: "button" }, { words: t("Leave it for later"), value: true }]);
        if (chosen) this.go(following);
        return;
      }
      await this.end();
    });
  }
}

const MANY = 99; // whether a photo is missing is asked when the answer is finished
const same = (one, other) => JSON.stringify([one.value, one.comment, one.photos]) === JSON.stringify([other.value, other.comment, other.photos]);
