// On site: read the code at the door, take the position, send photos while the form is still being filled in.
// Everything has a way without it: the code can be typed, the position left out, the photos sent with the form.
for (const box of document.querySelectorAll("[data-scan]")) offerScan(box);
for (const box of document.querySelectorAll("[data-position]")) offerPosition(box);
for (const box of document.querySelectorAll("[data-photos]")) sendAtOnce(box);

function offerScan(box) {
  const [start, stop, view, said] = ["start", "stop", "view", "said"].map((part) => box.querySelector(`[data-${part}]`));
  const video = view.querySelector("video");
  const field = document.getElementById(box.dataset.scan);
  if (!navigator.mediaDevices) return;
  start.hidden = false;
  let stream = null;
  const end = (words) => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    view.hidden = true;
    start.hidden = false;
    said.textContent = words;
  };
  stop.addEventListener("click", () => end(""));
  start.addEventListener("click", async () => {
    start.hidden = true;
    said.textContent = said.dataset.looking;
    try {
      const read = await reader(box.dataset.decoder);
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      view.hidden = false;
      await video.play();
      while (stream) {
        const code = codeIn(await read(video));
        if (code === null) said.textContent = said.dataset.foreign;
        if (code) {
          field.value = code;
          field.dispatchEvent(new Event("change", { bubbles: true }));
          navigator.vibrate?.(100);
          end(said.dataset.found);
          field.focus();
        }
        await new Promise((next) => setTimeout(next, 150));
      }
    } catch {
      end(said.dataset.noCamera);
    }
  });
}

// A code at a door is our address /v/{code}; "" nothing in sight, null something that is not ours.
function codeIn(text) {
  if (!text) return "";
  const found = /\/v\/([0-9A-Za-z-]{8,9})(?:[/?#]|$)/.exec(text) ?? /^([0-9A-Za-z]{8})$/.exec(text.trim());
  return found ? found[1].toUpperCase() : null;
}

async function reader(address) {
  if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
  }
  await new Promise((done, failed) => {
    if (window.jsQR) return done();
    document.head.append(Object.assign(document.createElement("script"), { src: address, onload: done, onerror: failed }));
  });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    if (!video.videoWidth) return "";
    const scale = Math.min(1, 640 / video.videoWidth);
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR(image.data, image.width, image.height)?.data ?? "";
  };
}

function offerPosition(box) {
  const start = box.querySelector("[data-start]");
  const said = box.querySelector("[data-said]");
  const field = (name) => box.closest("form").elements[name];
  if (!navigator.geolocation) return;
  start.hidden = false;
  start.addEventListener("click", () => {
    said.textContent = said.dataset.asking;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field("lat").value = coords.latitude.toFixed(6);
        field("lon").value = coords.longitude.toFixed(6);
        field("accuracy_m").value = Math.round(coords.accuracy);
        said.textContent = said.dataset.found.replace("{n}", Math.round(coords.accuracy));
      },
      () => (said.textContent = said.dataset.refused),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
}

function sendAtOnce(box) {
  const input = box.querySelector("input[type=file]");
  const kept = box.querySelector("[data-kept]");
  const said = box.querySelector("[data-said]");
  let waiting = Promise.resolve();
  // photos.js has put its own handler here; it shrinks, and so do we, through it.
  input.onchange = () => {
    const files = [...input.files];
    const left = new DataTransfer();
    waiting = waiting.then(async () => {
      for (const [index, file] of files.entries()) {
        const small = window.shrunk ? await window.shrunk(file).catch(() => file) : file;
        const id = await send(small, index + 1).catch((why) => {
          say(why.message || said.dataset.failed.replace("{n}", index + 1), null, "error");
          // Where a photo is needed the form takes the refused one along, so that the answer names it again.
          if (!why.message || "required" in box.dataset) left.items.add(small);
          return null;
        });
        if (id) keep(id, small);
      }
      input.files = left.files;
    });
  };
  input.closest("form").addEventListener("submit", (event) => {
    if (!box.querySelector("progress")) return;
    event.preventDefault(); // photos are under way: the form goes when they have arrived
    event.stopImmediatePropagation();
    waiting.then(() => input.closest("form").requestSubmit());
  }, true);

  function say(words, progress = null, kind = "") {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = words;
    if (progress) line.append(progress);
    said.append(line);
    return line;
  }

  function send(file, number) {
    const progress = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    const line = say(said.dataset.sending.replace("{n}", number), progress);
    progress.setAttribute("aria-label", line.textContent);
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append("file", file, file.name);
      request.open("POST", "/api/v1/uploads");
      request.responseType = "json";
      request.setRequestHeader("X-CSRF-Token", input.closest("form").elements.csrf.value);
      request.upload.onprogress = (event) => (progress.value = event.loaded / event.total);
      request.onload = () => {
        line.remove();
        if (request.status === 201) {
          say(said.dataset.sent.replace("{n}", number));
          done(request.response.id);
        } else failed(new Error(request.response?.detail ?? ""));
      };
      request.onerror = () => {
        line.remove();
        failed(new Error(""));
      };
      request.send(body);
    });
  }

  function keep(id, file) {
    const row = document.createElement("li");
    const picture = Object.assign(document.createElement("img"), { src: URL.createObjectURL(file), width: 88, height: 88, alt: file.name });
    const label = Object.assign(document.createElement("label"), { className: "check" });
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: "photos", value: id, checked: true });
    label.append(tick, ` ${said.dataset.keep}`);
    row.append(picture, label);
    kept.append(row);
  }
}
