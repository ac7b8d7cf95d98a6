// Where the phone is, while a task is open: watched, so that a check-in rarely has to wait for it.
const FRESH_MS = 30000;
const WAIT_MS = 3000;
let watch = null;
let last = null;
let refused = false;
const heard = new Set();

export const onPosition = (listener) => { heard.add(listener); return () => heard.delete(listener); };
export const isRefused = () => refused || !navigator.geolocation;

export function start() {
  if (watch !== null || !navigator.geolocation) return;
  watch = navigator.geolocation.watchPosition(({ coords }) => {
    refused = false;
    last = { lat: Number(coords.latitude.toFixed(6)), lon: Number(coords.longitude.toFixed(6)), accuracy_m: Math.round(coords.accuracy), taken: performance.now() };
    for (const listener of heard) listener(last);
  }, (error) => {
    refused = error.code === error.PERMISSION_DENIED;
    for (const listener of heard) listener(null);
  }, { enableHighAccuracy: true, maximumAge: 15000, timeout: 20000 });
}

export function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
}

export const latest = () => (last && performance.now() - last.taken < FRESH_MS ? last : null);

// Return the position, waiting a little for one; null without: nobody is kept from working for it.
export function current() {
  if (latest() || isRefused()) return Promise.resolve(latest());
  start();
  return new Promise((resolve) => {
    const done = (found) => { clearTimeout(timer); off(); resolve(found ?? latest()); };
    const timer = setTimeout(done, WAIT_MS);
    const off = onPosition(done);
  });
}

const RADIUS_M = 6371000;
export function metres(from, to) {
  if (!from || to?.lat == null || to?.lon == null) return null;
  const rad = Math.PI / 180;
  const a = Math.sin(((to.lat - from.lat) * rad) / 2) ** 2
    + Math.cos(from.lat * rad) * Math.cos(to.lat * rad) * Math.sin(((to.lon - from.lon) * rad) / 2) ** 2;
  return 2 * RADIUS_M * Math.asin(Math.sqrt(a));
}
