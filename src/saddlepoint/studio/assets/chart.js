// Lines over samples, evaluations or time: drawn as SVG at the size that there is, redrawn whole, so nothing flickers.

import { compact, duration, h, s, short } from "/assets/dom.js";

const LEFT = 54, RIGHT = 12, TOP = 10, BOTTOM = 30;

// The centred mean of finite values over a share of the points; null where there is none.
export function smoothed(values, share) {
  if (!share || values.length < 8) return values;
  const half = Math.max(1, Math.round(values.length * share / 2));
  const sums = [0], counts = [0];
  for (const value of values) {
    sums.push(sums.at(-1) + (value ?? 0));
    counts.push(counts.at(-1) + (value === null ? 0 : 1));
  }
  return values.map((value, i) => {
    if (value === null) return null;
    const a = Math.max(0, i - half), b = Math.min(values.length, i + half + 1);
    return (sums[b] - sums[a]) / (counts[b] - counts[a]);
  });
}

// Samples seen, as another axis of the run has them.
export function onAxis(samples, axes, axis) {
  if (axis === "samples") return samples;
  const from = axes.samples, to = axes[axis];
  let j = 0;
  return samples.map(x => {
    while (j < from.length - 2 && from[j + 1] < x) j++;
    if (from.length < 2) return to[0] ?? null;
    const share = (x - from[j]) / (from[j + 1] - from[j] || 1);
    return to[j] + (to[j + 1] - to[j]) * share;
  });
}

function ticks(low, high, count) {
  const span = high - low || 1;
  const raw = span / count, size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(m => m * size).find(x => x >= raw) || raw;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step / 1e6 && found.length <= 4 * count; k++) found.push(k * step);
  return found;
}

function decades(low, high) {
  const found = [], few = high / low < 1e3;
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const part of few ? [1, 2, 5] : [1]) {
      const at = part * 10 ** power;
      if (at >= low * 0.999 && at <= high * 1.001) found.push(at);
    }
  while (found.length > 7) found.splice(0, found.length, ...found.filter((_, i) => i % 2 === 0));
  return found;
}

// title, unit, scale, limits, references [[value, words]], series [{label, x, y, low?, high?, colour?}], axisName
export class Chart {
  constructor(title) {
    this.svg = s("svg", { class: "chart", role: "img", tabindex: "0" });
    this.legend = h("ul", { class: "legend" });
    this.heading = h("figcaption", {}, title);
    this.readout = h("p", { class: "readout", "aria-live": "polite" });
    this.element = h("figure", { class: "card chartcard" }, h("div", { class: "charthead" }, this.heading, this.legend), this.svg, this.readout);
    this.at = null;
    this.svg.addEventListener("pointermove", event => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.show(null));
    this.svg.addEventListener("blur", () => this.show(null));
    this.svg.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.drawn) return;
      event.preventDefault();
      const xs = this.drawn.xs;
      const now = this.at === null ? (step > 0 ? -1 : xs.length) : this.at;
      this.show(Math.max(0, Math.min(xs.length - 1, now + step * (event.shiftKey ? 20 : 1))));
    });
    new ResizeObserver(() => this.data && this.draw()).observe(this.svg);
  }

  update(data) {
    this.data = data;
    this.draw();
  }

  draw() {
    const { data } = this;
    const width = this.svg.clientWidth || 500, height = this.svg.clientHeight || 230;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const log = data.scale === "log";
    const lines = data.series.map(line => {
      const y = smoothed(line.y, data.smoothing || 0);
      const [from, to] = [line.low, line.high].map(edge => edge?.map(v => (log && !(v > 0) ? null : v)));
      return { ...line, low: from, high: to, y: log ? y.map(v => (v > 0 ? v : null)) : y, raw: data.smoothing ? line.y.map(v => (log && !(v > 0) ? null : v)) : null };
    });
    const finite = lines.flatMap(line => [...(line.raw || line.y), ...(line.low || []), ...(line.high || [])].filter(v => v !== null));
    const xs = lines.flatMap(line => line.x.filter(v => v !== null));
    let low = finite.reduce((a, b) => Math.min(a, b), Infinity), high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    for (const [value] of data.references || []) if (!log || value > 0) { low = Math.min(low, value); high = Math.max(high, value); }
    if (!isFinite(low)) { low = log ? 0.1 : 0; high = 1; }
    if (!log && data.limits) { low = data.limits[0] ?? low; high = data.limits[1] ?? high; }
    // Numbers that differ in their last digits alone are one line in the middle.
    if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) { const pad = Math.abs(low) * 0.1 || 1; low = log ? low / 2 : low - pad; high = log ? high * 2 : high + pad; }
    else if (!log && !(data.limits && data.limits[0] !== null)) { const pad = (high - low) * 0.06; low -= pad; high += pad; }
    const left = Math.min(0, xs.reduce((a, b) => Math.min(a, b), 0)), right = xs.reduce((a, b) => Math.max(a, b), 1e-9);
    const X = v => LEFT + (v - left) / (right - left) * (width - LEFT - RIGHT);
    const T = log ? Math.log : v => v;
    const Y = v => height - BOTTOM - (T(v) - T(low)) / (T(high) - T(low)) * (height - TOP - BOTTOM);
    const parts = [];
    for (const at of log ? decades(low, high) : ticks(low, high, Math.max(2, Math.floor(height / 55))))
      if (Y(at) > TOP - 4) parts.push(s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: Y(at), y2: Y(at) }), s("text", { class: "tick", x: LEFT - 7, y: Y(at) + 4, "text-anchor": "end" }, Math.abs(at) >= 1000 ? compact(at) : `${+at.toPrecision(6)}`));
    const words = data.axisName === "seconds" ? duration : compact;
    for (const at of ticks(left, right, Math.max(2, Math.floor(width / 110)))) parts.push(s("text", { class: "tick", x: X(at), y: height - BOTTOM + 17, "text-anchor": X(at) > width - RIGHT - 16 ? "end" : "middle" }, words(at)));
    parts.push(s("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM }));
    for (const [value, meaning] of data.references || []) {
      if (log && value <= 0) continue;
      parts.push(s("line", { class: "reference", x1: LEFT, x2: width - RIGHT, y1: Y(value), y2: Y(value) }), s("text", { class: "tick", x: width - RIGHT - 2, y: Y(value) - 4, "text-anchor": "end" }, meaning));
    }
    lines.forEach((line, i) => {
      const colour = `line${(line.colour ?? i) % 8}`;
      const few = new Set(line.x).size < 40;
      if (line.low && line.high) parts.push(s("path", { class: `band ${colour}`, d: this.band(line, X, Y) }));
      if (line.raw) parts.push(s("path", { class: `curve faint ${colour}`, d: this.path(line.x, line.raw, X, Y) }));
      parts.push(s("path", { class: `curve ${colour}`, d: this.path(line.x, line.y, X, Y) }));
      if (few && !line.raw) line.x.forEach((x, j) => line.y[j] !== null && x !== line.x[j - 1] && parts.push(s("circle", { class: `dot ${colour}`, cx: X(x), cy: Y(line.y[j]), r: 2.4 })));
    });
    if (data.best && !log | (data.best?.[0] > 0)) {
      const [value, at] = data.best, x = data.axes ? onAxis([at], data.axes, data.axisName)[0] : at;
      if (value >= low && value <= high) parts.push(s("circle", { class: "best", cx: X(x), cy: Y(value), r: 5.5 }), s("text", { class: "tick strong", x: Math.min(X(x) + 8, width - 60), y: Math.max(Y(value) - 8, TOP + 9) }, `best ${short(value)}`));
    }
    this.cursor = s("g", {});
    parts.push(this.cursor);
    this.svg.replaceChildren(...parts);
    this.drawn = { lines, X, Y, xs: lines.length ? lines.reduce((a, b) => (b.x.length > a.x.length ? b : a)).x : [], height };
    const ends = lines.map(line => `${line.label} ${short([...line.y].reverse().find(v => v !== null) ?? null)}`).join(", ");
    this.svg.setAttribute("aria-label", `${data.title}, ${data.unit}, over ${data.axisName || "samples"}. Ends at: ${ends}. Arrow keys read values.`);
    this.legend.replaceChildren(...(lines.length > 1 || data.named ? lines.map((line, i) => h("li", { class: `key${(line.colour ?? i) % 8}` }, line.label)) : []));
    this.legend.hidden = !this.legend.children.length;
    this.show(this.at);
  }

  path(x, y, X, Y) {
    let d = "", pen = false;
    for (let i = 0; i < x.length; i++) {
      if (y[i] === null || y[i] === undefined || x[i] === null) { pen = false; continue; }
      d += `${pen ? "L" : "M"}${X(x[i]).toFixed(1)} ${Y(y[i]).toFixed(1)}`;
      pen = true;
    }
    return d;
  }

  // What lies between the lowest and the highest of a line.
  band({ x, low, high }, X, Y) {
    const known = x.map((_, i) => i).filter(i => low[i] !== null && high[i] !== null);
    const way = [...known.map(i => [x[i], high[i]]), ...known.reverse().map(i => [x[i], low[i]])];
    return way.length ? `M${way.map(([a, b]) => `${X(a).toFixed(1)} ${Y(b).toFixed(1)}`).join("L")}Z` : "";
  }

  point(event) {
    if (!this.drawn?.xs.length) return;
    const box = this.svg.getBoundingClientRect(), x = event.clientX - box.left;
    let best = 0, near = Infinity;
    this.drawn.xs.forEach((value, i) => {
      const far = Math.abs(this.drawn.X(value) - x);
      if (far < near) { near = far; best = i; }
    });
    this.show(best);
  }

  show(at) {
    this.at = at;
    if (at === null || !this.drawn || at >= this.drawn.xs.length) {
      this.cursor?.replaceChildren();
      this.readout.textContent = `${this.data?.unit || ""} over ${this.data?.axisName || "samples"}`;
      return;
    }
    const { lines, X, Y, xs, height } = this.drawn, x = xs[at];
    const parts = [s("line", { class: "cursor", x1: X(x), x2: X(x), y1: TOP, y2: height - BOTTOM })];
    const told = [];
    lines.forEach((line, i) => {
      let j = 0;
      for (let k = 0; k < line.x.length; k++) if (Math.abs(line.x[k] - x) < Math.abs(line.x[j] - x)) j = k;
      const value = line.y[j];
      if (value !== null && value !== undefined) parts.push(s("circle", { class: `dot ${`line${(line.colour ?? i) % 8}`}`, cx: X(line.x[j]), cy: Y(value), r: 3.6 }));
      told.push(`${line.label} ${value === null || value === undefined ? "not finite" : short(value)}`);
    });
    this.cursor.replaceChildren(...parts);
    const words = this.data.axisName === "seconds" ? duration(x) : `${Math.round(x).toLocaleString("en")} ${this.data.axisName || "samples"}`;
    this.readout.textContent = `${words}: ${told.join(", ")}`;
  }
}
