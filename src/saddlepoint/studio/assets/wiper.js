// Before and after in one place, parted where a slider stands; and the pairs of a snapshot.

import { h } from "/assets/dom.js";

export function wiper(before = "", after = "") {
  const under = h("img", { src: before, alt: "Before" }), over = h("img", { src: after, alt: "After", class: "after" });
  const slider = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Before on the left, after on the right", oninput: cut });
  function cut() { over.style.clipPath = `inset(0 0 0 ${slider.value}%)`; slider.setAttribute("aria-valuetext", `${slider.value} per cent before`); }
  cut();
  const element = h("div", { class: "wiper" }, h("div", { class: "both" }, under, over), slider, h("p", { class: "muted small" }, "Before on the left, after on the right."));
  return { element, update(one, other) { under.src = one; over.src = other; under.className = under.naturalWidth < 320 ? "pixels" : ""; over.className = `after ${under.className}`; } };
}

// Where rows of tiles begin and end: between lines that are of the colour of the gaps throughout.
function rowsOf(context, width, height) {
  const data = context.getImageData(0, 0, width, height).data, found = [];
  let begun = -1;
  for (let y = 0; y <= height; y++) {
    let gap = true;
    for (let x = 0; gap && y < height && x < width; x += 2) for (let k = 0; k < 3; k++) if (Math.abs(data[4 * (y * width + x) + k] - 96) > 8) gap = false;
    if (!gap && begun < 0) begun = y;
    if (gap && begun >= 0) { found.push([begun, y]); begun = -1; }
  }
  return found;
}

// Inputs beside outputs of a snapshot whose columns have these names; calls back nothing where it has no such columns.
export function snapshotPairs(names) {
  const inputs = names.flatMap((name, i) => (name === "input" && names[i + 1] === "output" ? [i] : []));
  if (!inputs.length) return null;
  const view = wiper(), which = h("select", { "aria-label": "Which pair", onchange: show });
  let picture = null;
  const element = h("div", { class: "card" }, h("h3", {}, "Before and after"), h("p", {}, h("label", {}, "Image ", which)), view.element);
  function show() {
    const canvas = document.createElement("canvas"), gap = 2, width = (picture.naturalWidth - gap) / names.length - gap;
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const rows = rowsOf(context, canvas.width, canvas.height), count = rows.length * inputs.length;
    if (!count || width < 4) { element.hidden = true; return; }
    element.hidden = false;
    if (which.children.length !== count) which.replaceChildren(...Array.from({ length: count }, (_, i) => h("option", { value: i }, i + 1)));
    const at = +which.value || 0, [top, end] = rows[Math.floor(at / inputs.length)], column = inputs[at % inputs.length];
    const cut = place => {
      const tile = document.createElement("canvas");
      tile.width = Math.round(width);
      tile.height = end - top;
      tile.getContext("2d").drawImage(canvas, gap + place * (width + gap), top, width, end - top, 0, 0, tile.width, tile.height);
      return tile.toDataURL();
    };
    view.update(cut(column), cut(column + 1));
  }
  return { element, update(image) { picture = image; show(); } };
}
