// Elements without markup in strings: what people typed can never become part of the page.
const AS_PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "srcObject", "textContent", "selected", "open"]);

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  const late = [];
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (AS_PROPERTIES.has(name)) late.push([name, value]);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  for (const [name, value] of late) element[name] = value; // a select knows its value once it has its options
  return element;
}

export const button = (words, onclick, className = "button", more = {}) =>
  h("button", { type: "button", class: className, onclick, ...more }, words);

const spoken = document.getElementById("spoken");
export function say(words) {
  if (spoken.textContent === words) spoken.textContent = "";
  requestAnimationFrame(() => (spoken.textContent = words));
}

// Ask before what cannot be undone. Resolves to the value of the choice, null when the dialog is left.
export function ask(title, text, choices) {
  return new Promise((resolve) => {
    let chosen = null;
    const dialog = h("dialog", { class: "sheet", "aria-labelledby": "asked" },
      h("h2", { id: "asked" }, title),
      text && h("p", null, text),
      h("div", { class: "stack" }, choices.map(({ words, value, kind }) =>
        button(words, () => { chosen = value; dialog.close(); }, kind ?? "button second"))));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(chosen); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const field = (id, label, control, hint) =>
  h("div", { class: "field" }, h("label", { for: id }, label), hint && h("p", { class: "quiet", id: `${id}-hint` }, hint), control);

export const notice = (kind, ...children) => h("div", { class: `notice ${kind}` }, ...children);
