// All runs: a table that sorts, filters and follows them.

import { LEVELS, ago, compact, duration, get, h, live, readOnly, roots, short } from "/assets/dom.js";

const COLUMNS = [
  { key: "name", title: "Run", value: r => r.name },
  { key: "recipe", title: "Recipe", value: r => r.recipe || "" },
  { key: "data", title: "Data", value: r => r.data || "", wide: true },
  { key: "method", title: "Method", value: r => r.method || "", wide: true },
  { key: "state", title: "State", value: r => r.error ? "unreadable" : ended(r) },
  { key: "samples", title: "Samples", value: r => r.samples ?? -1, number: true },
  { key: "seconds", title: "Time", value: r => r.seconds ?? -1, number: true, wide: true },
  { key: "evaluations", title: "Cost", value: r => r.evaluations ?? -1, number: true, wide: true, hint: "gradient evaluations" },
  { key: "score", title: "Metric", number: true },
  { key: "game", title: "Game", value: r => level(r, "game") },
  { key: "result", title: "Result", value: r => level(r, "result") },
  { key: "done", title: "Done", value: r => level(r, "done") },
  { key: "modified", title: "Changed", value: r => -(r.modified ?? 0), wide: true },
];
const ORDER = { bad: 0, watch: 1, good: 2 };

const level = (row, question) => ORDER[(row.verdicts || []).find(v => v.question === question)?.level] ?? 3;
const ended = row => (row.state === "ended" && ["non-finite", "diverged"].includes(row.outcome) ? row.outcome : row.state);

export function runs(main) {
  const rows = new Map(), shown = new Map(), chosen = new Set();
  const kept = JSON.parse(sessionStorage.getItem("runs") || "{}");
  let sort = kept.sort || { key: "modified", down: false }, metric = kept.metric || "";
  const search = h("input", { type: "search", id: "search", placeholder: "Filter by name, recipe, data, method, tag, note, verdict …", "aria-label": "Filter the runs", value: kept.search || "", oninput: draw });
  const state = h("select", { "aria-label": "State", onchange: draw }, ["every state", "running", "ended", "interrupted", "failed"].map(word => h("option", { value: word }, word)));
  const verdict = h("select", { "aria-label": "Verdict", onchange: draw },
    h("option", { value: "" }, "every verdict"), Object.entries(LEVELS).flatMap(([key, word]) => ["game", "result", "done"].map(q => h("option", { value: `${q}:${key}` }, `${q}: ${word.toLowerCase()}`))));
  const metrics = h("select", { "aria-label": "Which metric is shown", onchange: () => { metric = metrics.value; draw(); } });
  const compare = h("a", { class: "button", role: "link", "aria-disabled": "true" }, "Compare");
  const count = h("p", { class: "muted small", role: "status" });
  const body = h("tbody");
  const heads = COLUMNS.map(column => h("th", { scope: "col", class: [column.wide && "wide", column.number && "number"].filter(Boolean).join(" ") || null },
    h("button", { type: "button", class: "sort", title: column.hint, onclick: () => { sort = { key: column.key, down: sort.key === column.key && !sort.down }; draw(); } }, column.title)));
  const empty = h("div", { class: "card muted", hidden: true });
  const compared = h("section", { "aria-label": "Comparisons", hidden: true });
  main.replaceChildren(
    h("div", { class: "headline" }, h("h1", {}, "Runs"), h("span", { class: "muted small paths" }, roots.join(", "))),
    h("div", { class: "filters" }, search, state, verdict, metrics, compare),
    h("div", { class: "card tablecard" }, h("table", { class: "runs" },
      h("caption", { class: "hidden" }, "All runs with their state and verdicts"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "hidden" }, "Choose")), heads)), body)),
    empty, count, compared);

  function scoreOf(row) {
    const found = row.metrics || {};
    if (metric) return metric in found ? found[metric] : null;
    const first = Object.keys(found)[0];
    return first ? found[first] : null;
  }

  function line(row) {
    const parts = { choose: h("input", { type: "checkbox", "aria-label": `Choose ${row.name} for comparison`, onchange: event => { event.target.checked ? chosen.add(row.id) : chosen.delete(row.id); chosenChanged(); } }) };
    parts.name = h("a", { href: `/run/${row.id}` });
    parts.tags = h("span", { class: "tags" });
    parts.cells = COLUMNS.map(column => (column.key === "name" ? h("th", { scope: "row" }, parts.name, parts.tags) : h("td", { class: [column.wide && "wide", column.number && "number"].filter(Boolean).join(" ") || null, "data-label": column.title })));
    parts.element = h("tr", {}, h("td", { class: "choose" }, parts.choose), parts.cells);
    return parts;
  }

  function set(cell, key, ...content) {
    if (cell.dataset.key === key) return;
    cell.dataset.key = key;
    cell.replaceChildren(...content);
  }

  function fill(parts, row) {
    const known = `${row.version}|${metric}`;
    // Long paths break behind a slash.
    if (parts.name.textContent !== row.name) parts.name.replaceChildren(...row.name.split(/(?<=\/)/).flatMap(part => [part, h("wbr")]));
    const told = JSON.stringify([row.tags, row.note]);
    set(parts.tags, told, ...(row.tags || []).map(tag => h("span", { class: "tag" }, tag)), ...(row.note ? [h("span", { class: "note", title: row.note }, row.note)] : []));
    COLUMNS.forEach((column, i) => {
      const cell = parts.cells[i];
      if (column.key === "name") return;
      if (row.error) { set(cell, `e${column.key}`, column.key === "state" ? h("span", { class: "badge bad", title: row.error }, "unreadable") : ""); return; }
      if (column.key === "state") {
        const word = ended(row), share = row.of > 0 ? Math.min(1, row.samples / row.of) : null;
        const tone = word === "running" ? "good" : ["non-finite", "diverged"].includes(word) ? "bad" : word === "interrupted" ? "watch" : "plain";
        set(cell, `${word}${known}`, h("span", { class: `badge ${tone}` }, word), ...(word === "running" && share !== null ? [h("progress", { max: 1, value: share, "aria-label": `${Math.round(share * 100)} per cent` })] : []));
      } else if (column.key in ORDER3) {
        const found = row.verdicts.find(v => v.question === column.key);
        set(cell, `${found.level}${found.answer}`, h("span", { class: `verdict ${found.level}`, title: found.answer }, LEVELS[found.level]));
      } else {
        const score = scoreOf(row), name = metric || Object.keys(row.metrics || {})[0] || "";
        const words = { recipe: row.recipe, data: row.data, method: row.method, samples: compact(row.samples), seconds: duration(row.seconds), evaluations: compact(row.evaluations), score: score === null ? "" : short(score), modified: ago(row.modified) }[column.key];
        set(cell, words + name, words, ...(column.key === "score" && !metric && score !== null ? [h("span", { class: "unit" }, name.replaceAll("_", " "))] : []));
      }
    });
  }

  const ORDER3 = { game: 1, result: 1, done: 1 };

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [question, wanted] = verdict.value.split(":");
    const found = [...rows.values()].filter(row => {
      if (state.value === "failed" ? !(row.error || ["non-finite", "diverged"].includes(row.outcome)) : state.value !== "every state" && row.state !== state.value) return false;
      if (wanted && (row.verdicts || []).find(v => v.question === question)?.level !== wanted) return false;
      const text = [row.name, row.recipe, row.data, row.method, ...(row.tags || []), row.note, row.outcome, ...(row.verdicts || []).map(v => v.answer)].join(" ").toLowerCase();
      return words.every(word => text.includes(word));
    });
    const column = COLUMNS.find(c => c.key === sort.key);
    const value = sort.key === "score" ? row => scoreOf(row) ?? Infinity : column.value;
    found.sort((a, b) => {
      const x = value(a), y = value(b);
      const order = x < y ? -1 : x > y ? 1 : a.name < b.name ? -1 : 1;
      return sort.down ? -order : order;
    });
    heads.forEach((head, i) => (COLUMNS[i].key === sort.key ? head.setAttribute("aria-sort", sort.down ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
    const elements = found.map(row => {
      if (!shown.has(row.id)) shown.set(row.id, line(row));
      const parts = shown.get(row.id);
      fill(parts, row);
      return parts.element;
    });
    // Only what moved is moved, so that the focus and the eye stay where they are.
    let at = body.firstElementChild;
    for (const element of elements) {
      if (element === at) at = at.nextElementSibling;
      else body.insertBefore(element, at);
    }
    while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
    count.textContent = `${found.length} of ${rows.size} runs${found.filter(r => r.state === "running").length ? `, ${found.filter(r => r.state === "running").length} running` : ""}`;
    const names = [...new Set([...rows.values()].flatMap(row => Object.keys(row.metrics || {})))].sort();
    if (metrics.dataset.names !== names.join()) {
      metrics.dataset.names = names.join();
      metrics.replaceChildren(h("option", { value: "" }, "each run's score"), ...names.map(name => h("option", { value: name }, name.replaceAll("_", " "))));
      metrics.value = names.includes(metric) ? metric : "";
    }
    sessionStorage.setItem("runs", JSON.stringify({ sort, metric, search: search.value }));
  }

  function chosenChanged() {
    const ids = [...chosen].filter(id => rows.has(id));
    const enough = ids.length > 1;
    compare.textContent = enough ? `Compare ${ids.length}` : "Compare";
    if (enough) { compare.setAttribute("href", `/compare?runs=${ids.join(",")}`); compare.removeAttribute("aria-disabled"); }
    else { compare.removeAttribute("href"); compare.setAttribute("aria-disabled", "true"); }
  }

  function take({ rows: changed, gone, ready }) {
    for (const row of changed) rows.set(row.id, row);
    for (const id of gone || []) { rows.delete(id); chosen.delete(id); shown.delete(id); }
    empty.hidden = rows.size > 0;
    if (!rows.size) empty.replaceChildren(h("p", {}, ready ? "No runs here yet. Begin with:" : "Looking for runs …"), ...(ready ? [h("code", { class: "command" }, `saddle train digits --out ${roots[0] || "runs"}/digits`)] : []));
    draw();
    chosenChanged();
  }

  async function races() {
    const found = (await get("/api/races")).races;
    compared.hidden = !found.length;
    compared.replaceChildren(h("h2", {}, "Comparisons"), h("ul", { class: "card races" }, found.map(one => h("li", {}, h("a", { href: `/race/${one.id}` }, one.name), h("span", { class: "muted small" }, ` ${ago(one.modified)}, ${one.path}`)))));
  }

  take({ rows: [], ready: false });
  live(take);
  const again = () => { draw(); races().catch(() => {}); };
  again();
  setTimeout(again, 3000);
  setInterval(again, 30000);
}
