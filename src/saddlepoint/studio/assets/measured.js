// What `saddle inspect` measured of a run, now or on another day: its picture at one checkpoint, and its numbers over samples.

import { Chart } from "/assets/chart.js";
import { exact, get, h } from "/assets/dom.js";

const PANELS = [
  { title: "Rotation", unit: "0: pure descent, 1: pure rotation", limits: [0, null], lines: { "of the spectrum": r => r.rotation, "share of eigenvalues that are unstable": r => r.unstable / (r.eigenvalues.length || 1) } },
  { title: "Extremes of the spectrum", unit: "eigenvalues", scale: "log", lines: { "largest Re λ": r => r.most_real, "largest |Im λ|": r => r.most_imaginary } },
  { title: "A plain step", unit: "multiplies a mode by up to", scale: "log", references: [[1, "1: contracts below"]], lines: { "largest factor": r => r.stability.largest_factor } },
  { title: "Duality gap", unit: "what a best reply could gain", lines: { total: r => r.duality_gap?.total, generator: r => r.duality_gap?.generator, discriminator: r => r.duality_gap?.discriminator } },
  { title: "Turn of the direction", unit: "degrees from step to step", limits: [0, 180], references: [[90, "90: as noise does"]], lines: { angle: r => r.turning.angle } },
  { title: "Path angle", unit: "cosine of the field with the way back", limits: [-1, 1], references: [[0, "0: it circles"]], lines: { "near the checkpoint": r => r.path?.cosines.at(-4) } },
];

// `api` is the run's address.
export function measurements(api) {
  const found = new Map(), charts = PANELS.map(panel => new Chart(panel.title));
  const moment = h("select", { onchange: () => picture() }), drawn = h("img", { class: "whole drawn", alt: "" });
  const shown = h("div", { class: "card", hidden: true }, h("label", {}, "Measured at ", moment, " samples"), drawn);
  const element = h("div", { class: "measured", hidden: true }, shown, h("div", { class: "charts" }, charts.map(chart => chart.element)));
  function picture() {
    drawn.src = `${api}/measured/${moment.value}`;
    drawn.alt = `The spectrum, the region in which the method contracts, and the field along the path at ${exact(+moment.value)} samples`;
  }
  return {
    element,
    has: samples => found.has(samples),
    // What the studio keeps; called again when something more was measured.
    async read() {
      for (const result of (await get(`${api}/measured`)).measured) found.set(result.samples, result);
      if (!found.size) return;
      const all = [...found.values()].sort((a, b) => a.samples - b.samples);
      const pictured = all.filter(r => r.picture).map(r => r.samples);
      shown.hidden = !pictured.length;
      if (pictured.length) {
        moment.replaceChildren(...pictured.map(samples => h("option", { value: samples }, exact(samples))));
        moment.value = pictured.at(-1);
        picture();
      }
      element.hidden = false;
      PANELS.forEach((panel, i) => {
        const series = Object.entries(panel.lines).map(([label, of]) => ({ label, x: all.map(r => r.samples), y: all.map(r => of(r) ?? null) })).filter(line => line.y.some(v => v !== null));
        charts[i].element.hidden = !series.length;
        const positive = series.every(line => line.y.every(v => v === null || v > 0));
        if (series.length) charts[i].update({ ...panel, scale: panel.scale === "log" && positive ? "log" : "linear", series, axisName: "samples" });
      });
    },
  };
}
