// Shrinks chosen photos to 2,000 pixels before they are sent; the camera's notes (APP1) travel along as evidence.
for (const input of document.querySelectorAll("input[type=file]")) {
  input.onchange = async () => {
    const out = new DataTransfer();
    for (const file of input.files) out.items.add(await shrunk(file).catch(() => file));
    input.files = out.files;
  };
}
async function shrunk(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (file.size < 4e5 || bytes[0] != 255 || bytes[1] != 216) return file;
  const image = await createImageBitmap(file);
  const scale = Math.min(1, 2000 / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  let notes = bytes.slice(0, 0);
  for (let at = 2; bytes[at] == 255 && bytes[at + 1] > 223 && bytes[at + 1] < 240; at += bytes[at + 2] * 256 + bytes[at + 3] + 2)
    if (bytes[at + 1] == 225 && bytes[at + 4] == 69) notes = bytes.slice(at, at + bytes[at + 2] * 256 + bytes[at + 3] + 2);
  // The picture stands upright now: orientation (tag 0x0112, one short) becomes 1.
  for (let i = 0; i < notes.length - 9; i++)
    if (notes[i] + notes[i + 1] == 19 && notes[i] * notes[i + 1] == 18 && notes[i + 2] + notes[i + 3] == 3 && notes[i + 8] + notes[i + 9] < 9) {
      notes[i + 8] = notes[i] == 1 ? 0 : 1;
      notes[i + 9] = notes[i] == 1 ? 1 : 0;
      break;
    }
  return small.size < file.size ? new File([bytes.slice(0, 2), notes, small.slice(2)], file.name, { type: small.type }) : file;
}
