// Reading the code at a point: BarcodeDetector, else jsQR; what cannot be read is typed.
const FACILITY_OR_VENUE = /\/[fv]\/([0-9A-Za-z-]{8,11})(?:[/?#]|$)/i;
const PLAIN = /^[0-9A-Za-z]{8}(?:[0-9A-Za-z]{2})?$/;
const BETWEEN_MS = 120;

// Return the code within what was read or typed; "" for nothing, null for what is none of ours.
export function codeIn(text) {
  const bare = (text ?? "").trim();
  if (!bare) return "";
  const found = FACILITY_OR_VENUE.exec(bare)?.[1] ?? (PLAIN.test(bare.replace(/[\s-]/g, "")) ? bare : null);
  return found === null ? null : fold(found);
}

// The server's alphabet leaves out what is mistaken for something else (domain/identifiers.py).
export const fold = (text) => text.normalize("NFKC").replace(/[\s\-_·.]/g, "").toUpperCase().replaceAll("S", "5").replaceAll("U", "V");

export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

// Look through the camera until `found(code)` returns true or `signal` is aborted; a foreign code calls `foreign()`.
export async function look(video, { found, foreign, signal }) {
  const read = await reader();
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (signal.aborted) return stop();
  signal.addEventListener("abort", stop);
  video.srcObject = stream;
  await video.play();
  try {
    while (!signal.aborted) {
      const code = codeIn(await read(video).catch(() => ""));
      if (code === null) foreign();
      else if (code && (await found(code))) return undefined;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
  } finally {
    stop();
  }
  return undefined;
}

// Light for a dark corridor, where the camera has one.
export async function light(video, on) {
  const [track] = video.srcObject?.getVideoTracks() ?? [];
  if (!track?.getCapabilities?.().torch) return false;
  await track.applyConstraints({ advanced: [{ torch: on }] });
  return true;
}

async function reader() {
  if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
  }
  await library();
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

const library = () => new Promise((resolve, reject) => {
  if (window.jsQR) return resolve();
  const src = new URL("../../vendor/jsqr/jsQR.js", import.meta.url).href;
  document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject }));
  return undefined;
});
