// What every staff page does beyond plain HTML: focus an error summary, narrow long lists, open the step in the address.
document.querySelector("[data-focus]")?.focus();

for (const box of document.querySelectorAll("[data-narrow]")) {
  const list = document.getElementById(box.dataset.narrow);
  const input = box.querySelector("input");
  box.hidden = false;
  const narrow = list.tagName === "SELECT" ? selectNarrower(list) : listNarrower(list);
  input.addEventListener("input", () => narrow(input.value.trim().toLowerCase()));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

// Browsers do not hide an <option> everywhere, so the list is made anew.
function selectNarrower(select) {
  const groups = [...select.querySelectorAll("optgroup")].map((group) => [group, [...group.children]]);
  return (words) => {
    const chosen = select.value;
    for (const [group, options] of groups) {
      const fitting = options.filter((option) => option.value === chosen || fits(option.textContent, words));
      group.replaceChildren(...fitting);
      group.hidden = !fitting.length;
      if (fitting.length) select.append(group);
      else group.remove();
    }
    select.value = chosen;
    const shown = select.querySelectorAll("optgroup option");
    if (words && shown.length === 1) select.value = shown[0].value;
  };
}

function listNarrower(list) {
  return (words) => {
    for (const group of list.children) {
      for (const row of group.querySelectorAll("li")) row.hidden = !(row.querySelector(":checked") || fits(row.textContent, words));
      group.hidden = !group.querySelector("li:not([hidden])");
    }
  };
}

function fits(text, words) {
  const plain = text.toLowerCase();
  return words.split(/\s+/).every((word) => plain.includes(word));
}

// What was corrected on the spot was found, too.
for (const list of document.querySelectorAll(".hazard-list")) {
  list.addEventListener("change", (event) => {
    const [found, corrected] = event.target.closest("li").querySelectorAll("input");
    if (event.target === corrected && corrected.checked) found.checked = true;
    if (event.target === found && !found.checked && corrected) corrected.checked = false;
  });
}

for (const more of document.querySelectorAll("[data-open-wide]")) if (matchMedia("(min-width: 56.01em)").matches) more.open = true;

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const step = target && target.closest("details");
  if (!step) return;
  step.open = true;
  step.scrollIntoView();
  step.querySelector("input:not([type=hidden]), select, textarea, button")?.focus({ preventScroll: true });
}
addEventListener("hashchange", openTarget);
openTarget();

// A form sent twice by an impatient thumb is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Whoever signs out leaves nothing of their patrols on this device, but for what has not been uploaded.
const LONGEST_MS = 1500;
const out = document.querySelector("form[action='/logout']");
out?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const forgotten = import("./patrol/phone/leave.js").then(({ leave }) => leave()).catch(() => {});
  await Promise.race([forgotten, new Promise((enough) => setTimeout(enough, LONGEST_MS))]);
  out.submit();
});
