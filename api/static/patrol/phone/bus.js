// Says that something was written: to this tab and to the others.
const channel = "BroadcastChannel" in window ? new BroadcastChannel("fireline-patrol") : null;
const heard = new Set();

export const onChange = (listener) => heard.add(listener);

export function changed(what = "records") {
  for (const listener of heard) listener(what);
  channel?.postMessage(what);
}

channel?.addEventListener("message", (event) => {
  for (const listener of heard) listener(event.data);
});
