// What `saddle compare` found: the standings of the methods, and their curves with the spread over the seeds.

import { Chart } from "/assets/chart.js";
import { command, get, h } from "/assets/dom.js";

export async function race(main, id) {
  document.title = "Comparison · Saddlepoint studio";
  document.getElementById("line").hidden = true; // it changes once, when it ends
  const back = h("p", { class: "eyebrow" }, h("a", { href: "/" }, "← All runs"));
  let found;
  try { found = await get(`/api/race/${id}`); } catch (error) {
    main.replaceChildren(h("header", { class: "runhead" }, back, h("h1", {}, "Comparison"), h("p", { class: "told bad", role: "status" }, error.message)));
    return;
  }
  const charts = found.panels.filter(panel => panel.series.length).map(panel => [new Chart(`Over ${panel.axis}`), panel]);
  const runs = h("p", { class: "small", hidden: true });
  main.replaceChildren(
    h("header", { class: "runhead" }, back, h("h1", {}, `Methods on ${found.on}`), h("p", {}, found.lead)),
    h("section", { "aria-label": "Where they stand" }, h("h2", {}, "Where they stand"),
      h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Where they stand" }, h("table", { class: "standings" },
        h("thead", {}, h("tr", {}, found.columns.map(word => h("th", { scope: "col" }, word || h("span", { class: "hidden" }, "Rank"))))),
        h("tbody", {}, found.rows.map(row => h("tr", {}, row.map((cell, i) => h(i === 1 ? "th" : "td", i === 1 ? { scope: "row" } : {}, cell))))))),
      found.remarks.map(words => h("p", { class: "muted small" }, words)), runs),
    h("section", { "aria-label": "Curves" }, h("h2", {}, "Curves"), h("p", { class: "muted small" }, "Lines are the median over the seeds, bands reach from the best to the worst of them."), h("div", { class: "charts" }, charts.map(([chart]) => chart.element))),
    h("section", { "aria-label": "How to repeat this" }, h("h2", {}, "How to repeat this"), command(found.command)));
  for (const [chart, panel] of charts) chart.update({ title: `Over ${panel.axis}`, unit: found.unit, scale: panel.scale, series: panel.series, axisName: panel.axis, named: true });
  const [{ races }, { rows }] = await Promise.all([get("/api/races"), get("/api/runs")]);
  const path = races.find(one => one.id === id)?.path;
  const own = rows.filter(row => row.path.startsWith(`${path}/`)).map(row => row.id);
  if (own.length > 1) { runs.hidden = false; runs.append(h("a", { href: `/compare?runs=${own.slice(0, 12).join(",")}` }, `Its runs side by side (${Math.min(12, own.length)} of ${own.length})`)); }
}
