// What the newest generator makes: samples, classes, walks, mixtures, directions, conversions.

import { exact, h, post, tell } from "/assets/dom.js";
import { wiper } from "/assets/tiles.js";

// What was made, as elements, whatever it is.
export function madeOf(answer) {
  if (answer.form === "images") return answer.images.map((image, i) => h("img", { src: image, class: "pixels", alt: `Sample ${i + 1}` }));
  if (answer.form === "sounds") return answer.sounds.map((sound, i) => h("p", {}, h("span", {}, `${i + 1}`), h("audio", { controls: true, src: sound, "aria-label": `Made sound ${i + 1}` })));
  if (answer.form === "text") return [h("pre", { tabindex: "0", class: "written" }, answer.text)];
  const picture = answer.picture && h("img", { src: answer.picture, alt: "Made samples, as a picture", class: "whole" });
  if (answer.form === "rows") return [picture, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Made rows" }, h("table", {}, h("thead", {}, h("tr", {}, answer.columns.map(name => h("th", { scope: "col" }, name)))), h("tbody", {}, answer.rows.map(row => h("tr", {}, row.map(cell => h("td", {}, cell)))))))];
  return [picture];
}

export async function explorer(place, api) {
  const said = h("p", { class: "told", role: "status" });
  const from = h("p", { class: "muted small" });
  const controls = h("div", { class: "chartbar" });
  const out = h("div", { class: "made" });
  place.replaceChildren(h("div", { class: "card" }, controls, said, out, from));
  let running = null, next = null;

  // One question at a time; of those that come meanwhile only the newest is asked, so that sliders stay quick.
  async function ask(question, then) {
    next = { question, then };
    if (running) return;
    running = true;
    while (next) {
      const { question: asked, then: take } = next;
      next = null;
      try {
        const began = performance.now();
        const answer = await post(`${api}/explore`, asked);
        from.textContent = `${answer.weights === "average" ? "Averaged weights" : answer.weights === "live" ? "Live weights" : "The generator that was handed over"}${answer.samples ? ` after ${exact(answer.samples)} samples` : ""}; answered in ${Math.round(performance.now() - began)} ms.`;
        tell(said, "");
        take(answer);
      } catch (error) { tell(said, error.message, true); }
    }
    running = null;
  }

  const start = h("button", { type: "button", onclick: begin }, "Open the generator");
  controls.append(start);

  function begin() {
    start.disabled = true;
    tell(said, "opening …");
    ask({ do: "about" }, about => {
      controls.replaceChildren();
      if (about.form.startsWith("convert")) converter(about);
      else sampler(about);
    });
    start.disabled = false;
  }

  // What the model lets one choose, beside a number, a seed and a class.
  function chooser(about, changed) {
    const inputs = about.options.map(one => [one.key, h("input", { type: one.kind, step: "any", class: one.kind === "text" ? "word" : null, title: one.text, placeholder: { where: "age>=30; city=Paris" }[one.key] || null, onchange: changed })]);
    return {
      elements: inputs.map(([key, input]) => h("label", {}, `${key[0].toUpperCase()}${key.slice(1)} `, input)),
      values: () => Object.fromEntries(inputs.filter(([, input]) => (input.type === "checkbox" ? input.checked : input.value !== "")).map(([key, input]) => [key, input.type === "checkbox" ? "true" : input.value])),
    };
  }

  function converter(about) {
    const sound = about.form === "convert-sound";
    const options = chooser(about, send);
    const file = h("input", { type: "file", accept: sound ? "audio/wav,.wav" : "image/*", onchange: send, "aria-label": `A file to ${about.verb}` });
    controls.append(h("label", {}, `${about.verb[0].toUpperCase()}${about.verb.slice(1)} a ${sound ? "sound (WAV)" : "photograph"} `, file), ...options.elements);
    async function send() {
      if (!file.files[0]) return;
      tell(said, "working …");
      try {
        const query = new URLSearchParams({ do: "convert", ...options.values() });
        const answer = await post(`${api}/convert?${query}`, file.files[0], true);
        tell(said, "");
        out.replaceChildren(answer.form === "sound-pair"
          ? h("div", { class: "players" }, [["Given", answer.before], ["Made", answer.after]].map(([label, source]) => h("p", {}, h("span", {}, label), h("audio", { controls: true, src: source, "aria-label": label }))))
          : wiper(answer.before, answer.after).element);
      } catch (error) { tell(said, error.message, true); }
    }
  }

  function sampler(about) {
    const images = about.form === "images";
    let seed = 0, chosen = [], film = 0;
    const most = ["picture", "rows"].includes(about.form) ? 2500 : 100;
    const options = chooser(about, draw);
    const number = h("input", { type: "number", min: 1, max: most, value: { images: 24, picture: 1000, rows: about.kind === "series" ? 12 : 200 }[about.form] || 16, "aria-label": "How many", onchange: draw });
    const seeds = h("input", { type: "number", min: 0, max: 2147483647, value: 0, "aria-label": "Seed", onchange: draw });
    const label = about.classes?.length ? h("select", { "aria-label": "Class", onchange: draw }, h("option", { value: "" }, "every class in turn"), about.classes.map(name => h("option", { value: name }, name))) : null;
    const rows = about.classes?.length && images ? h("input", { type: "checkbox", onchange: draw }) : null;
    const cut = images ? h("input", { type: "range", min: 0, max: 1.5, step: 0.05, value: 1, "aria-label": "Truncation", oninput: draw }) : null;
    const another = h("button", { type: "button", onclick: () => { seeds.value = +seeds.value + 1; draw(); } }, "Other samples");
    const walk = images ? h("button", { type: "button", onclick: walking }, "Walk") : null;
    const photograph = images ? h("input", { type: "file", accept: "image/*", "aria-label": "A photograph to find in latent space", onchange: project }) : null;
    controls.append(h("label", {}, "Number ", number), h("label", {}, "Seed ", seeds), label ? h("label", {}, "Class ", label) : "", rows ? h("label", {}, rows, " a row a class") : "", cut ? h("label", {}, "Truncation ", cut) : "", ...options.elements, another, walk || "");
    const grid = h("div", { class: "samplegrid" }), bench = h("div", {});
    out.replaceChildren(grid, bench, images ? h("details", {}, h("summary", {}, "Find a photograph in latent space"), photograph, h("div", { class: "found" })) : "");

    function draw() {
      clearInterval(film);
      seed = Math.max(0, Math.floor(+seeds.value) || 0);
      const question = { do: "sample", n: Math.max(1, Math.min(most, Math.floor(+number.value) || 16)), seed, options: options.values() };
      if (label?.value) question.label = label.value;
      if (cut) question.truncation = +cut.value;
      if (rows?.checked) question.rows = true;
      ask(question, show);
    }

    function show(answer) {
      grid.className = `samplegrid ${answer.form}`;
      if (answer.form === "images") {
        grid.style.gridTemplateColumns = answer.columns ? `minmax(3em, auto) repeat(${answer.columns}, minmax(0, 1fr))` : "";
        if (answer.columns) grid.replaceChildren(...answer.names.flatMap((name, i) => [h("span", { class: "rowname" }, name), ...answer.images.slice(i * answer.columns, (i + 1) * answer.columns).map((image, j) => h("img", { src: image, class: "pixels", alt: `Class ${name}, latent ${j + 1}` }))]));
        else {
          chosen = chosen.filter(at => at < answer.images.length);
          answer.images.forEach((image, i) => {
            const button = grid.children[i]?.tagName === "BUTTON" ? grid.children[i] : null;
            if (button) button.firstElementChild.src = image;
            else {
              const made = h("button", { type: "button", class: "pick", "aria-pressed": "false", "aria-label": `Sample ${i + 1}`, onclick: () => pick(i) }, h("img", { src: image, class: "pixels", alt: "" }));
              grid.children[i] ? grid.children[i].replaceWith(made) : grid.append(made);
            }
          });
          while (grid.children.length > answer.images.length) grid.lastElementChild.remove();
          marks();
        }
      } else grid.replaceChildren(...madeOf(answer));
      place.dataset.ready = "yes";
    }

    function marks() {
      [...grid.children].forEach((button, i) => {
        button.setAttribute("aria-pressed", chosen.includes(i) ? "true" : "false");
        const order = chosen.indexOf(i);
        button.dataset.order = order < 0 ? "" : order + 1;
      });
    }

    function pick(i) {
      chosen = chosen.includes(i) ? chosen.filter(at => at !== i) : [...chosen, i].slice(-8);
      marks();
      if (!chosen.length) bench.replaceChildren();
      else if (chosen.length === 1) directions();
      else mixing();
    }

    const base = parts => ({ seed, parts, truncation: cut ? +cut.value : 1, ...(label?.value ? { label: label.value } : {}) });

    function mixing() {
      const image = h("img", { class: "pixels big", alt: "The mixture" });
      const sliders = chosen.map((at, i) => h("input", { type: "range", min: 0, max: 1, step: 0.02, value: chosen.length === 2 ? (i ? 0 : 1) : 1, "aria-label": `Weight of sample ${at + 1}`, oninput: render }));
      const between = chosen.length === 2 ? h("input", { type: "range", min: 0, max: 1, step: 0.02, value: 0.5, "aria-label": "From the first to the second", oninput: render }) : null;
      const row = h("div", { class: "strip8" });
      bench.replaceChildren(h("h3", {}, chosen.length === 2 ? "Between two samples" : `A mixture of ${chosen.length} samples`), h("div", { class: "workbench" }, image,
        h("div", { class: "sliders" }, between ? h("label", {}, `${chosen[0] + 1} → ${chosen[1] + 1}`, between) : sliders.map((slider, i) => h("label", {}, `Sample ${chosen[i] + 1}`, slider)))), row);
      function render() {
        const weights = between ? [1 - +between.value, +between.value] : sliders.map(s => +s.value);
        ask({ do: "mix", places: [base(chosen.map((at, i) => ({ at, weight: weights[i] })))] }, answer => { image.src = answer.images[0]; });
      }
      if (between) ask({ do: "mix", places: Array.from({ length: 9 }, (_, k) => base([{ at: chosen[0], weight: 1 - k / 8 }, { at: chosen[1], weight: k / 8 }])) }, answer => {
        row.replaceChildren(...answer.images.map((one, k) => h("img", { src: one, class: "pixels", alt: `${Math.round(k / 8 * 100)} per cent of the second` })));
        render();
      });
      else render();
    }

    function directions() {
      const at = chosen[0];
      const by = h("select", { "aria-label": "How directions are found", onchange: open }, h("option", { value: "factorisation" }, "factorisation of the first layer"), h("option", { value: "pca" }, "principal components of its features"));
      const image = h("img", { class: "pixels big", alt: `Sample ${at + 1}, moved` });
      const list = h("div", { class: "sliders" });
      bench.replaceChildren(h("h3", {}, `Sample ${at + 1} along directions`), h("label", {}, "Directions by ", by), h("div", { class: "workbench" }, image, list), h("p", { class: "muted small" }, "Directions are found without labels, the strongest first. Choose another sample to go between the two."));
      let sliders = [];
      const render = () => ask({ do: "mix", places: [{ ...base([{ at, weight: 1 }]), by: by.value, moves: sliders.map(s => +s.value) }] }, answer => { image.src = answer.images[0]; });
      function open() {
        ask({ do: "directions", by: by.value }, answer => {
          sliders = answer.strengths.map((_, i) => h("input", { type: "range", min: -5, max: 5, step: 0.1, value: 0, "aria-label": `Direction ${i + 1}`, oninput: render }));
          list.replaceChildren(...sliders.map((slider, i) => h("label", {}, `${i + 1} (${Math.round(answer.strengths[i] * 100)} %)`, slider)), h("button", { type: "button", onclick: () => { sliders.forEach(s => { s.value = 0; }); render(); } }, "Back"));
          render();
        });
      }
      open();
    }

    function walking() {
      clearInterval(film);
      ask({ do: "walk", seed, ...(label?.value ? { label: label.value } : {}) }, answer => {
        const image = h("img", { class: "pixels big", alt: "A walk through latent space", src: answer.images[0] });
        const slider = h("input", { type: "range", min: 0, max: answer.images.length - 1, value: 0, "aria-label": "Where on the walk", oninput: () => { clearInterval(film); image.src = answer.images[+slider.value]; } });
        bench.replaceChildren(h("h3", {}, "A walk through latent space"), h("div", { class: "workbench" }, image, h("div", { class: "sliders" }, slider)));
        if (!matchMedia("(prefers-reduced-motion: reduce)").matches) film = setInterval(() => { slider.value = (+slider.value + 1) % answer.images.length; image.src = answer.images[+slider.value]; }, 120);
      });
    }

    async function project() {
      if (!photograph.files[0]) return;
      const shown = out.querySelector(".found");
      shown.textContent = "searching …";
      try {
        const answer = await post(`${api}/convert?do=project`, photograph.files[0], true);
        shown.replaceChildren(h("div", { class: "workbench" }, h("img", { src: answer.before, class: "pixels big", alt: "The photograph as the generator could make it" }), h("img", { src: answer.after, class: "pixels big", alt: "The nearest image found" })), h("p", { class: "muted small" }, answer.said));
      } catch (error) { shown.textContent = error.message; }
    }

    draw();
  }
}
