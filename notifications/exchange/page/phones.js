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

// The phone that was sent something last stands first; while somebody is at a card, none of them moves under the hand.
function arrange(card) {
  const busy = document.getElementById("phones");
  const quiet = document.getElementById("quiet");
  const still = busy.contains(document.activeElement) && document.activeElement !== busy;
  if (card.querySelector(".quiet")) {
    if (quiet && !card.parentElement) quiet.querySelector(".phones").append(card);
    else if (!card.parentElement) busy.append(card);
  } else if (!still) {
    const older = [...busy.querySelectorAll(".phone")].find((other) => other !== card && !(other.dataset.last > card.dataset.last));
    if (!older || card.nextElementSibling !== older) busy.insertBefore(card, older || null);
  } else if (card.parentElement !== busy) {
    busy.append(card);
  }
  const empty = document.getElementById("empty");
  if (empty && busy.querySelector(".phone")) empty.remove();
  if (quiet) {
    const left = quiet.querySelectorAll(".phone").length;
    const words = quiet.querySelector("summary");
    words.textContent = words.textContent.replace(/\d+/, left);
    quiet.hidden = left === 0;
  }
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
    const place = focused ? [...old.querySelectorAll("button, a, summary, select")].indexOf(focused) : -1;
    const action = focused && focused.form && !focused.form.matches(".behave") ? focused.form.getAttribute("action") : null;
    old.replaceWith(card);
    if (focused) {
      const same = action ? card.querySelector(`form[action="${action}"] button`) : null;
      const next = focused.matches("select")
        ? card.querySelector("select")
        : same || card.querySelectorAll("button, a, summary, select")[place] || card.querySelector("a");
      if (focused.matches("select")) next.value = focused.value; // a choice that is not sent yet
      next.focus({ preventScroll: true });
    }
  }
  arrange(card);
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
    const body = form.classList.contains("behave") ? new URLSearchParams(new FormData(form)) : null;
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.ok && body && !body.has("number")) location.reload();
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
