// Draws the charts beside the tables of how patrols are kept. Every number comes with the page.
import { init } from "../vendor/echarts/echarts.min.js";

const MOST = 24; // bars in one chart; the table beneath has everybody
const held = document.getElementById("compliance-data");
const data = JSON.parse(held.textContent);

for (const host of document.querySelectorAll("[data-chart]")) {
  const isShare = host.dataset.chart !== "items";
  const rows = data[host.dataset.chart].filter((row) => row.value !== null).sort((one, other) => (isShare ? one.value - other.value : other.value - one.value)).slice(0, MOST).reverse();
  if (!rows.length) continue;
  host.hidden = false;
  const style = getComputedStyle(host);
  const of = (name) => style.getPropertyValue(name).trim();
  const text = { color: of("--chart-ink"), fontFamily: style.fontFamily, fontSize: parseFloat(style.fontSize) * 0.875 };
  const axis = { axisLabel: text, axisLine: { lineStyle: { color: of("--chart-line") } }, splitLine: { lineStyle: { color: of("--chart-line") } } };
  const chart = init(host);
  chart.setOption({
    animation: false,
    textStyle: text,
    // A tooltip as text on the canvas: the one made of HTML needs inline styles, which our policy refuses.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    grid: { left: 8, right: 56, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: 0, ...(isShare ? { max: 100 } : { minInterval: 1 }), ...axis },
    yAxis: { type: "category", data: rows.map((row) => row.name), ...axis, axisLabel: { ...text, width: Math.min(190, Math.round(host.clientWidth / 3)), overflow: "truncate" } },
    series: [{
      name: isShare ? held.dataset.kept : held.dataset.times,
      type: "bar",
      barMaxWidth: 22,
      color: isShare ? of("--chart-one") : of("--chart-bad"),
      data: rows.map((row) => row.value),
      label: { show: true, position: "right", ...text, formatter: ({ value }) => (isShare ? `${value}%` : `${value}`) },
    }],
  });
  host.dataset.drawn = "1";
  addEventListener("resize", () => chart.resize());
}
