// A signature: drawn with a finger, or the name typed where drawing is not possible. And the end of a patrol.
import { button, field, h, notice, say } from "./dom.js";
import { ofCanvas } from "./photo.js";
import { end, keepPhoto } from "./records.js";
import { gone } from "./task.js";
import { taskWith } from "./work.js";
import { t } from "./words.js";

const WIDTH = 640;
const HEIGHT = 240;
const LEAST_STROKE = 60; // pixels drawn: a slip of the finger is no signature

// Return the pad; `done(canvas, typed)` is called with what was signed. `signer`: the only name that may be typed.
export function pad({ done, signer }) {
  const canvas = h("canvas", { width: WIDTH, height: HEIGHT, class: "sign-pad", role: "img", "aria-label": t("Sign here with a finger, or type your name below") });
  const context = canvas.getContext("2d");
  let drawn = 0, last = null;
  const clear = () => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, WIDTH, HEIGHT);
    Object.assign(context, { strokeStyle: "#111", fillStyle: "#111", lineWidth: 4, lineCap: "round", lineJoin: "round" });
    drawn = 0;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = at(event); });
  canvas.addEventListener("pointerup", () => (last = null));
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const to = at(event);
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...to);
    context.stroke();
    drawn += Math.hypot(to[0] - last[0], to[1] - last[1]);
    last = to;
  });
  clear();
  const name = h("input", { id: "sign-name", type: "text", maxlength: "40", autocomplete: "name", oninput: () => write() });
  const write = () => {
    clear();
    context.font = "64px serif";
    context.textBaseline = "middle";
    context.fillText(name.value, 24, HEIGHT / 2, WIDTH - 48);
  };
  const wrong = h("p", { class: "wrong-words", role: "alert" });
  return h("div", { class: "signing" },
    canvas,
    h("div", { class: "row" }, button(t("Clear"), () => { clear(); name.value = ""; }, "button second")),
    h("details", null, h("summary", null, t("Type your name instead")), field("sign-name", t("Your name"), name)),
    wrong,
    button(t("This is my signature"), () => {
      const typed = name.value.trim();
      const isSigned = typed ? !signer || bare(typed) === bare(signer) : drawn >= LEAST_STROKE;
      wrong.textContent = isSigned ? "" : t("Sign with a finger, or type your name.");
      if (isSigned) done(canvas, typed);
    }, "button"));
}

const bare = (name) => name.normalize("NFKC").replace(/\s+/gu, "").toLowerCase();

export async function finish({ go }, number) {
  const one = await taskWith(number);
  if (!one) return gone();
  if (!one.isComplete || one.isRounds || one.isEnded) return { redirect: `#/task/${number}` };
  const close = async (canvas, typed) => {
    const signature = canvas ? (await keepPhoto(one, 0, { ...(await ofCanvas(canvas)), is_signature: true })).id : null;
    await end(one, signature, typed);
    say(t("Finished. It is uploaded as soon as there is a network."));
    go("#/", { replace: true });
  };
  const counts = [...one.answers.values()].reduce((found, record) => ({ ...found, [record.outcome]: (found[record.outcome] ?? 0) + 1 }), {});
  return {
    title: t("Finish"),
    back: `#/task/${number}`,
    body: [
      h("h1", { tabindex: "-1" }, one.version.is_signed ? t("Sign and finish") : t("Finish")),
      h("p", null, one.task.title, " · ", one.task.venue.name),
      h("dl", { class: "facts" },
        fact(t("Points"), one.stops.length), fact(t("Passes"), counts.pass ?? 0), fact(t("Fails"), counts.fail ?? 0), fact(t("Not applicable"), counts.na ?? 0)),
      one.failures > 0 && notice("warn", h("p", null, t("What is not in order becomes a rectification as soon as it is uploaded."))),
      one.version.is_signed ? [h("p", null, t("I have checked these points myself, and what I recorded is true.")), pad({ done: close, signer: one.person.name })] : null,
    ],
    bar: one.version.is_signed ? null : [button(t("Finish this patrol"), () => close(null))],
  };
}

const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", { class: "number" }, value));
