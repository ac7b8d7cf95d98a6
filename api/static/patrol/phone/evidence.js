// Photos of an answer: taken, marked with when and where, kept on the phone before they are shown.
import { serverNow } from "./clock.js";
import { ask, button, h, say } from "./dom.js";
import { NoPicture, ofCanvas, taken } from "./photo.js";
import { latest } from "./position.js";
import { dropPhoto, keepPhoto } from "./records.js";
import { get } from "./store.js";
import { t, whole } from "./words.js";

export const MOST_PHOTOS = 9;
export const PHOTOS_OF_TASK = 150;

// `answer.photos`: ids. `begin()` is called before a picture is taken, `keep()` writes the answer; the block redraws itself.
export function photos(one, seq, answer, { wanted, begin, keep }) {
  const block = h("section", { class: "evidence", "aria-label": t("Photos"), "aria-busy": "true" });
  const said = h("p", { class: "said", role: "status" });
  const input = h("input", { id: "camera", type: "file", accept: "image/*", capture: "environment", class: "off-screen", onchange: () => add([...input.files]) });

  async function add(files) {
    begin();
    for (const file of files) {
      if (answer.photos.length >= MOST_PHOTOS || one.records.reduce((sum, record) => sum + (record.photos?.length ?? 0), 0) + answer.photos.length >= PHOTOS_OF_TASK) {
        said.textContent = t("No more photos here: at most %(count)s of an answer and %(whole)s of a patrol.", { count: MOST_PHOTOS, whole: PHOTOS_OF_TASK });
        break;
      }
      said.textContent = t("The photo is being kept …");
      try {
        const photo = await keepPhoto(one, seq, { ...(await taken(file, lines(one, seq))), position: latest() });
        answer.photos = [...answer.photos, photo.id];
        await keep();
        said.textContent = "";
        say(t("Photo kept"));
      } catch (error) {
        said.textContent = error instanceof NoPicture ? t("This is no picture we can read.") : storeTrouble(error);
      }
    }
    input.value = "";
    await draw();
  }

  async function drop(id) {
    if (!(await ask(t("Remove this photo?"), "", [{ words: t("Remove"), value: true, kind: "button" }, { words: t("Keep"), value: null }]))) return;
    answer.photos = answer.photos.filter((one_) => one_ !== id);
    await keep();
    await dropPhoto(id);
    await draw();
  }

  async function draw() {
    const kept = (await Promise.all(answer.photos.map((id) => get("photos", id)))).filter(Boolean);
    const hadFocus = block.contains(document.activeElement);
    block.replaceChildren(
      h("div", { class: "pictures" }, kept.map((photo, index) => h("figure", null,
        h("img", { src: photo.thumbnail, alt: t("Photo %(count)s", { count: index + 1 }) }),
        button(t("Remove"), () => drop(photo.id), "link", { "aria-label": t("Remove photo %(count)s", { count: index + 1 }) })))),
      h("label", { class: `shoot${wanted() && !kept.length ? " wanted" : ""}`, for: "camera" }, input,
        h("span", null, kept.length ? t("One more photo") : t("Take a photo (marked with time and place)"))),
      said);
    if (hadFocus) document.getElementById("camera")?.focus({ preventScroll: true });
    block.removeAttribute("aria-busy");
  }
  draw();
  block.redraw = draw;
  return block;
}

export async function keepSignature(one, seq, canvas) {
  return (await keepPhoto(one, seq, { ...(await ofCanvas(canvas)), is_signature: true })).id;
}

function lines(one, seq) {
  const here = latest();
  const place = seq === 0 ? one.task.venue.name : `${one.task.venue.name} · ${one.point(seq).name}`;
  const where = here ? `${here.lat.toFixed(5)}, ${here.lon.toFixed(5)} ±${here.accuracy_m} m` : t("Position unknown");
  return [`${whole(serverNow())}  ${one.task.number}`, place, `${where}  ${one.person.name}`];
}

export function storeTrouble(error) {
  if (error?.name === "QuotaExceededError") return t("The phone's memory is full: nothing was kept. Make room, then try again; what is on the screen stays.");
  console.error(error);
  return t("It could not be kept on this phone. Try again; what is on the screen stays.");
}
