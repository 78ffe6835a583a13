// One run, live.

import { Chart, onAxis } from "/assets/chart.js";
import { LEVELS, QUESTIONS, bytes, command, duration, exact, get, h, live, post, readOnly, compact, tell } from "/assets/dom.js";
import { explorer } from "/assets/explore.js";
import { begin, jobCard } from "/assets/jobs.js";
import { measurements } from "/assets/measured.js";
import { planeFilm } from "/assets/plane.js";
import { history, snapshotPairs } from "/assets/tiles.js";

const AXES = { samples: "samples seen", evaluations: "gradient evaluations", seconds: "time" };

export async function run(main, id) {
  const api = `/api/run/${id}`;
  let data = null, beside = null, row = null, reading = false, again = false;
  const kept = JSON.parse(localStorage.getItem("curves") || "{}");
  const view = { axis: kept.axis || "samples", smoothing: kept.smoothing ?? 0.04, log: kept.log || false };

  // --- the frame, made once; what is in it is filled again and again ---
  const name = h("h1", {}, "…"), badge = h("span", { class: "badge plain" }, "reading"), lead = h("p", { class: "lead" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Share of the budget that is spent" });
  const pace = h("p", { class: "muted small", role: "status" });
  const progress = h("div", { class: "progress", hidden: true }, bar, pace);
  const told = h("p", { class: "told", role: "status" });
  const stop = h("button", { type: "button", onclick: () => ask("stop") }, "Stop and save");
  const save = h("button", { type: "button", onclick: () => ask("checkpoint") }, "Checkpoint now");
  const actions = h("div", { class: "actions", hidden: true }, readOnly ? [] : [stop, save], told);
  const tiles = h("dl", { class: "tiles" });
  const answers = h("div", { class: "verdicts" }), findings = h("ul", { class: "findings" });
  const samples = section("Samples"), curves = section("Curves"), game = section("The game"), metrics = section("Metrics"), measured = section("Evaluation"), about = section("Data and run"), how = section("How to repeat this"), config = section("Configuration"), fetch_ = section("Files"), notes = section("Tags and note");
  const explore = section("Explore the newest generator");
  main.replaceChildren(
    h("header", { class: "runhead" }, h("p", { class: "eyebrow" }, h("a", { href: "/" }, "← All runs")), h("div", { class: "headline" }, name, badge), lead, progress, actions, tiles),
    h("section", { "aria-label": "Verdicts" }, h("h2", {}, "Verdicts"), answers, findings),
    samples.element, curves.element, explore.element, game.element, metrics.element, measured.element, notes.element, how.element, about.element, config.element, fetch_.element);

  function section(title) {
    const body = h("div", {});
    return { element: h("section", { "aria-label": title, hidden: true }, h("h2", {}, title), body), body };
  }
  const put = (part, ...content) => { part.element.hidden = false; part.body.replaceChildren(...content); };
  // Replaced only where it changed, so that what is open stays open.
  const once = {};
  function changed(key, value) {
    const text = JSON.stringify(value);
    if (once[key] === text) return false;
    once[key] = text;
    return true;
  }

  async function ask(what) {
    try {
      await post(`${api}/ask`, { what });
      tell(told, what === "stop" ? "Asked: it stops after its step, and saves." : "Asked: it saves after its step.");
    } catch (error) { tell(told, error.message, true); }
  }

  // --- filling ---
  function head() {
    document.title = `${data.name} · Saddlepoint studio`;
    name.textContent = data.name;
    const running = data.state_of.running;
    const cut = !running && !data.state_of.ended;
    badge.textContent = running ? "running" : cut ? "interrupted" : data.badge;
    badge.className = `badge ${running ? "good" : cut ? "watch" : data.tone}`;
    lead.textContent = running ? `${data.recipe ? `Recipe ${data.recipe}. ` : ""}The run goes on.` : cut ? "No process trains it, and it has not ended: the command below goes on with it." : data.outcome;
    progress.hidden = !running;
    actions.hidden = !running && !told.textContent;
    stop.hidden = save.hidden = !running;
    const at = data.state_of;
    bar.value = Math.min(1, at.share || 0);
    pace.textContent = `${exact(at.samples)}${at.of ? ` of ${exact(at.of)}` : ""} samples, ${compact(at.rate)} a second${at.left !== null ? `, about ${duration(at.left)} left` : ""}`;
    if (changed("tiles", data.tiles)) tiles.replaceChildren(...data.tiles.map(([value, label, exactly]) => h("div", { class: "card tile" }, h("dt", {}, label), h("dd", { title: exactly }, value))));
  }

  function verdicts() {
    if (!changed("verdicts", [data.verdicts, data.interventions])) return;
    answers.replaceChildren(...data.verdicts.map(v => h("div", { class: `card finding ${v.level}` }, h("div", { class: "headline" }, h("h3", {}, QUESTIONS[v.question]), h("span", { class: "badge" }, LEVELS[v.level])), h("p", {}, v.answer))));
    const open = new Set([...findings.querySelectorAll("details[open]")].map(d => d.dataset.name));
    findings.replaceChildren(
      ...data.verdicts.flatMap(v => v.findings).filter(f => f.level !== "good").map(f => h("li", { class: `card finding ${f.level}` },
        h("div", { class: "headline" }, h("span", { class: "badge" }, LEVELS[f.level]), h("h3", {}, f.title)),
        h("p", {}, f.seen), f.advice && h("p", { class: "muted" }, f.advice), f.commands.map(command),
        Object.keys(f.evidence).length > 0 && h("details", { "data-name": f.name, open: open.has(f.name) }, h("summary", {}, "Evidence"),
          h("dl", { class: "facts" }, Object.entries(f.evidence).flatMap(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, value === null ? "not finite" : `${+(+value).toPrecision(5)}`)]), f.threshold !== null && [h("dt", {}, "threshold"), h("dd", {}, `${+(+f.threshold).toPrecision(5)}`)])),
        f.source && h("p", { class: "muted source" }, f.source))),
      ...data.interventions.map(c => h("li", { class: "card finding" }, h("h3", {}, `Changed at ${exact(c.at)} samples`), h("p", {}, `${c.why}. The run went on from ${exact(c.to)} samples with ${c.settings.join(" ")}.`))));
  }

  // --- samples: the newest one, and a slider through all ---
  let film = null;
  function snapshots() {
    const texts = data.texts.length > 0;
    const steps = texts ? data.texts : data.snapshots;
    if (!steps.length && !beside) return;
    if (!film) film = filmOf(steps, texts);
    film.update(steps);
  }

  function filmOf(first, texts) {
    let steps = first, at = first.length - 1, follow = true, timer = 0, wanted = 0, shown = null, pairs = null;
    const label = h("strong", {}), said = h("span", { class: "muted" });
    const stage = texts ? h("pre", { tabindex: "0", class: "written" }) : h("img", { alt: "" });
    const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Which snapshot is shown", oninput: () => { pause(); show(+slider.value); } });
    const play = h("button", { type: "button", onclick: () => (timer ? pause() : begin()) }, "▶ Play");
    const newest = h("button", { type: "button", onclick: () => { pause(); show(steps.length - 1); } }, "Newest");
    const extra = h("div", { class: "extras" }), through = history(stage, load);
    const real = h("div", { class: "besides" });
    put(samples, h("div", { class: "card film" }, real), extra);
    const figure = h("figure", { class: "beside stage" }, h("figcaption", {}, label, said), stage, h("div", { class: "controls" }, play, slider, newest));
    real.append(figure);

    async function load(seen) {
      const image = new Image();
      image.src = `${api}/picture/${seen}`;
      await image.decode();
      return image;
    }
    async function show(place) {
      at = Math.max(0, Math.min(steps.length - 1, place));
      follow = at === steps.length - 1;
      slider.value = at;
      const seen = steps[at], words = `${exact(seen)} samples`;
      label.textContent = `Generated after ${words}`;
      slider.setAttribute("aria-valuetext", words);
      newest.disabled = follow;
      const mine = ++wanted;
      if (texts) {
        const answer = await fetch(`${api}/text/${seen}`);
        const text = answer.ok ? await answer.text() : "This snapshot can't be read.";
        if (mine === wanted) stage.textContent = text;
        return;
      }
      // Decoded before it is shown, so that nothing flickers and the slider never shows an older one late.
      let image;
      try { image = await load(seen); } catch { if (mine === wanted) said.textContent = "this snapshot can't be read"; return; }
      if (mine !== wanted) return;
      stage.src = image.src;
      stage.alt = `Samples of inputs that never change, after ${words}`;
      stage.className = image.naturalWidth < 640 ? "pixels" : "";
      said.textContent = "the same inputs each time";
      shown = image;
      pairs?.update(image);
    }
    function pause() { clearInterval(timer); timer = 0; play.textContent = "▶ Play"; }
    function begin() {
      if (at === steps.length - 1) show(0);
      play.textContent = "❚❚ Pause";
      timer = setInterval(() => (at >= steps.length - 1 ? pause() : show(at + 1)), 300);
    }
    return {
      update(now) {
        const before = steps.length;
        steps = now;
        if (!texts) through.update(now);
        slider.max = Math.max(0, steps.length - 1);
        slider.hidden = play.hidden = newest.hidden = steps.length < 2;
        if (steps.length && (follow && !timer || before !== steps.length && at >= steps.length || label.textContent === "")) show(follow ? steps.length - 1 : at);
      },
      beside(found) {
        const heads = words => words && words.length ? h("div", { class: `heads c${words.length}`, "aria-hidden": "true" }, words.map(word => h("span", { title: word }, word))) : null;
        for (const old of real.querySelectorAll(".beside:not(.stage)")) old.remove();
        const one = (title, picture, words, saying) => h("figure", { class: "beside" }, h("figcaption", {}, h("strong", {}, title), h("span", { class: "muted" }, saying)), heads(words), h("img", { src: picture.picture, alt: `${title}: ${saying}`, class: picture.width < 640 ? "pixels" : null }));
        figure.querySelector(".heads")?.remove();
        const over = heads(found.captions.grid);
        if (over && !texts) figure.insertBefore(over, stage);
        for (const grid of real.querySelectorAll(".heads")) columns(grid);
        if (found.real) real.prepend(one("Real", found.real, found.captions.grid, "of the training data"));
        if (found.live && !texts) real.append(one("Generated, live weights", found.live, found.captions.grid, "at the end, without the average"));
        for (const grid of real.querySelectorAll(".heads")) columns(grid);
        if (texts && found.real_text) real.append(h("figure", { class: "beside" }, h("figcaption", {}, h("strong", {}, "Real")), h("pre", { class: "written", tabindex: "0" }, found.real_text)));
        // Points, curves and histograms are one picture each; sounds, images and pairs lie in a grid.
        const grids = !texts && !found.plane && !found.rows;
        pairs = texts ? null : snapshotPairs(found.captions.grid || []);
        if (shown) pairs?.update(shown);
        extra.replaceChildren(
          grids ? through.element : "",
          pairs ? pairs.element : "",
          found.sounds.length ? h("div", { class: "card players" }, found.sounds.map(([kind, own]) => h("div", {}, h("h3", {}, kind), own.map(sound => h("p", {}, h("span", {}, sound.label), h("audio", { controls: true, preload: "none", src: sound.address, "aria-label": `${kind}: ${sound.label}` })))))) : "",
          found.rows ? table(found.rows) : "",
          found.nearest || found.pairs ? h("div", { class: "pair" },
            found.nearest && h("div", { class: "card" }, one("Nearest training samples", found.nearest, found.captions.nearest, "beside the generated ones that come nearest to one: equal pairs are copies")),
            found.pairs && h("figure", { class: "card beside" }, h("figcaption", {}, h("strong", {}, found.pairs.title)), themed(found.pairs))) : "");
        for (const grid of extra.querySelectorAll(".heads")) columns(grid);
      },
    };
  }

  const columns = grid => { grid.style.gridTemplateColumns = `repeat(${grid.children.length}, minmax(0, 1fr))`; };
  const themed = chart => h("picture", {}, h("source", { media: "(prefers-color-scheme: dark)", srcset: chart.dark.startsWith("data:image/") ? chart.dark : "" }), h("img", { src: chart.light, alt: chart.description, class: "whole" }));

  function table(rows) {
    const [, real, made] = rows.lines[0];
    return h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Rows, real and made" }, h("table", { class: "rows" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Column"), real.map(() => h("th", { scope: "col" }, "real")), made.map(() => h("th", { scope: "col", class: "made" }, "made")))),
      h("tbody", {}, rows.lines.map(([column, a, b]) => h("tr", {}, h("th", { scope: "row" }, column), a.map(v => h("td", {}, v)), b.map(v => h("td", { class: "made" }, v)))))));
  }

  // --- curves ---
  const charts = new Map();
  let plane = null, measure = () => {};
  function draw() {
    // A run that begins again has no records for a moment: what was drawn stays until there are new ones.
    if (!data.panels.length) {
      if (!charts.size) put(curves, h("p", { class: "card muted" }, "Nothing has been recorded yet."));
      return;
    }
    if (!curves.body.children.length || curves.body.firstElementChild.tagName === "P") {
      const axis = h("select", { onchange: () => { view.axis = axis.value; keep(); } }, Object.entries(AXES).map(([key, words]) => h("option", { value: key, selected: key === view.axis }, words)));
      const smooth = h("input", { type: "range", min: 0, max: 0.2, step: 0.01, value: view.smoothing, oninput: () => { view.smoothing = +smooth.value; keep(); } });
      const log = h("input", { type: "checkbox", checked: view.log, onchange: () => { view.log = log.checked; keep(); } });
      put(curves, h("div", { class: "chartbar" }, h("label", {}, "Over ", axis), h("label", {}, "Smoothing ", smooth), h("label", {}, log, " logarithmic")), h("div", { class: "charts" }));
    }
    fillCharts(curves.body.lastElementChild, data.panels);
    if (!game.body.children.length) {
      put(game, h("div", { class: "charts" }));
      const measured = measurements(api);
      measured.read().catch(() => {});
      game.body.append(...(readOnly ? [] : [playing(measured)]), measured.element);
    }
    if (data.planes.length && !plane) {
      plane = planeFilm(api);
      game.body.querySelector(".charts").prepend(h("div", { class: "card planecard" }, plane.element));
      if (beside?.plane) plane.real(beside.plane);
    }
    plane?.update(data.planes);
    measure();
    fillCharts(game.body.querySelector(".charts"), data.movement);
  }
  // What is begun about this run: a look at its game, futures under other methods, going on.
  function playing(measured) {
    const taken = () => measured.read().catch(() => {});
    const list = h("div", { class: "jobs" }), said = h("p", { class: "told", role: "status" });
    const method = h("select", {}), share = h("input", { type: "number", min: 1, placeholder: "a tenth", class: "long" }), setting = h("input", { type: "text", placeholder: "such as lr=5e-4", spellcheck: "false" });
    const further = h("input", { type: "number", min: 1, placeholder: "as it was set", class: "long" });
    const stamp = () => new Date().toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
    const futures = () => [`method=${method.value}${setting.value ? ` ${setting.value}` : ""}`];
    get("/api/start").then(known => method.replaceChildren(...known.methods.map(([one, words]) => h("option", { value: one, title: words }, one)))).catch(error => tell(said, error.message, true));
    const follow = h("input", { type: "checkbox" });
    const look = at => begin({ run: id, do: "inspect", ...(at ? { at } : {}) }, list, said, taken, true);
    const all = async () => { for (const at of data.checkpoints.filter(at => at && !measured.has(at))) await look(at); };
    let newest = data.checkpoints.at(-1);
    measure = () => {
      const last = data.checkpoints.at(-1);
      if (last !== newest && follow.checked) look(last);
      newest = last;
    };
    get("/api/jobs").then(({ jobs }) => list.append(...jobs.filter(job => job.about === id).map(job => jobCard(job, taken, job.what === "inspect")))).catch(() => {});
    const label = (words, input) => h("label", {}, `${words} `, input);
    const button = (words, fields) => h("button", { type: "button", onclick: () => begin({ run: id, ...fields() }, list, said) }, words);
    return h("div", { class: "playing" }, h("div", { class: "card" },
      h("p", { class: "muted small" }, "The spectrum and where the method's step contracts, the field along the path, the duality gap and the turn of the direction are measured at the newest checkpoint; nothing of the run changes."),
      h("div", { class: "actions" }, h("button", { type: "button", onclick: () => look() }, "Measure the game now"), h("button", { type: "button", onclick: all }, "At every checkpoint that is kept"), h("label", {}, follow, "at each new one, while this page is open")),
      h("div", { class: "actions" }, label("Play on from here with", method), label("and", setting), label("for", share), "samples",
        button("Side by side, on the same batches", () => ({ do: "fork", futures: futures(), samples: share.value ? +share.value : null, root: 0, name: `fork-${stamp()}` }))),
      h("div", { class: "actions" }, button("Go on with this run", () => ({ do: "continue", samples: further.value ? +further.value : null })), label("to", further), "samples"), said), list);
  }

  function keep() { localStorage.setItem("curves", JSON.stringify(view)); draw(); }
  function fillCharts(place, panels) {
    for (const panel of panels) {
      if (!charts.has(panel.title)) { const made = new Chart(panel.title); charts.set(panel.title, made); place.append(made.element); }
      const long = panel.series.some(line => line.x.length > 40);
      const positive = panel.series.every(line => line.y.some(v => v > 0));
      charts.get(panel.title).update({
        ...panel, scale: view.log && positive ? "log" : panel.scale === "log" && positive ? "log" : "linear",
        series: panel.series.map(line => ({ ...line, x: onAxis(line.x, data.axes, view.axis) })),
        smoothing: long ? view.smoothing : 0, axisName: view.axis, axes: data.axes,
      });
    }
  }

  function rest() {
    if (data.metrics.length && changed("metrics", data.metrics)) put(metrics, h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Metrics" }, h("table", { class: "stack" },
      h("thead", {}, h("tr", {}, ["Metric", "Last", "Best", "Best at", "Direction"].map(word => h("th", { scope: "col" }, word)))),
      h("tbody", {}, data.metrics.map(m => h("tr", {}, h("th", { scope: "row" }, m.name), h("td", { "data-label": "last" }, m.last), h("td", { "data-label": "best" }, m.best), h("td", { "data-label": "best at" }, m.best_at), h("td", { class: "muted", "data-label": "direction" }, m.direction)))))));
    if (changed("how", [data.commands, data.started_with])) put(how, h("dl", { class: "card repeat" }, [...data.commands, ...(data.started_with ? [["This run was started with", data.started_with]] : [])].map(([label, words]) => h("div", {}, h("dt", {}, label), h("dd", {}, command(words))))));
    if (changed("about", [data.dataset, data.run_facts, data.notes])) {
      const facts = (title, pairs, more) => h("div", { class: "card" }, h("h3", {}, title), h("dl", { class: "facts" }, pairs.flatMap(([key, value]) => [h("dt", {}, key), h("dd", {}, value)])), more);
      put(about, h("div", { class: "pair" }, data.dataset.length ? facts("Data", data.dataset, data.notes.length ? h("ul", { class: "notes" }, data.notes.map(note => h("li", {}, note))) : null) : "", facts("Run", data.run_facts)));
    }
    if (changed("files", data.files)) put(fetch_, h("div", { class: "card" }, h("ul", { class: "files" }, data.files.filter(([file]) => !file.startsWith("samples/")).map(([file, size]) => h("li", {}, h("a", { href: `${api}/file/${file.split("/").map(encodeURIComponent).join("/")}`, download: true }, file), h("span", { class: "muted" }, ` ${bytes(size)}`)))),
      data.snapshots.length ? h("details", {}, h("summary", {}, "Snapshots"), h("ul", { class: "files" }, data.files.filter(([file]) => file.startsWith("samples/")).map(([file, size]) => h("li", {}, h("a", { href: `${api}/file/${file.split("/").map(encodeURIComponent).join("/")}`, download: true }, file), h("span", { class: "muted" }, ` ${bytes(size)}`))))) : ""));
    if (changed("config", data.config)) {
      const list = h("div", { class: "settings" });
      const words = h("details", {}, h("summary", {}, "What each setting means"), list);
      words.addEventListener("toggle", async () => {
        if (!words.open || list.children.length) return;
        list.textContent = "reading …";
        try {
          const { settings } = await post(`${api}/explore`, { do: "settings" });
          list.replaceChildren(h("dl", {}, settings.flatMap(one => [h("dt", {}, h("code", {}, `${one.key}: ${one.value}`)), h("dd", {}, one.text, h("span", { class: "muted" }, ` ${one.kind}`))])));
        } catch (error) { list.textContent = error.message; }
      });
      put(config, h("div", { class: "card" }, words, h("details", {}, h("summary", {}, "The whole configuration (config.yaml)"), h("pre", { tabindex: "0" }, data.config)), data.citations.length ? h("details", {}, h("summary", {}, "Papers to cite (BibTeX)"), data.citations.map(c => h("pre", { tabindex: "0" }, c))) : ""));
    }
  }

  function evaluated() {
    const { evaluation } = beside;
    if (!evaluation) return;
    put(measured, ...beside.evaluation_figures.map(figure => h("figure", { class: "card" }, themed(figure))),
      h("div", { class: "card scroll", tabindex: "0", role: "region", "aria-label": "Evaluation" }, h("table", { class: "stack" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Metric"), evaluation.heads.map(head => h("th", { scope: "col" }, head.flatMap((words, i) => (i ? [h("br"), words] : [words])))))),
        h("tbody", {}, evaluation.rows.map(([label, cells]) => h("tr", {}, h("th", { scope: "row" }, label), cells.map((cell, i) => h("td", { "data-label": evaluation.heads[i].join(", ") }, cell))))))),
      h("p", { class: "muted small" }, `Measured by saddle evaluate; each column is one protocol. Of all: ${evaluation.common.join("; ")}.`));
  }

  function labels() {
    if (!row || !changed("labels", [row.tags, row.note])) return;
    const tags = h("input", { type: "text", value: (row.tags || []).join(" "), disabled: readOnly, "aria-label": "Tags, parted by spaces" });
    const note = h("textarea", { rows: 3, disabled: readOnly, "aria-label": "Note" }, row.note || "");
    const done = h("p", { class: "told", role: "status" });
    put(notes, h("form", { class: "card noteform", onsubmit: async event => {
      event.preventDefault();
      try {
        await post(`${api}/notes`, { tags: tags.value.split(/\s+/).filter(Boolean), note: note.value });
        tell(done, "Kept in notes.json.");
      } catch (error) { tell(done, error.message, true); }
    } }, h("label", {}, "Tags", tags), h("label", {}, "Note", note), readOnly ? "" : h("button", { type: "submit" }, "Keep"), done));
  }

  // --- following ---
  let exhibitsOf = "";
  async function read() {
    if (reading) { again = true; return; }
    reading = true;
    try {
      do {
        again = false;
        data = await get(api);
        const began = performance.now();
        head(); verdicts(); snapshots(); draw(); rest();
        performance.measure("update", { start: began, end: performance.now() });
        const key = JSON.stringify(data.files.filter(([file]) => file.startsWith("exhibits/") || file.startsWith("evaluation")));
        if (key !== exhibitsOf) {
          exhibitsOf = key;
          beside = await get(`${api}/exhibits`);
          snapshots();
          if (!film && (beside.rows || beside.sounds.length)) film = filmOf([], false);
          film?.beside(beside);
          if (beside.plane) plane?.real(beside.plane);
          evaluated();
        }
        opened();
      } while (again);
    } catch (error) {
      badge.textContent = "unreadable";
      badge.className = "badge bad";
      lead.textContent = error.message;
      if (name.textContent === "…") name.textContent = row?.name || "A run";
    } finally { reading = false; }
  }

  let exploring = false;
  function opened() {
    if (exploring || !(data.files.some(([file]) => file.startsWith("generator/")) || data.state_of.samples > 0)) return;
    exploring = true;
    explore.element.hidden = false;
    explorer(explore.body, api);
  }

  live(({ rows, gone }) => {
    const mine = rows.find(one => one.id === id);
    if (mine) { row = mine; labels(); read(); }
    if (gone.includes(id)) { badge.textContent = "removed"; badge.className = "badge bad"; lead.textContent = "The folder of this run is gone."; }
  });
  read();
}
