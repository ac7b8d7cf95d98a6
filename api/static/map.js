// Draws the map beside its table. Numbers and table come from the page itself, so both always say the same.
const { L } = window;
const frame = document.getElementById("map-frame");
const form = document.getElementById("map-filters");
const trouble = document.getElementById("map-trouble");
const SHADES = ["#fff", "#d6e6f7", "#9cc4ea", "#4f93d2", "#0b4f94"];
const NO_DATA = "url(#no-data)";
const CELL = 56; // pixels: points closer than this are one circle
const MANY = 40; // areas: with more, names would cover each other until one comes closer

function start() {
  const host = document.getElementById("map");
  const asked = host.dataset;
  const state = { data: read(document), outlines: null, level: null, points: {} };
  frame.hidden = false;
  // The heat layer reads its canvas back each time; said beforehand, browsers keep it where reading is cheap.
  const heat = window.simpleheat;
  window.simpleheat = (canvas) => (canvas.getContext("2d", { willReadFrequently: true }), heat(canvas));

  const map = L.map(host, { zoomControl: false, zoomSnap: 0.25, minZoom: 3, maxZoom: 19, zoomAnimation: calm(), fadeAnimation: false, markerZoomAnimation: calm() });
  L.control.zoom({ zoomInTitle: asked.in, zoomOutTitle: asked.out }).addTo(map);
  map.attributionControl.setPrefix(false);
  if (asked.tiles) L.tileLayer(asked.tiles, { attribution: text(asked.source), maxZoom: 19 }).addTo(map);
  map.setView([30, 110], 4);
  // From below: areas, heat (where Leaflet puts it), rings of venues, dots of cases; none hides the one beneath.
  for (const [name, height] of [["areas", 350], ["venues", 450], ["cases", 460]]) map.createPane(name).style.zIndex = height;
  const layers = { areas: L.layerGroup().addTo(map), cases: L.layerGroup(), venues: L.layerGroup(), heat: null };

  const chosen = (name) => frame.querySelector(`.layers [value=${name}]`).checked;
  frame.querySelector(".layers").addEventListener("change", () => draw());
  map.on("zoomend", () => (drawPoints(), names()));
  form.addEventListener("submit", (event) => (event.preventDefault(), go(query())));
  form.addEventListener("change", () => go(query()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sort]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = [...link.closest("tr").children].indexOf(link.parentElement);
    go(new URL(link.href).search).then(() => document.querySelectorAll("#figures thead th")[index]?.querySelector("a")?.focus());
  });
  addEventListener("beforeprint", () => onPaper(true));
  addEventListener("afterprint", () => onPaper(false));
  slider(go);
  draw();

  // A sheet has a width of its own: what is drawn for the screen would be cut at its edge.
  function onPaper(is) {
    host.classList.toggle("on-paper", is);
    map.invalidateSize({ animate: false });
    fit();
  }

  function fit() {
    const bounds = L.geoJSON(state.outlines).getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { animate: false, padding: [8, 8] });
  }

  function query() {
    const fields = new URLSearchParams(new FormData(form));
    const now = new URLSearchParams(location.search);
    for (const kept of ["sort", "falling"]) if (now.has(kept)) fields.set(kept, now.get(kept));
    return `?${fields}`;
  }

  let latest = 0;
  async function go(search) {
    const mine = ++latest;
    try {
      const answer = await fetch(`/map${search}`, { headers: { accept: "text/html" } });
      if (answer.status === 422) return location.assign(`/map${search}`); // the page says what is wrong
      if (answer.redirected || !answer.ok) throw Object.assign(new Error("refused"), { refused: true });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== latest) return;
      document.getElementById("figures").replaceWith(page.getElementById("figures"));
      history.replaceState(null, "", `/map${search}`);
      // Language and text size lead back to what is shown now.
      const links = page.querySelectorAll(".mine a");
      document.querySelectorAll(".mine a").forEach((link, index) => links[index] && (link.href = links[index].getAttribute("href")));
      state.data = read(document);
      state.points = {};
      trouble.hidden = true;
      await draw();
    } catch (error) {
      if (mine === latest) complain(error);
    }
  }

  function complain(error) {
    trouble.textContent = error.refused ? trouble.dataset.refused : trouble.dataset.away;
    trouble.hidden = false;
  }

  async function get(path, fields) {
    const answer = await fetch(`/api/v1/map/${path}?${new URLSearchParams({ ...fields, system: asked.system })}`);
    if (!answer.ok) throw Object.assign(new Error(path), { refused: answer.status === 401 || answer.status === 403 });
    return answer.json();
  }

  async function draw() {
    try {
      if (state.level !== state.data.level) {
        state.outlines = await get("outlines", { level: state.data.level });
        state.level = state.data.level;
        drawAreas();
        document.getElementById("no-outlines").hidden = state.outlines.features.length > 0;
        fit();
      } else drawAreas();
      const { measure, process, hazard, from, to } = state.data;
      const wanted = { measure, process, hazard: hazard || "", from, to };
      if (chosen("cases") || chosen("heat")) state.points.cases ??= await get("points", { layer: "cases", ...wanted });
      if (chosen("venues")) state.points.venues ??= await get("points", { layer: "venues", from, to });
      drawPoints();
      drawHeat();
      say();
      host.dataset.drawn = `${state.data.level} ${from} ${to} ${measure}`;
    } catch (error) {
      complain(error);
    }
  }

  function drawAreas() {
    layers.areas.clearLayers();
    const areas = Object.fromEntries(state.data.areas.map((area) => [area.code, area]));
    const known = { ...state.outlines, features: state.outlines.features.filter((one) => areas[one.properties.code]) };
    const shapes = L.geoJSON(known, {
      pane: "areas",
      style: (one) => ({ color: "#3d4855", weight: 1.5, fillOpacity: asked.tiles ? 0.75 : 1, ...fill(areas[one.properties.code]) }),
      onEachFeature: (one, layer) => {
        const area = areas[one.properties.code];
        layer.bindPopup(() => about(area));
        layer.on("add", () => layer.getElement()?.setAttribute("data-area", area.code));
      },
    });
    if (chosen("areas")) shapes.addTo(layers.areas);
    names();
  }

  let labels = [];
  function names() {
    for (const label of labels) label.remove();
    labels = [];
    if (!chosen("areas") || !state.outlines) return;
    const areas = Object.fromEntries(state.data.areas.map((area) => [area.code, area]));
    const crowded = state.outlines.features.length > MANY && map.getZoom() < 14;
    for (const { properties } of state.outlines.features) {
      const area = areas[properties.code];
      if (!area || crowded) continue;
      const words = document.createElement("span");
      words.append(area.name, element("b", area.written));
      labels.push(L.tooltip({ permanent: true, direction: "center", className: "area-name", interactive: false }).setLatLng(properties.middle).setContent(words).addTo(map));
    }
  }

  function about(area) {
    const row = document.querySelector(`#figures tr[data-area="${CSS.escape(area.code)}"]`);
    const box = document.createElement("div");
    box.append(element("h3", area.name), element("p", area.empty_words || `${area.written} ${state.data.unit}`));
    for (const link of row ? row.querySelectorAll("td a") : []) {
      const line = element("p", "");
      const copy = link.cloneNode(true);
      line.append(`${link.parentElement.dataset.name ?? ""} `, copy);
      box.append(line);
    }
    return box;
  }

  function drawPoints() {
    const inside = new Map(); // cell → how large its cases are drawn: the ring of its venues goes around them
    for (const layer of ["cases", "venues"]) {
      layers[layer].clearLayers();
      if (!chosen(layer) || !state.points[layer]) {
        layers[layer].remove();
        continue;
      }
      layers[layer].addTo(map);
      for (const [cell, group] of grouped(state.points[layer].points)) {
        const drawn = circle(group, layer, inside.get(cell)).addTo(layers[layer]);
        if (layer === "cases") inside.set(cell, drawn.getRadius());
      }
    }
  }

  function grouped(points) {
    const cells = new Map();
    for (const point of points) {
      const { x, y } = map.project([point.lat, point.lon]);
      const key = map.getZoom() >= 17 ? point.venue : `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(point);
    }
    return cells;
  }

  function circle(group, layer, inside = 0) {
    const count = group.reduce((sum, point) => sum + point.count, 0);
    const middle = [mean(group, "lat"), mean(group, "lon")];
    const radius = Math.min(26, 7 + 2 * Math.sqrt(count));
    const look = layer === "cases" ? { radius, color: "#fff", weight: 2, fillColor: "#b3261e", fillOpacity: 0.9 }
      : { radius: Math.max(radius, inside && inside + 5), color: "#0a6b3b", weight: 4, fillColor: "#fff", fillOpacity: 0.6 };
    const drawn = L.circleMarker(middle, { ...look, pane: layer });
    const words = asked[layer === "cases" ? "cases" : "venues"].replace("{n}", layer === "cases" ? count : group.length);
    drawn.bindTooltip(element("span", group.length === 1 ? `${group[0].name} · ${words}` : words));
    if (group.length === 1) {
      const box = document.createElement("div");
      const link = element("a", asked.venue);
      link.href = `/venues/${group[0].venue}`;
      box.append(element("h3", group[0].name), element("p", words), link);
      drawn.bindPopup(box);
    } else drawn.on("click", () => map.fitBounds(L.latLngBounds(group.map((point) => [point.lat, point.lon])).pad(0.2)));
    return drawn;
  }

  function drawHeat() {
    layers.heat?.remove();
    layers.heat = null;
    if (!chosen("heat") || !state.points.cases?.points.length) return;
    const most = Math.max(...state.points.cases.points.map((point) => point.count));
    const spots = state.points.cases.points.map((point) => [point.lat, point.lon, point.count / most]);
    layers.heat = L.heatLayer(spots, { radius: 26, blur: 20, minOpacity: 0.25, maxZoom: map.getZoom() }).addTo(map);
  }

  function say() {
    for (const line of frame.querySelectorAll(".dots [data-layer]")) line.hidden = !chosen(line.dataset.layer);
    const said = document.getElementById("points-said");
    const shown = ["cases", "venues"].filter((name) => chosen(name) || (name === "cases" && chosen("heat"))).map((name) => state.points[name]);
    const left = shown.find((one) => one?.left_off);
    said.textContent = left ? said.dataset.left.replace("{n}", left.points.length).replace("{left}", left.left_off)
      : shown.length && shown.every((one) => one && !one.points.length) ? said.dataset.none : "";
  }
}

// One handle moves the months chosen, as many as there are, through the last three years; arrow keys move it by one.
function slider(go) {
  const box = document.getElementById("slider");
  const handle = document.getElementById("month");
  const said = document.getElementById("month-words");
  const [from, to] = ["from", "to"].map((name) => form.elements[name]);
  const last = number(handle.dataset.last);
  const most = Number(handle.max);
  let waiting = 0;

  const place = () => {
    handle.value = most - (last - number(to.value));
    words();
  };
  const words = () => {
    said.textContent = from.value === to.value ? to.value : `${from.value} – ${to.value}`;
    handle.setAttribute("aria-valuetext", said.textContent);
  };
  handle.addEventListener("input", () => {
    const length = number(to.value) - number(from.value);
    const end = last - (most - Number(handle.value));
    to.value = month(end);
    from.value = month(end - length);
    words();
    clearTimeout(waiting);
    waiting = setTimeout(() => go(`?${new URLSearchParams(new FormData(form))}`), 200);
  });
  handle.addEventListener("change", (event) => event.stopPropagation());
  form.addEventListener("change", place);
  box.hidden = false;
  place();
}

const number = (words) => Number(words.slice(0, 4)) * 12 + Number(words.slice(5, 7)) - 1;
const month = (count) => `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, "0")}`;
const mean = (points, name) => points.reduce((sum, point) => sum + point[name], 0) / points.length;
const calm = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
const read = (page) => JSON.parse(page.getElementById("map-data").textContent);
const fill = (area) => (area.shade === null ? { fillColor: NO_DATA, fillOpacity: 1 } : { fillColor: SHADES[area.shade] });

function element(name, words) {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}

function text(words) {
  const span = document.createElement("span");
  span.textContent = words;
  return span.innerHTML;
}

if (frame) start();
