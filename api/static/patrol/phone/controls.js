// What an item is answered with: large buttons, a number, a choice, words, a day, a signature.
import { button, field, h } from "./dom.js";
import { LONGEST_TEXT } from "./items.js";
import { pad } from "./sign.js";
import { dayOf, inWords, t } from "./words.js";

// `value`: what is answered so far. `give(value)`: answered, go on. `keep(value)`: still being written.
export function control(item, value, { give, keep, keepSignature }) {
  const make = {
    pass_fail_na: verdicts, checkpoint: verdicts, number: measure, reading: measure, choice: choices,
    text: words, date: day, photo: () => null, signature: signature,
  }[item.answer];
  return make(item, value, { give, keep, keepSignature });
}

const pressed = (is) => ({ "aria-pressed": String(is) });

function verdicts(item, value, { give }) {
  const one = (choice, sign, text) => button([h("span", { class: "sign", "aria-hidden": "true" }, sign), text],
    () => give({ choice }), `verdict ${choice}`, pressed(value.choice === choice));
  return h("div", { class: "verdicts", role: "group", "aria-label": t("Answer") },
    one("pass", "✓", t("Passes")), one("fail", "✕", t("Fails")), one("na", "–", t("Not applicable")));
}

export function limits(item) {
  const unit = item.unit ? ` ${item.unit}` : "";
  if (item.low != null && item.high != null) return t("Fine from %(low)s to %(high)s", { low: item.low, high: `${item.high}${unit}` });
  if (item.low != null) return t("Fine from %(low)s", { low: `${item.low}${unit}` });
  if (item.high != null) return t("Fine up to %(high)s", { high: `${item.high}${unit}` });
  return "";
}

function measure(item, value, { keep }) {
  const hint = limits(item);
  const input = h("input", { id: "number", type: "text", inputmode: "decimal", autocomplete: "off", value: value.typed ?? value.number ?? "",
    "aria-describedby": hint ? "number-hint" : null, oninput: () => keep(measured(input.value, value)) });
  const own = item.low == null && item.high == null;
  return [field("number", item.unit ? t("Number in %(unit)s", { unit: item.unit }) : t("Measured number"), input, hint),
    own && said(value, (choice) => keep({ ...measured(input.value, value), choice })),
    notApplicable(value, keep)];
}

// Full-width digits and a comma are what some keyboards give.
function measured(text, value) {
  const plain = text.normalize("NFKC").trim().replace(",", ".");
  const number = /^-?\d+(?:\.\d+)?$/.test(plain) ? Number(plain) : undefined;
  const { choice } = value;
  return { typed: text, ...(number === undefined ? {} : { number }), ...(choice && choice !== "na" ? { choice } : {}) };
}

function said(value, give) {
  const one = (choice, text) => h("label", { class: "option" }, h("input", { type: "radio", name: "verdict", checked: value.choice === choice, onchange: () => give(choice) }), text);
  return h("fieldset", null, h("legend", null, t("Is it in order?")), one("pass", t("Passes")), one("fail", t("Fails")));
}

function notApplicable(value, keep) {
  const box = h("input", { type: "checkbox", checked: value.choice === "na", onchange: () => keep(box.checked ? { choice: "na" } : {}) });
  return h("label", { class: "option" }, box, t("Not applicable"));
}

function choices(item, value, { give }) {
  return h("div", { class: "stack", role: "group", "aria-label": t("Answer") }, item.choices.map((choice) =>
    button([inWords(choice), choice.fails && h("span", { class: "small" }, ` · ${t("Fails")}`)], () => give({ choice: choice.code }),
      `verdict wide ${choice.fails ? "fail" : ""}`, pressed(value.choice === choice.code))));
}

function words(item, value, { keep }) {
  const area = h("textarea", { id: "words", rows: "4", maxlength: String(LONGEST_TEXT), value: value.text ?? "", oninput: () => keep({ text: area.value }) });
  return field("words", t("Your words"), area);
}

function day(item, value, { keep }) {
  const input = h("input", { id: "day", type: "date", min: "1990-01-01", max: dayOf(new Date()), value: value.date ?? "",
    onchange: () => keep({ ...(value.choice === "na" ? {} : { choice: value.choice }), date: input.value }) });
  const hint = item.high == null ? "" : t("At most %(count)s days ago", { count: item.high });
  return [field("day", t("Day"), input, hint), item.high == null && said(value, (choice) => keep({ date: input.value, choice })), notApplicable(value, keep)];
}

function signature(item, value, { keepSignature }) {
  return pad({ done: keepSignature });
}
