// A game in the plane: the discriminator's field as heat, points that are made, gradients as arrows; drawn on a canvas.

import { exact, get, h, s, short } from "/assets/dom.js";

const SIDE = 420;
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const rgb = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));

// Places of a square of the given reach on a canvas of so many pixels.
const placer = (reach, side) => ([x, y]) => [(x / reach + 1) / 2 * side, (1 - (y / reach + 1) / 2) * side];

function heat(field, low, high) {
  const picture = document.createElement("canvas");
  picture.width = picture.height = field.length;
  const context = picture.getContext("2d"), data = context.createImageData(field.length, field.length);
  const [made, paper, real] = ["--line3", "--card", "--line2"].map(name => rgb(colour(name)));
  field.forEach((row, i) => row.forEach((value, j) => {
    const at = 4 * ((field.length - 1 - i) * field.length + j);
    if (value === null) return;
    const share = Math.max(-1, Math.min(1, 2 * (value - low) / (high - low || 1) - 1)), end = share < 0 ? made : real;
    for (let k = 0; k < 3; k++) data.data[at + k] = paper[k] + (end[k] - paper[k]) * Math.abs(share) * 0.85;
    data.data[at + 3] = 255;
  }));
  context.putImageData(data, 0, 0);
  return picture;
}

function arrow(context, [x, y], [dx, dy]) {
  const length = Math.hypot(dx, dy);
  if (!(length > 1)) return;
  const head = Math.min(7, length / 2), turn = Math.atan2(dy, dx);
  context.moveTo(x, y);
  context.lineTo(x + dx, y + dy);
  for (const side of [-0.5, 0.5]) {
    context.moveTo(x + dx, y + dy);
    context.lineTo(x + dx - head * Math.cos(turn + side), y + dy - head * Math.sin(turn + side));
  }
}

function dots(context, points, place, size) {
  for (const point of points) {
    if (point[0] === null || point[1] === null) continue;
    const [x, y] = place(point);
    context.moveTo(x + size, y);
    context.arc(x, y, size, 0, 7);
  }
}

const range = field => {
  const all = field.flat().filter(v => v !== null).sort((a, b) => a - b);
  return all.length ? [all[Math.floor(0.02 * (all.length - 1))], all[Math.floor(0.98 * (all.length - 1))]] : [0, 0];
};

export class PlaneView {
  constructor(words) {
    this.canvas = h("canvas", { class: "plane", role: "img", "aria-label": words, width: 2 * SIDE, height: 2 * SIDE });
    this.shows = { field: true, arrows: true, real: true };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // moment: {reach, made, field, arrows}; real: {made} or null.
  update(moment, real) {
    Object.assign(this, { moment, real });
    this.draw();
  }

  draw() {
    const { moment, real, shows } = this;
    if (!moment) return;
    const side = this.canvas.width, context = this.canvas.getContext("2d"), place = placer(moment.reach, side);
    context.fillStyle = colour("--card");
    context.fillRect(0, 0, side, side);
    const [low, high] = range(moment.field);
    if (shows.field && moment.field.length) {
      const half = side / (moment.field.length - 1) / 2;  // logits stand on the edges of the square, pixels beside them
      context.imageSmoothingEnabled = true;
      context.drawImage(heat(moment.field, low, high), -half, -half, side + 2 * half, side + 2 * half);
    }
    const filled = (points, size, name) => { context.beginPath(); dots(context, points, place, size); context.fillStyle = colour(name); context.fill(); };
    if (shows.real && real) filled(real.made, 3, "--muted");
    filled(moment.made, 4.2, "--line0");
    if (shows.arrows && moment.arrows.length) {
      const known = moment.arrows.map((a, i) => [moment.made[i], a]).filter(([p, a]) => [...p, ...a].every(v => v !== null));
      const longest = known.reduce((most, [, a]) => Math.max(most, Math.hypot(...a)), 0);
      context.beginPath();
      if (longest) for (const [point, [dx, dy]] of known) arrow(context, place(point), [dx, -dy].map(v => v / longest * 0.11 * side));
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      context.stroke();
    }
    return [low, high];
  }
}

// A slider that plays; `show(place)` draws, and may be asked again before it has ended.
export function player(words, show, tell) {
  let count = 0, timer = 0;
  const slider = h("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": words, oninput: () => { pause(); move(+slider.value); } });
  const play = h("button", { type: "button", onclick: () => (timer ? pause() : begin()) }, "▶ Play");
  const element = h("div", { class: "controls" }, play, slider);
  function move(place) {
    slider.value = place;
    slider.setAttribute("aria-valuetext", tell(place));
    show(place);
  }
  function pause() { clearInterval(timer); timer = 0; play.textContent = "▶ Play"; }
  function begin() {
    if (+slider.value >= count - 1) move(0);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => (+slider.value >= count - 1 ? pause() : move(+slider.value + 1)), 180);
  }
  return {
    element, pause,
    // So many places; the newest one is followed where it was shown.
    set(now) {
      const follow = +slider.value >= count - 1 && !timer;
      if (now === count) return;
      count = now;
      slider.max = Math.max(0, now - 1);
      element.hidden = now < 2;
      if (follow && now) move(now - 1);
    },
  };
}

// The game of a run in the plane, through all moments that it kept.
export function planeFilm(api) {
  let steps = [], wanted = 0;
  const kept = new Map(), label = h("strong", {}), said = h("span", { class: "muted" });
  const view = new PlaneView("The game in the plane");
  const toggles = [["field", "the discriminator's field"], ["arrows", "its gradient at generated points"], ["real", "real points"]].map(([key, words]) =>
    h("label", {}, h("input", { type: "checkbox", checked: true, onchange: event => { view.shows[key] = event.target.checked; view.draw(); } }), ` ${words}`));
  const film = player("Which moment of the game is shown", show, place => `${exact(steps[place])} samples`);
  const element = h("figure", { class: "beside planefilm" }, h("figcaption", {}, label, said), view.canvas, film.element, h("div", { class: "chartbar" }, toggles));
  async function show(place) {
    const seen = steps[place], mine = ++wanted;
    if (!kept.has(seen)) kept.set(seen, get(`${api}/plane/${seen}`).catch(error => { kept.delete(seen); throw error; }));
    try {
      const moment = await kept.get(seen);
      if (mine !== wanted) return;
      view.moment = moment;
      const [low, high] = view.draw();
      label.textContent = `After ${exact(seen)} samples`;
      said.textContent = `logits from ${short(low)} (pink: generated) to ${short(high)} (green: real)`;
      view.canvas.setAttribute("aria-label", `${moment.made.length} generated points and the discriminator's field after ${exact(seen)} samples; ${said.textContent}`);
    } catch (error) { if (mine === wanted) said.textContent = error.message; }
  }
  return {
    element,
    update(now) { steps = now; film.set(now.length); },
    real(points) { view.real = points; view.draw(); },
    // At so many samples, or the last moment before.
    at(samples) { show(Math.max(0, steps.findLastIndex(seen => seen <= samples))); },
    alone() { film.element.remove(); },
  };
}

// Ways of methods through the plane of two parameters, over the direction that the players are pushed to.
export class WaysView {
  constructor(words) {
    this.svg = s("svg", { class: "ways", role: "img", "aria-label": words, viewBox: `0 0 ${SIDE} ${SIDE}` });
  }

  // told: {reach, centre, names, field: [[x, y, dx, dy]], ways: [{method, path}]}; at: steps made.
  update(told, at) {
    const place = point => placer(told.reach, SIDE)([point[0] - told.centre[0], point[1] - told.centre[1]]);
    const clear = value => Math.max(-2 * SIDE, Math.min(3 * SIDE, value)).toFixed(1);
    const parts = told.field.map(([x, y, dx, dy]) => {
      const [a, b] = place([x, y]), length = Math.hypot(dx, dy) || 1, size = 9 * Math.tanh(3 * length / (told.strongest || 1)) / length;
      return s("path", { class: "push", d: `M${(a - dx * size).toFixed(1)} ${(b + dy * size).toFixed(1)}L${(a + dx * size).toFixed(1)} ${(b - dy * size).toFixed(1)}`, "marker-end": "url(#tip)" });
    });
    const [cx, cy] = place(told.centre);
    parts.push(s("path", { class: "solution", d: `M${cx - 6} ${cy}h12M${cx} ${cy - 6}v12` }));
    told.ways.forEach((way, i) => {
      const seen = way.path.slice(0, at + 1).map(place), end = seen.at(-1);
      parts.push(s("path", { class: `curve line${i}`, d: `M${seen.map(([x, y]) => `${clear(x)} ${clear(y)}`).join("L")}` }), s("circle", { class: `dot line${i}`, cx: clear(end[0]), cy: clear(end[1]), r: 5 }));
    });
    const tip = s("defs", {}, s("marker", { id: "tip", viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 5, markerHeight: 5, orient: "auto" }, s("path", { class: "tip", d: "M0 0L6 3L0 6z" })));
    this.svg.replaceChildren(tip, ...parts, s("text", { class: "tick", x: SIDE - 6, y: SIDE - 8, "text-anchor": "end" }, told.names[0]), s("text", { class: "tick", x: 6, y: 16 }, told.names[1]));
  }
}
