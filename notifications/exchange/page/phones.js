// Keeps the phones live: replaces the cards that changed and presses buttons without leaving the page.
// Without it the page still works: every button is a form and the page reloads itself.
"use strict";

const line = document.getElementById("line");
const notice = document.getElementById("notice");
const title = document.title;

function cardOf(number) {
  return [...document.querySelectorAll(".phone")].find((card) => card.dataset.number === number);
}

function ready(root) {
  for (const button of root.querySelectorAll(".speak")) button.hidden = !("speechSynthesis" in window);
}

function show({ number, html, ringing }) {
  const old = cardOf(number);
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const card = holder.content.firstElementChild;
  ready(card);
  if (old) {
    for (const details of old.querySelectorAll("details[open]")) {
      const same = card.querySelector(`details[data-keep="${details.dataset.keep}"]`);
      if (same) same.open = true;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? [...old.querySelectorAll("button, a, summary")].indexOf(focused) : -1;
    const action = focused && focused.form ? focused.form.getAttribute("action") : null;
    old.replaceWith(card);
    if (focused) {
      const same = action ? card.querySelector(`form[action="${action}"] button`) : null;
      (same || card.querySelectorAll("button, a, summary")[place] || card.querySelector("a")).focus({ preventScroll: true });
    }
  } else {
    const empty = document.getElementById("empty");
    if (empty) empty.remove();
    document.getElementById("phones").append(card);
  }
  const bar = document.getElementById("ringing");
  if (bar.innerHTML.trim() !== ringing.trim()) bar.innerHTML = ringing;
  const count = bar.querySelectorAll("li").length;
  document.title = count ? `(${count}) ${title}` : title;
}

function state(on) {
  line.className = on ? "line on" : "line off";
  line.textContent = on ? line.dataset.live : line.dataset.offline;
}

const { stream, after, failed } = document.body.dataset;
const source = new EventSource(`${stream}&after=${encodeURIComponent(after)}`);
source.addEventListener("open", () => state(true));
source.addEventListener("error", () => state(false));
source.addEventListener("phone", (event) => show(JSON.parse(event.data)));
source.addEventListener("reload", () => location.reload());

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" } });
    notice.hidden = answer.ok;
  } catch {
    notice.hidden = false;
  }
  if (!notice.hidden) notice.textContent = failed;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".speak");
  if (!button) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(button.dataset.text);
  words.lang = button.dataset.language;
  speechSynthesis.speak(words);
});

ready(document);
