// Signing out on an office page: what the phone keeps of this person's patrols goes, unless something has not been uploaded.
import { counts, forget, get, isThere } from "./store.js";

export async function leave() {
  if (!(await isThere())) return;
  const who = await get("meta", "person");
  if (!who) return;
  const { draft, pending, failed } = await counts(who);
  if (draft + pending + failed === 0) await forget(who);
}
