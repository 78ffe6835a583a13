// Single samples of a snapshot, which is a grid of tiles: one through time; and before and after in one place.

import { exact, h } from "/assets/dom.js";

export function wiper(before = "", after = "") {
  const under = h("img", { src: before, alt: "Before" }), over = h("img", { src: after, alt: "After", class: "after" });
  const slider = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Before on the left, after on the right", oninput: cut });
  function cut() { over.style.clipPath = `inset(0 0 0 ${slider.value}%)`; slider.setAttribute("aria-valuetext", `${slider.value} per cent before`); }
  cut();
  const element = h("div", { class: "wiper" }, h("div", { class: "both" }, under, over), slider, h("p", { class: "muted small" }, "Before on the left, after on the right."));
  return { element, update(one, other) { under.src = one; over.src = other; under.className = under.naturalWidth < 320 ? "pixels" : ""; over.className = `after ${under.className}`; } };
}

const GREY = 96;

// Where tiles begin and end along one way: between lines that are of the colour of the gaps throughout.
function spans(data, width, height, across) {
  const [long, short] = across ? [width, height] : [height, width], found = [];
  const gap = at => {
    for (let k = 0; k < short; k += 2) {
      const pixel = 4 * (across ? k * width + at : at * width + k);
      for (let c = 0; c < 3; c++) if (Math.abs(data[pixel + c] - GREY) > 8) return false;
    }
    return true;
  };
  let begun = -1;
  for (let at = 0; at <= long; at++) {
    const edge = at === long || gap(at);
    if (!edge && begun < 0) begun = at;
    if (edge && begun >= 0) { found.push([begun, at]); begun = -1; }
  }
  return found;
}

// The tiles of a picture: [left, top, width, height] each, row by row; none where it is no grid.
export function tilesOf(image) {
  const canvas = document.createElement("canvas"), width = canvas.width = image.naturalWidth, height = canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, width, height).data, columns = spans(data, width, height, true), rows = spans(data, width, height, false);
  if (columns.length * rows.length < 2 || rows.some(([a, b]) => Math.abs(b - a - (rows[0][1] - rows[0][0])) > 1)) return Object.assign([], { columns: 0 });
  const tiles = rows.flatMap(([top, end]) => columns.map(([left, right]) => [left, top, right - left, end - top]));
  return Object.assign(tiles, { columns: columns.length });
}

export function cut(image, [left, top, width, height]) {
  const tile = document.createElement("canvas");
  tile.width = width;
  tile.height = height;
  tile.getContext("2d").drawImage(image, left, top, width, height, 0, 0, width, height);
  return tile.toDataURL();
}

// One sample through time: chosen by its number or by a click into the grid; `load` gives the picture of a snapshot.
export function history(stage, load) {
  const number = h("input", { type: "number", min: 1, value: 1, "aria-label": "Which sample is shown through time", onchange: () => show() });
  const strip = h("div", { class: "strip8" }), element = h("details", { class: "card" }, h("summary", {}, "One sample through time"), h("p", {}, h("label", {}, "Sample ", number), h("span", { class: "muted small" }, " or click it in the picture")), strip);
  let steps = [], wanted = 0;
  stage.addEventListener("click", event => {
    const box = stage.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * stage.naturalWidth, y = (event.clientY - box.top) / box.height * stage.naturalHeight;
    const at = tilesOf(stage).findIndex(([left, top, width, height]) => x >= left && x < left + width && y >= top && y < top + height);
    if (at < 0) return;
    number.value = at + 1;
    element.open = true;
    show();
  });
  element.addEventListener("toggle", () => show());
  async function show() {
    if (!element.open || !steps.length) return;
    const mine = ++wanted, count = Math.min(9, steps.length);
    const chosen = [...new Set(Array.from({ length: count }, (_, k) => steps[Math.round(k / Math.max(1, count - 1) * (steps.length - 1))]))];
    const pictures = await Promise.all(chosen.map(seen => load(seen).catch(() => null)));
    if (mine !== wanted) return;
    strip.replaceChildren(...pictures.flatMap((picture, k) => {
      const tiles = picture ? tilesOf(picture) : [], tile = tiles[Math.min(tiles.length, Math.max(1, Math.floor(+number.value) || 1)) - 1];
      if (!tile) return [];
      number.max = tiles.length;
      return [h("figure", {}, h("img", { src: cut(picture, tile), class: "pixels", alt: `Sample ${number.value} after ${exact(chosen[k])} samples` }), h("figcaption", { class: "muted small" }, exact(chosen[k])))];
    }));
    if (!strip.children.length) strip.textContent = "These snapshots are no grids of samples.";
  }
  return { element, update(now) { const anew = now.length !== steps.length; steps = now; if (anew) show(); } };
}

// Inputs beside outputs of a snapshot whose columns have these names; null where it has no such columns.
export function snapshotPairs(names) {
  const inputs = names.flatMap((name, i) => (name === "input" && names[i + 1] === "output" ? [i] : []));
  if (!inputs.length) return null;
  const view = wiper(), which = h("select", { "aria-label": "Which pair", onchange: show });
  let picture = null;
  const element = h("div", { class: "card" }, h("h3", {}, "Before and after"), h("p", {}, h("label", {}, "Image ", which)), view.element);
  function show() {
    const tiles = tilesOf(picture), pairs = tiles.flatMap((tile, at) => (inputs.includes(at % tiles.columns) && tiles[at + 1] ? [[tile, tiles[at + 1]]] : []));
    element.hidden = !pairs.length || tiles.columns > names.length;
    if (element.hidden) return;
    if (which.children.length !== pairs.length) which.replaceChildren(...pairs.map((_, i) => h("option", { value: i }, i + 1)));
    view.update(...pairs[+which.value || 0].map(tile => cut(picture, tile)));
  }
  return { element, update(image) { picture = image; show(); } };
}
