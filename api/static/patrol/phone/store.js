// Everything the phone keeps, in IndexedDB. What a page shows as done has been written here before.
const NAME = "fireline-patrol";
const SHAPE = 1;
export const STORES = ["meta", "work", "records", "photos", "batches"];
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, SHAPE);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("meta");
      db.createObjectStore("work");
      const records = db.createObjectStore("records", { keyPath: "id" });
      records.createIndex("task", ["person", "task"]);
      records.createIndex("box", ["person", "box"]);
      db.createObjectStore("photos", { keyPath: "id" }).createIndex("task", ["person", "task"]);
      db.createObjectStore("batches", { keyPath: "id" });
    };
    request.onsuccess = () => {
      // A newer page may need the database in another shape: let go, and open anew when asked again.
      request.result.onversionchange = () => { request.result.close(); opening = null; };
      request.result.onclose = () => (opening = null);
      resolve(request.result);
    };
    request.onerror = () => { opening = null; reject(request.error); };
  });
  return opening;
}

// Whether this browser was ever used for patrols; asking makes no database.
export const isThere = async () => !indexedDB.databases || (await indexedDB.databases()).some(({ name }) => name === NAME);

// Without HTTPS, as on a test machine, browsers keep `randomUUID` back.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// One transaction: all of it is on the disk when the promise resolves, or nothing.
async function transact(names, mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(names, mode, { durability: "strict" });
    let result, failure;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(failure ?? transaction.error);
    const stores = Object.fromEntries([names].flat().map((name) => [name, transaction.objectStore(name)]));
    Promise.resolve(work(stores)).then((value) => (result = value), (error) => {
      failure = error;
      try { transaction.abort(); } catch { reject(error); }
    });
  });
}

export const read = (names, work) => transact(names, "readonly", work);
export const get = (name, key) => read(name, (stores) => asked(stores[name].get(key)));
export const put = (name, value, key) => write(name, (stores) => { stores[name].put(value, key); });
export const remove = (name, key) => write(name, (stores) => { stores[name].delete(key); });
export const ofTask = (name, person, task) => read(name, (stores) => asked(stores[name].index("task").getAll([person, task])));
export const inBox = (person, box) => read("records", ({ records }) => asked(records.index("box").getAll([person, box])));
export const everything = (name) => read(name, (stores) => asked(stores[name].getAll()));

// When the disk is full, pictures that have long arrived make room, and what was to be written is tried once more.
export async function write(names, work) {
  try {
    return await transact(names, "readwrite", work);
  } catch (error) {
    if (error?.name !== "QuotaExceededError" || !(await makeRoom())) throw error;
    return transact(names, "readwrite", work);
  }
}

async function makeRoom() {
  return transact(["photos"], "readwrite", async ({ photos }) => {
    const spent = (await asked(photos.getAll())).filter((photo) => photo.arrived && photo.bytes);
    for (const photo of spent) photos.put({ ...photo, bytes: null });
    return spent.length > 0;
  });
}

export async function counts(person) {
  return read("records", async ({ records }) => {
    const index = records.index("box");
    const found = {};
    for (const box of ["draft", "pending", "failed", "sent"]) found[box] = await asked(index.count([person, box]));
    return found;
  });
}

export async function device() {
  return write("meta", async ({ meta }) => {
    const known = await asked(meta.get("device"));
    if (known) return known;
    const made = newId();
    meta.put(made, "device");
    return made;
  });
}

// Nothing of anybody stays but the number of this phone, which proves nothing about a person, and its counter.
export async function forget(person) {
  await write(STORES, async (stores) => {
    for (const name of ["records", "photos", "batches"]) {
      const rows = await asked(stores[name].getAll());
      for (const row of rows) if (row.person === person) stores[name].delete(row.id);
    }
    stores.work.delete(person);
    if ((await asked(stores.meta.get("person"))) === person) stores.meta.delete("person");
  });
}
