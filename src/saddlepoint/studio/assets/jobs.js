// Commands that were begun here: what they say, what they drew, and a button that stops them.

import { command, get, h, post, readOnly, tell } from "/assets/dom.js";

const TONES = { waiting: "plain", running: "good", done: "good", failed: "bad", stopped: "watch" };
const WORDS = { check: "What the data are taken for", plan: "Plan", train: "Training", continue: "Going on", fork: "Futures side by side", inspect: "The game now", map: "Stability map", compare: "Comparison" };

// A card that follows one job to its end; `ended` is called then, and with `shows` it shows the picture elsewhere.
export function jobCard(job, ended, shows) {
  const badge = h("span", { class: "badge plain" }, job.state), said = h("pre", { class: "written said", tabindex: "0", hidden: true, "aria-label": "What the command says" });
  const short = h("p", { class: "lines", hidden: true }), picture = h("div", {}), told = h("p", { class: "told", role: "status" });
  const stop = h("button", { type: "button", onclick: async () => {
    try { await post(`/api/jobs/${job.id}/stop`, {}); tell(told, "Asked to stop, as Ctrl-C does: a training saves first."); } catch (error) { tell(told, error.message, true); }
  } }, "Stop");
  const link = h("p", { class: "small", hidden: true });
  const element = h("article", { class: "card job", "aria-label": WORDS[job.what] || job.what }, h("div", { class: "headline" }, h("h3", {}, WORDS[job.what] || job.what), badge, readOnly ? "" : stop), command(job.command), told, short, job.what === "check" ? h("details", {}, h("summary", {}, "All settings, as they would be"), said) : said, picture, link);
  function fill(now) {
    badge.textContent = now.state;
    badge.className = `badge ${TONES[now.state]}`;
    stop.hidden = !["waiting", "running"].includes(now.state);
    if (said.textContent !== now.said) {
      const low = said.scrollTop + said.clientHeight >= said.scrollHeight - 20;
      said.textContent = now.said;
      if (low) said.scrollTop = said.scrollHeight;
    }
    said.hidden = !now.said;
    // A dry run ends with what the reader says of the data and what the networks cost.
    const lines = job.what === "check" ? now.state === "failed" ? now.said : now.said.split("\n").filter(line => line.startsWith("# ")).map(line => line.slice(2)).join("\n") : "";
    short.hidden = !lines;
    if (short.textContent !== lines) short.textContent = lines;
    if (now.picture && !shows && !picture.children.length) picture.append(h("img", { class: "whole drawn", src: `/api/jobs/${job.id}/picture`, alt: `The picture of: ${now.command}` }));
    if (now.run && ["running", "done", "stopped"].includes(now.state)) result(now.run).catch(() => {});
  }
  // The run that it writes; of several, as futures and methods beside one another are, their comparison.
  async function result(folder) {
    const { rows } = await get("/api/runs");
    const own = rows.filter(row => row.path === folder || row.path.startsWith(`${folder}/`)).map(row => row.id);
    const race = job.what === "compare" ? (await get("/api/races")).races.find(one => one.path === folder) : null;
    if (link.dataset.of === own.join() + race?.id || !(own.length || race)) return;
    link.dataset.of = own.join() + race?.id;
    link.hidden = false;
    link.replaceChildren(race ? h("a", { href: `/race/${race.id}` }, "See what came of it") : own.length === 1 ? h("a", { href: `/run/${own[0]}` }, "See the run") : h("a", { href: `/compare?runs=${own.slice(0, 12).join(",")}` }, `See its ${own.length} runs side by side`));
  }
  async function follow() {
    try {
      const now = await get(`/api/jobs/${job.id}`);
      fill(now);
      if (["waiting", "running"].includes(now.state)) setTimeout(follow, 700);
      else {
        if (ended) ended(now);
        // What it wrote at last is found by the studio a moment later.
        if (now.run && element.isConnected) setTimeout(() => result(now.run).catch(() => {}), 6000);
      }
    } catch (error) {
      tell(told, error.message, true);
      if (element.isConnected) setTimeout(follow, 3000);
    }
  }
  follow();
  return element;
}

// Begin what the fields say; the card of its job comes first in a list.
export async function begin(fields, list, told, ended, shows) {
  try {
    const job = await post("/api/jobs", fields);
    tell(told, "");
    list.prepend(jobCard(job, ended, shows));
    return job;
  } catch (error) { tell(told, error.message, true); return null; }
}
