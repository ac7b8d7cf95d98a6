// Keeps the cockpit fresh without a flicker, draws its charts, and says so when the server is away. Every number comes
// with the page; what is there stays until there is something newer.
import { init } from "./vendor/echarts/echarts.min.js";

const KIOSK = document.documentElement.classList.contains("kiosk");
const EVERY = KIOSK ? 30_000 : 60_000;
const PATIENCE = 15_000;
const FORGOTTEN = 15 * 60_000; // a desk nobody sits at must not keep its sign-in alive; a screen on the wall may
const MOST = 24; // bars in one chart; the table beneath has everybody
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const screen = document.getElementById("screen");
const charts = new Map();
let lastTouched = Date.now();
let asking = false;

async function refresh() {
  if (asking || (!KIOSK && (document.hidden || Date.now() - lastTouched > FORGOTTEN))) return;
  asking = true;
  try {
    const look = new URLSearchParams(location.search).get("look");
    const address = KIOSK ? `/cockpit?kiosk=1${look ? `&look=${encodeURIComponent(look)}` : ""}` : "/cockpit";
    const headers = { accept: "text/html", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.redirected || [401, 403].includes(answer.status)) return complain("refused");
    if (!answer.ok) return complain("away");
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    complain("away");
  } finally {
    asking = false;
  }
}

function take(page) {
  const fresh = page.getElementById("cockpit");
  const here = document.getElementById("cockpit");
  if (!here) document.getElementById("main").replaceChildren(document.adoptNode(fresh));
  else {
    for (const part of here.querySelectorAll("[data-part]")) {
      const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!other || (part.innerHTML === other.innerHTML && part.className === other.className)) continue;
      const held = part.contains(document.activeElement) ? [...part.querySelectorAll("a")].indexOf(document.activeElement) : -1;
      part.className = other.className;
      part.replaceChildren(...[...other.childNodes].map((node) => document.adoptNode(node)));
      if (held >= 0) part.querySelectorAll("a")[held]?.focus();
    }
    document.getElementById("cockpit-data").textContent = page.getElementById("cockpit-data").textContent;
  }
  document.getElementById("line-down").hidden = true;
  draw();
}

function complain(why) {
  if (screen?.isConnected) {
    screen.textContent = screen.dataset[why];
    return;
  }
  const said = document.getElementById("line-down");
  const moment = read().as_of_words;
  said.textContent = said.dataset[why].replace("{moment}", KIOSK ? moment.slice(-5) : moment);
  said.hidden = false;
}

const read = () => JSON.parse(document.getElementById("cockpit-data").textContent);

function draw() {
  const data = read();
  const words = document.getElementById("cockpit-data").dataset;
  const colours = look();
  for (const host of document.querySelectorAll("[data-chart]")) {
    const option = { trend, kinds, areas, people }[host.dataset.chart](data, words, { ...colours, wide: host.clientWidth || host.parentElement.clientWidth });
    host.hidden = option === null;
    if (!option) continue;
    if (option.bars) host.dataset.bars = String(Math.min(option.bars, 24));
    if (!charts.has(host)) charts.set(host, init(host));
    const chart = charts.get(host);
    chart.resize();
    chart.setOption(option.chart, { replaceMerge: ["series"] });
    host.dataset.drawn = data.at;
  }
}

function look() {
  const style = getComputedStyle(document.getElementById("cockpit"));
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--chart-ink"), line: of("--chart-line"), one: of("--chart-one"), two: of("--chart-two"), bad: of("--chart-bad"), size: parseFloat(style.fontSize) * 0.875, font: style.fontFamily };
}

const text = (colours) => ({ color: colours.ink, fontSize: colours.size, fontFamily: colours.font });
// A tooltip as text on the canvas: the one made of HTML needs inline styles, which our policy refuses.
const shared = (colours) => ({ animation: false, textStyle: text(colours), tooltip: { trigger: "axis", renderMode: "richText", confine: true } });
const axis = (colours) => ({ axisLabel: text(colours), axisLine: { lineStyle: { color: colours.line } }, splitLine: { lineStyle: { color: colours.line } } });

function trend(data, words, colours) {
  if (data.days.every((day) => day.opened === null)) return null;
  const line = (name, key, color, symbol) => ({ name, type: "line", data: data.days.map((day) => day[key]), color, symbol, symbolSize: 7, lineStyle: { width: 2.5 } });
  return {
    chart: {
      ...shared(colours),
      legend: { top: 0, textStyle: text(colours) },
      grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: data.days.map((day) => day.on.slice(5)), ...axis(colours) },
      yAxis: { type: "value", minInterval: 1, ...axis(colours) },
      series: [line(words.opened, "opened", colours.one, "circle"), line(words.ended, "ended", colours.two, "triangle")],
    },
  };
}

function bars(rows, colours, { percent = false, target = null, words }) {
  const shown = [...rows].reverse(); // the first stands on top
  return {
    bars: rows.length,
    chart: {
      ...shared(colours),
      grid: { left: 8, right: 56, top: target === null ? 4 : 28, bottom: 4, containLabel: true },
      xAxis: { type: "value", min: 0, ...(percent ? { max: 100 } : { minInterval: 1 }), ...axis(colours) },
      yAxis: { type: "category", data: shown.map((row) => row.name), ...axis(colours), axisLabel: { ...text(colours), width: Math.min(190, Math.round(colours.wide / 3)), overflow: "truncate" } },
      series: [{
        type: "bar",
        barMaxWidth: 22,
        data: shown.map((row) => ({ value: row.value ?? 0, itemStyle: { color: target !== null && row.value !== null && row.value < target ? colours.bad : colours.one } })),
        label: { show: true, position: "right", ...text(colours), formatter: ({ dataIndex }) => (shown[dataIndex].value === null ? words.none : `${shown[dataIndex].value}${percent ? "%" : ""}`) },
        markLine: target === null ? undefined : { symbol: "none", silent: true, lineStyle: { color: colours.ink, type: "dashed" }, label: { ...text(colours), position: "end", formatter: `${words.target} ${target}%` }, data: [{ xAxis: target }] },
      }],
    },
  };
}

const kinds = (data, words, colours) => (data.kinds.length ? bars(data.kinds.map((one) => ({ name: one.label, value: one.count })), colours, { words }) : null);
const lowest = (rows) => (rows.length <= MOST ? rows : rows.filter((one) => one.on_time.percent !== null).sort((one, other) => one.on_time.percent - other.on_time.percent).slice(0, MOST));
const byShare = (rows, target, words, colours) => (rows?.length ? bars(lowest(rows).map((one) => ({ name: one.name, value: one.on_time.percent })), colours, { percent: true, target, words }) : null);
const areas = (data, words, colours) => byShare(data.areas, data.targets.on_time, words, colours);
const people = (data, words, colours) => byShare(data.people, data.targets.on_time, words, colours);

for (const kind of ["pointerdown", "keydown", "focusin"]) document.addEventListener(kind, () => (lastTouched = Date.now()));
addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
addEventListener("online", refresh);
document.addEventListener("visibilitychange", refresh);
addEventListener("offline", () => complain("away"));
setInterval(refresh, EVERY);
if (screen) refresh();
else draw();
