// What `saddle inspect` measured of a run, over the samples at which it was asked: one line a number.

import { Chart } from "/assets/chart.js";
import { get, h } from "/assets/dom.js";

const PANELS = [
  { title: "Rotation", unit: "0: pure descent, 1: pure rotation", limits: [0, null], lines: { "of the spectrum": r => r.rotation, "share of eigenvalues that are unstable": r => r.unstable / (r.eigenvalues.length || 1) } },
  { title: "Extremes of the spectrum", unit: "eigenvalues", scale: "log", lines: { "largest Re λ": r => r.most_real, "largest |Im λ|": r => r.most_imaginary } },
  { title: "A plain step", unit: "multiplies a mode by up to", scale: "log", references: [[1, "1: contracts below"]], lines: { "largest factor": r => r.stability.largest_factor } },
  { title: "Duality gap", unit: "what a best reply could gain", lines: { total: r => r.duality_gap?.total, generator: r => r.duality_gap?.generator, discriminator: r => r.duality_gap?.discriminator } },
  { title: "Turn of the direction", unit: "degrees from step to step", limits: [0, 180], references: [[90, "90: as noise does"]], lines: { angle: r => r.turning.angle } },
  { title: "Path angle", unit: "cosine of the field with the way back", limits: [-1, 1], references: [[0, "0: it circles"]], lines: { "near the checkpoint": r => r.path?.cosines.at(-4) } },
];

export function measurements() {
  const found = new Map(), charts = PANELS.map(panel => new Chart(panel.title));
  const element = h("div", { class: "charts measured", hidden: true }, charts.map(chart => chart.element));
  return {
    element,
    has: samples => found.has(samples),
    // A job that has ended is asked for what it measured.
    async take(job) {
      if (job.what !== "inspect" || job.state !== "done") return;
      const { result } = "result" in job ? job : await get(`/api/jobs/${job.id}`);
      if (!result) return;
      found.set(result.samples, result);
      const all = [...found.values()].sort((a, b) => a.samples - b.samples);
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
