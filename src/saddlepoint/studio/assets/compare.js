// Two or more runs: their curves on one axis, the settings that differ, their samples side by side.

import { Chart, onAxis, smoothed } from "/assets/chart.js";
import { LEVELS, exact, get, h, live, post, short } from "/assets/dom.js";
import { madeOf } from "/assets/explore.js";
import { planeFilm, player } from "/assets/plane.js";

const AXES = { samples: "samples seen", evaluations: "gradient evaluations", seconds: "time" };

export async function comparison(main) {
  const ids = (new URLSearchParams(location.search).get("runs") || "").split(",").filter(Boolean).slice(0, 12);
  const found = new Map(), charts = new Map(), rows = new Map();
  const view = { axis: "samples", smoothing: 0.04, log: false, pooled: false };
  document.title = "Comparison · Saddlepoint studio";
  const place = h("div", { class: "charts" });
  const legend = h("ul", { class: "legend large" });
  const settings = h("div", {}), samples = h("div", { class: "sidebyside" }), numbers = h("div", {});
  const axis = h("select", { onchange: () => { view.axis = axis.value; draw(); } }, Object.entries(AXES).map(([key, words]) => h("option", { value: key }, words)));
  const smooth = h("input", { type: "range", min: 0, max: 0.2, step: 0.01, value: view.smoothing, oninput: () => { view.smoothing = +smooth.value; draw(); } });
  const log = h("input", { type: "checkbox", onchange: () => { view.log = log.checked; draw(); } });
  const pooled = h("input", { type: "checkbox", onchange: () => { view.pooled = pooled.checked; draw(); } });
  const problem = h("p", { class: "told bad", role: "status" });
  main.replaceChildren(
    h("header", { class: "runhead" }, h("p", { class: "eyebrow" }, h("a", { href: "/" }, "← All runs")), h("h1", {}, "Comparison"), problem, legend),
    h("section", { "aria-label": "Where they stand" }, h("h2", {}, "Where they stand"), numbers),
    h("section", { "aria-label": "Curves" }, h("h2", {}, "Curves"), h("div", { class: "chartbar" }, h("label", {}, "Over ", axis), h("label", {}, "Smoothing ", smooth), h("label", {}, log, " logarithmic"), h("label", {}, pooled, " seeds as one line with their spread")), place),
    h("section", { "aria-label": "Settings that differ" }, h("h2", {}, "Settings that differ"), settings),
    h("section", { "aria-label": "Samples" }, h("h2", {}, "Samples, side by side"), samples),
    drawing());
  if (ids.length < 2) { for (const part of main.querySelectorAll("section")) part.hidden = true; problem.textContent = "Choose two runs or more in the table, then Compare."; return; }

  // The newest generators, asked for the same: a number, a seed, and so the same latents where these have one size.
  function drawing() {
    const count = h("input", { type: "number", min: 1, max: 60, value: 12, "aria-label": "How many" }), seed = h("input", { type: "number", min: 0, max: 2147483647, value: 0, "aria-label": "Seed" });
    const place = h("div", { class: "sidebyside" });
    async function ask() {
      place.replaceChildren(...ids.filter(id => found.has(id)).map(id => {
        const out = h("div", { class: "samplegrid" }, h("p", { class: "muted" }, "drawing …"));
        post(`/api/run/${id}/explore`, { do: "sample", n: Math.max(1, Math.min(60, +count.value || 12)), seed: Math.max(0, +seed.value || 0) })
          .then(answer => { out.className = `samplegrid ${answer.form}`; out.replaceChildren(...madeOf(answer)); })
          .catch(error => out.replaceChildren(h("p", { class: "told bad" }, error.message)));
        return h("article", { class: "card", "aria-label": `Made by ${found.get(id).label}` }, h("h3", {}, found.get(id).label), out);
      }));
    }
    return h("section", { "aria-label": "Drawn now" }, h("h2", {}, "Drawn now, by the same latents"), h("div", { class: "chartbar" }, h("label", {}, "Number ", count), h("label", {}, "Seed ", seed), h("button", { type: "button", onclick: ask }, "Draw of each"), h("button", { type: "button", onclick: () => { seed.value = +seed.value + 1; ask(); } }, "Others")), place);
  }

  async function read(id) {
    try {
      const data = await get(`/api/run/${id}`);
      data.settings = flat(data.plain || {});
      found.set(id, data);
    } catch (error) { problem.textContent = error.message; }
  }

  // Runs that differ in their seed alone are one group.
  function groups() {
    const all = new Map();
    for (const id of ids) {
      const data = found.get(id);
      if (!data) continue;
      const key = view.pooled ? JSON.stringify(Object.entries(data.settings).filter(([k]) => k !== "seed").sort()) : id;
      if (!all.has(key)) all.set(key, []);
      all.get(key).push([id, data]);
    }
    return [...all.values()];
  }

  function named(group) {
    return group.length === 1 ? group[0][1].label : `${group[0][1].label} and ${group.length - 1} more seeds`;
  }

  function draw() {
    const names = ids.map(id => found.get(id)).filter(Boolean);
    const twice = new Set(names.map(d => d.name).filter((n, i, all) => all.indexOf(n) !== i));
    for (const [id, data] of found) data.label = twice.has(data.name) ? rows.get(id)?.name || data.name : data.name;
    const grouped = groups();
    legend.replaceChildren(...grouped.map((group, i) => h("li", { class: `key${i % 8}` }, h("a", { href: `/run/${group[0][0]}` }, named(group)))));
    const titles = new Map();
    for (const group of grouped) for (const [, data] of group) for (const panel of data.panels) for (const line of panel.series) {
      const key = panel.series.length > 1 || panel.title === "Losses" ? `${panel.title}: ${line.label}` : panel.title;
      if (!titles.has(key)) titles.set(key, { panel, name: line.name });
    }
    for (const [title, { panel, name }] of titles) {
      const series = [];
      grouped.forEach((group, i) => {
        const lines = group.map(([, data]) => {
          const line = data.panels.flatMap(p => p.series).find(l => l.name === name);
          return line && { ...line, x: onAxis(line.x, data.axes, view.axis), y: smoothed(line.y, line.x.length > 40 ? view.smoothing : 0) };
        }).filter(Boolean);
        if (!lines.length) return;
        if (lines.length === 1) series.push({ ...lines[0], label: named(group), colour: i });
        else series.push({ ...spread(lines, named(group)), colour: i });
      });
      if (series.length < 1) continue;
      if (!charts.has(title)) { const made = new Chart(title); charts.set(title, made); place.append(made.element); }
      const positive = series.every(line => line.y.some(v => v > 0));
      charts.get(title).update({ title, unit: panel.unit, limits: panel.limits, references: panel.references, series, scale: (view.log || panel.scale === "log") && positive ? "log" : "linear", axisName: view.axis, smoothing: 0 });
    }
    differ();
    standing();
    pictures();
  }

  // The mean of several seeds, and the lowest and the highest of them, on the places of the first.
  function spread(lines, label) {
    const at = lines[0].x, on = lines.map(line => at.map(x => value(line, x)));
    const over = of => at.map((_, i) => { const all = on.map(y => y[i]).filter(v => v !== null); return all.length ? of(all) : null; });
    return { label: `${label}, mean`, x: at, y: over(all => all.reduce((a, b) => a + b, 0) / all.length), low: over(all => Math.min(...all)), high: over(all => Math.max(...all)) };
  }
  function value(line, x) {
    const j = line.x.findIndex(at => at >= x);
    if (j === -1) return null;
    if (j === 0 || line.x[j] === x) return line.y[j];
    const a = line.y[j - 1], b = line.y[j];
    return a === null || b === null ? null : a + (b - a) * (x - line.x[j - 1]) / (line.x[j] - line.x[j - 1]);
  }

  function flat(value, prefix = "", into = {}) {
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== null && typeof inner === "object" && !Array.isArray(inner)) flat(inner, `${prefix}${key}.`, into);
      else into[prefix + key] = inner;
    }
    return into;
  }

  function differ() {
    const all = ids.map(id => found.get(id)).filter(Boolean);
    const keys = [...new Set(all.flatMap(data => Object.keys(data.settings)))].filter(key => new Set(all.map(data => JSON.stringify(data.settings[key]))).size > 1);
    settings.replaceChildren(keys.length ? h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Settings that differ" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), all.map(data => h("th", { scope: "col" }, data.label)))),
      h("tbody", {}, keys.map(key => h("tr", {}, h("th", { scope: "row" }, h("code", {}, key)), all.map(data => h("td", {}, data.settings[key] === undefined ? "–" : JSON.stringify(data.settings[key])))))))) : h("p", { class: "card muted" }, "None: these runs have the same configuration."));
  }

  function standing() {
    const all = ids.map(id => [id, found.get(id)]).filter(([, data]) => data);
    const metrics = [...new Set(all.flatMap(([, data]) => data.metrics.map(m => m.name)))];
    numbers.replaceChildren(h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Where they stand" }, h("table", { class: "stack" },
      h("thead", {}, h("tr", {}, ["Run", "State", ...metrics.map(m => m.replaceAll("_", " ")), "Game", "Result", "Done"].map(word => h("th", { scope: "col" }, word)))),
      h("tbody", {}, all.map(([id, data]) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: `/run/${id}` }, data.label)), h("td", { "data-label": "state" }, data.state_of.running ? "running" : data.badge),
        metrics.map(m => h("td", { "data-label": m }, data.metrics.find(one => one.name === m)?.last || "")),
        data.verdicts.map(v => h("td", { "data-label": v.question }, h("span", { class: `verdict ${v.level}`, title: v.answer }, LEVELS[v.level])))))))));
  }

  // One slider for all: each run shows its last snapshot before so many samples.
  const figures = new Map();
  let steps = [];
  const film = player("Which moment is shown of all runs", show, place => `${exact(steps[place])} samples`);
  const moment = h("strong", {});
  samples.before(h("div", { class: "card filmbar" }, moment, film.element));
  function show(place) {
    moment.textContent = `At ${exact(steps[place])} samples`;
    for (const figure of figures.values()) figure.at(steps[place]);
  }
  function figureOf(id) {
    if (found.get(id).planes.length) {
      const plane = planeFilm(`/api/run/${id}`), title = h("strong", {});
      plane.alone();
      samples.append(h("div", { class: "card beside" }, title, plane.element));
      get(`/api/run/${id}/exhibits`).then(beside => beside.plane && plane.real(beside.plane)).catch(() => {});
      return { at: samples => { title.textContent = found.get(id).label; plane.update(found.get(id).planes); plane.at(samples); } };
    }
    const label = h("strong", {}), text = found.get(id).texts.length > 0;
    const stage = text ? h("pre", { tabindex: "0", class: "written" }) : h("img", { alt: "" });
    const figure = h("figure", { class: "card beside", hidden: true }, h("figcaption", {}, label), stage);
    samples.append(figure);
    let wanted = 0;
    return { at: async samples => {
      const own = found.get(id), seen = (text ? own.texts : own.snapshots).findLast(one => one <= samples), mine = ++wanted;
      figure.hidden = seen === undefined;
      if (figure.hidden) return;
      const words = `${own.label}, ${exact(seen)} samples`;
      if (text) {
        const answer = await fetch(`/api/run/${id}/text/${seen}`), told = answer.ok ? await answer.text() : "This snapshot can't be read.";
        if (mine === wanted) { label.textContent = words; stage.textContent = told; }
        return;
      }
      const loaded = new Image();
      loaded.src = `/api/run/${id}/picture/${seen}`;
      try { await loaded.decode(); } catch { return; }
      if (mine !== wanted) return;
      label.textContent = words;
      stage.src = loaded.src;
      stage.alt = `Samples of ${own.label} after ${seen} samples`;
      stage.className = loaded.naturalWidth < 640 ? "pixels" : "";
    } };
  }
  function pictures() {
    const known = steps.length;
    for (const id of ids) if (found.has(id) && !figures.has(id)) { figures.set(id, figureOf(id)); steps = []; }
    const all = [...new Set([...figures.keys()].flatMap(id => [...found.get(id).snapshots, ...found.get(id).texts]))].sort((a, b) => a - b);
    const anew = all.length !== steps.length;
    steps = all;
    film.set(all.length);
    if (anew && known === all.length && all.length) show(all.length - 1);
    samples.parentElement.hidden = !all.length;
  }

  let busy = Promise.resolve();
  live(({ rows: changed }) => {
    const mine = changed.filter(row => ids.includes(row.id));
    if (!mine.length) return;
    for (const row of mine) rows.set(row.id, row);
    busy = busy.then(() => Promise.all(mine.map(row => read(row.id)))).then(draw);
  });
}
