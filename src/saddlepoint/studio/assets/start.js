// Start here: data, recipe, what they are taken for, plan, training; and games that are solved and compared.

import { Chart } from "/assets/chart.js";
import { bytes, command, exact, get, h, live, post, readOnly, short, tell } from "/assets/dom.js";
import { begin, jobCard } from "/assets/jobs.js";
import { WaysView, player } from "/assets/plane.js";

export async function start(main) {
  document.title = "Start · Saddlepoint studio";
  const heading = h("div", { class: "headline" }, h("h1", {}, "Start here"));
  if (readOnly) { main.replaceChildren(heading, h("p", { class: "card" }, "The studio was started with --read-only: it begins nothing.")); return; }
  main.replaceChildren(heading, h("p", { class: "muted", role: "status" }, "reading what there is …"));
  let known;
  try { known = await get("/api/start"); } catch (error) { main.replaceChildren(heading, h("p", { class: "card told bad" }, error.message)); return; }
  const list = h("div", { class: "jobs", "aria-live": "polite" });
  main.replaceChildren(heading, training(known, list), solving(known, list), h("section", { "aria-label": "Commands begun here" }, h("h2", {}, "Commands begun here"), list));
  live(() => {});
  const { jobs } = await get("/api/jobs");
  list.append(...jobs.map(job => jobCard(job)));
  list.append(h("p", { class: "muted small none" }, "What is begun here is a saddle command in a process of its own. A training goes on when the studio ends."));
}

const field = (words, input) => h("label", { class: "field" }, h("span", {}, words), input);
const options = rows => rows.map(([name, words]) => h("option", { value: name, title: words }, name));
const number = (words, more) => h("input", { type: "number", "aria-label": words, ...more });

function training(known, list) {
  const told = h("p", { class: "told", role: "status" }), preview = h("div", {});
  const about = h("p", { class: "muted small" });
  let chosen = null;
  const recipe = h("select", { onchange: changed }, options(known.recipes));
  const data = chooser(known.places, place => { chosen = place; changed(); });
  const samples = number("Samples", { min: 1, placeholder: "recipe's", oninput: later }), minutes = number("Minutes", { min: 0, step: "any", placeholder: "none", oninput: later });
  const settings = h("textarea", { rows: 2, placeholder: "method=extragradient\nbatch_size=128", oninput: later, spellcheck: "false" });
  const root = h("select", { onchange: changed }, known.roots.map((name, i) => h("option", { value: i }, name)));
  const name = h("input", { type: "text", oninput: later, maxlength: 80 });
  const hours = number("Hours of the plan", { min: 0, step: "any", value: 1 });
  let named = false;
  name.addEventListener("input", () => { named = name.value !== ""; });

  function fields() {
    return { recipe: recipe.value, data: chosen, samples: samples.value ? +samples.value : null, minutes: minutes.value ? +minutes.value : null, settings: settings.value.split(/\n/).map(line => line.trim()).filter(Boolean), root: +root.value, name: name.value };
  }
  let timer = 0;
  function later() { clearTimeout(timer); timer = setTimeout(changed, 250); }
  async function changed() {
    about.textContent = known.recipes.find(([one]) => one === recipe.value)?.[1] || "";
    if (!named) name.value = fresh(recipe.value);
    try {
      const { command: words } = await post("/api/jobs", { ...fields(), do: "train", preview: true });
      preview.replaceChildren(command(words));
      tell(told, "");
    } catch (error) { preview.replaceChildren(); tell(told, error.message, true); }
  }
  const button = (words, more, extra) => h("button", { type: "button", ...extra, onclick: async () => { await begin({ ...fields(), ...more() }, list, told); if (more().do === "train") { named = false; changed(); } list.scrollIntoView({ block: "nearest" }); } }, words);
  const element = h("section", { "aria-label": "Train" }, h("h2", {}, "Train"), h("div", { class: "card startform" },
    h("div", { class: "steps" },
      h("fieldset", {}, h("legend", {}, "1. Recipe"), field("Recipe", recipe), about),
      h("fieldset", {}, h("legend", {}, "2. Data"), data),
      h("fieldset", {}, h("legend", {}, "3. Budget and settings"), h("div", { class: "pairline" }, field("Samples", samples), field("Minutes", minutes)), field("Settings, one a line: key=value", settings)),
      h("fieldset", {}, h("legend", {}, "4. Where"), known.roots.length > 1 ? field("Folder", root) : "", field("Name of the run", name))),
    h("div", { class: "actions" }, button("What are the data taken for?", () => ({ do: "check" })), button("Plan", () => ({ do: "plan", hours: +hours.value })), h("label", {}, "for ", hours, " hours"), button("Start training", () => ({ do: "train" }), { class: "button" })),
    told, preview));
  changed();
  return element;
}

const fresh = word => `${word}-${new Date().toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "")}`;

// Folders that were named, one inside another; the recipe's own data where nothing is chosen.
function chooser(places, taken) {
  const where = h("p", { class: "small chosen" }), inside = h("ul", { class: "browse", "aria-label": "Files and folders" }), told = h("p", { class: "told", role: "status" });
  const element = h("div", {}, where, inside, told);
  let chosen = null, at = null;
  const say = () => where.replaceChildren(chosen ? h("strong", {}, [places[chosen.root], chosen.path].filter(Boolean).join("/")) : h("strong", {}, "the recipe's own"), " ", chosen ? h("button", { type: "button", class: "copy", onclick: () => take(null) }, "take the recipe's own") : "");
  function take(place) { chosen = place; say(); taken(place); }
  async function open(place) {
    at = place;
    try {
      if (!place) {
        inside.replaceChildren(...places.map((name, root) => h("li", {}, h("button", { type: "button", onclick: () => open({ root, path: "" }) }, `${name}/`))));
        return;
      }
      const { entries } = await get(`/api/places?root=${place.root}&path=${encodeURIComponent(place.path)}`);
      const under = name => ({ root: place.root, path: [place.path, name].filter(Boolean).join("/") });
      const up = place.path ? { root: place.root, path: place.path.split("/").slice(0, -1).join("/") } : null;
      inside.replaceChildren(
        h("li", {}, h("button", { type: "button", onclick: () => open(up) }, "↑ up"), h("button", { type: "button", class: "take", onclick: () => take(place) }, "Take this folder")),
        ...entries.map(one => h("li", {}, one.folder ? h("button", { type: "button", onclick: () => open(under(one.name)) }, `${one.name}/`) : h("button", { type: "button", onclick: () => take(under(one.name)) }, one.name), one.folder ? "" : h("span", { class: "muted" }, ` ${bytes(one.size)}`))),
        entries.length ? "" : h("li", { class: "muted" }, "nothing here"));
      tell(told, "");
    } catch (error) { tell(told, error.message, true); }
  }
  say();
  open(null);
  return element;
}

function solving(known, list) {
  const told = h("p", { class: "told", role: "status" });
  const game = h("select", {}, options(known.games)), lr = number("Step size", { value: 0.1, min: 0, step: "any" }), iterations = number("Steps", { value: 300, min: 1, max: 5000 });
  const method = value => { const made = h("select", {}, options(known.methods)); made.value = value; return made; };
  const one = method("alternating"), other = method("extragradient");
  const pair = h("div", { class: "sidebyside duel", "aria-live": "polite" });
  const stage = h("div", { class: "ways-stage", "aria-live": "polite" });
  game.value = "bilinear";
  // Both from the same start with the same steps, on one plane, where the game has two numbers.
  async function play() {
    tell(told, "playing …");
    try {
      const methods = [...new Set([one.value, other.value])];
      const found = await post("/api/play", { game: game.value, methods, lr: +lr.value, iterations: +iterations.value });
      tell(told, "");
      const chart = new Chart("Distance to the solution");
      const legend = h("ul", { class: "legend large" }, found.ways.map((way, i) => h("li", { class: `key${i}` }, `${way.method}: ${way.outcome}, a step multiplies the distance by ${short(way.rate)}, ${exact(way.evaluations)} evaluations`)));
      const plane = found.field ? new WaysView(`The ways of ${methods.join(" and ")} on ${game.value}`) : null;
      const last = Math.max(...found.ways.map(way => way.steps.length)) - 1, film = player("How many steps are shown", at => plane.update(found, at), at => `${(found.ways.find(way => at in way.steps) || found.ways[0]).steps[at]} steps`);
      const words = methods.map(method => command(`saddle solve ${game.value} --method ${method} --lr ${+lr.value} --iterations ${+iterations.value} --plot way.png`));
      stage.replaceChildren(legend, h("div", { class: "charts" }, plane && h("figure", { class: "card planefilm" }, h("figcaption", {}, h("strong", {}, "The way of both players"), " ", h("span", { class: "muted" }, "arrows: where they are pushed; the cross: the solution")), plane.svg, film.element), chart.element), ...words);
      chart.update({ title: "Distance to the solution", unit: "distance", axisName: "steps", scale: found.ways.every(way => way.distance.every(d => d > 0)) ? "log" : "linear", named: true, series: found.ways.map(way => ({ label: way.method, x: way.steps, y: way.distance })) });
      if (plane) film.set(last + 1);
    } catch (error) { tell(told, error.message, true); }
  }
  async function both(more) {
    pair.replaceChildren();
    for (const chosen of new Set([one.value, other.value])) {
      const place = h("div", {});
      pair.append(place);
      await begin({ game: game.value, method: chosen, lr: +lr.value, iterations: +iterations.value, ...more }, place, told);
    }
  }
  return h("section", { "aria-label": "Two methods on a game" }, h("h2", {}, "Two methods on a game with a known solution"), h("div", { class: "card startform" },
    h("div", { class: "pairline" }, field("Game", game), field("Method", one), field("Beside it", other), field("Step size", lr), field("Steps", iterations)),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button", onclick: play }, "Play, side by side"),
      h("button", { type: "button", onclick: () => both({ do: "map" }) }, "Map where they converge"),
      h("button", { type: "button", onclick: () => begin({ do: "compare", game: game.value, methods: [...new Set([one.value, other.value])], root: 0, name: fresh(`compare-${game.value}`) }, list, told) }, "Compare at equal cost")),
    told, stage, pair));
}
