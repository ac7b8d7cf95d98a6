// A picture of the phone's camera: made smaller, marked with when and where, its camera's notes (EXIF) kept.
const LARGEST = 1600;
const THUMBNAIL = 160;
const QUALITY = 0.8;

export class NoPicture extends Error {}

// `lines`: what the mark says. Return {bytes, thumbnail, size} of a JPEG.
export async function taken(file, lines) {
  const image = await createImageBitmap(file).catch(() => { throw new NoPicture(); });
  const scale = Math.min(1, LARGEST / Math.max(image.width, image.height));
  const canvas = drawn(image, Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)));
  mark(canvas, lines);
  const small = new Uint8Array(await (await jpeg(canvas, QUALITY)).arrayBuffer());
  const original = await file.arrayBuffer();
  const notes = notesOf(new Uint8Array(original));
  const bytes = new Uint8Array(small.length + notes.length);
  bytes.set(small.subarray(0, 2));
  bytes.set(notes, 2);
  bytes.set(small.subarray(2), 2 + notes.length);
  const shrink = THUMBNAIL / Math.max(canvas.width, canvas.height);
  const tiny = drawn(canvas, Math.max(1, Math.round(canvas.width * shrink)), Math.max(1, Math.round(canvas.height * shrink)));
  image.close();
  // A picture used twice is told by what the camera made: marked, it differs each time.
  return { bytes: bytes.buffer, thumbnail: tiny.toDataURL("image/jpeg", 0.7), size: bytes.length, original_sha256: await digest(original) };
}

export async function ofCanvas(canvas) {
  const small = await (await jpeg(canvas, 0.9)).arrayBuffer();
  return { bytes: small, thumbnail: drawn(canvas, THUMBNAIL, Math.round((THUMBNAIL * canvas.height) / canvas.width)).toDataURL("image/jpeg", 0.7), size: small.byteLength };
}

async function digest(bytes) {
  if (!crypto.subtle) return null;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const jpeg = (canvas, quality) => new Promise((resolve, reject) =>
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new NoPicture())), "image/jpeg", quality));

function drawn(image, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas;
}

// White letters on a dark band at the foot: readable on whatever the picture shows.
function mark(canvas, lines) {
  const context = canvas.getContext("2d");
  const size = Math.max(11, Math.round(Math.min(canvas.width, canvas.height) / 32));
  const line = Math.round(size * 1.4);
  context.font = `600 ${size}px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif`;
  const top = canvas.height - line * lines.length - size;
  context.fillStyle = "rgba(0, 0, 0, .55)";
  context.fillRect(0, top, canvas.width, canvas.height - top);
  context.fillStyle = "#fff";
  context.textBaseline = "top";
  lines.forEach((words, index) => context.fillText(words, size * 0.6, top + size / 2 + index * line, canvas.width - size * 1.2));
}

// The segment APP1 "Exif" of a JPEG, whole; nothing when there is none. The picture stands upright now, so its
// orientation (tag 0x0112) becomes 1.
function notesOf(bytes) {
  const none = new Uint8Array(0);
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return none;
  for (let at = 2; at + 4 < bytes.length && bytes[at] === 0xff && bytes[at + 1] >= 0xe0 && bytes[at + 1] <= 0xef;) {
    const length = bytes[at + 2] * 256 + bytes[at + 3] + 2;
    if (bytes[at + 1] === 0xe1 && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "Exif") return upright(bytes.slice(at, at + length));
    at += length;
  }
  return none;
}

function upright(notes) {
  const tiff = 10; // marker, length and "Exif\0\0"
  const view = new DataView(notes.buffer, notes.byteOffset + tiff, notes.length - tiff);
  try {
    const isLittle = view.getUint16(0) === 0x4949;
    const directory = view.getUint32(4, isLittle);
    for (let index = 0; index < view.getUint16(directory, isLittle); index += 1) {
      const entry = directory + 2 + index * 12;
      if (view.getUint16(entry, isLittle) === 0x0112) view.setUint16(entry + 8, 1, isLittle);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // damaged notes: as the camera left them
  }
  return notes;
}
