// Elements, requests and words. Nothing of a run ever becomes markup: texts are set as texts.

const meta = document.querySelector('meta[name="studio-token"]');
export const readOnly = meta.dataset.readOnly === "yes";
export const roots = JSON.parse(meta.dataset.roots);

const SVG = "http://www.w3.org/2000/svg";
const HREFS = /^(\/|#|data:(image|audio)\/|blob:)/;

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "value") element.value = value;
    else if ((name === "href" || name === "src") && !HREFS.test(value)) continue;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(4)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await said(answer));
  return answer.json();
}

export async function post(path, body, raw) {
  const headers = { [meta.dataset.header]: meta.content };
  if (!raw) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: "POST", headers, body: raw ? body : JSON.stringify(body) });
  if (!answer.ok) throw new Error(await said(answer));
  return answer.json();
}

async function said(answer) {
  const text = await answer.text();
  try { return JSON.parse(text).error || text; } catch { return text || `error ${answer.status}`; }
}

// What is told of runs as they change; calls back with {rows, gone, ready}.
export function live(changed) {
  const line = document.getElementById("line");
  let source = null;
  const open = () => {
    source = new EventSource("/api/events?since=0");
    source.onopen = () => { line.textContent = "live"; line.className = "line on"; };
    source.onmessage = event => changed(JSON.parse(event.data));
    source.onerror = () => {
      line.textContent = "no connection, trying again";
      line.className = "line off";
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  };
  open();
  addEventListener("pagehide", () => source.close());
}

export function tell(where, words, bad) {
  where.textContent = words;
  where.className = bad ? "told bad" : "told";
}

// --- words ---

export function compact(value) {
  if (value === null || value === undefined || !isFinite(value)) return "–";
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(value) >= size) return `${+(value / size).toPrecision(3)}${letter}`;
  return `${+value.toPrecision(3)}`;
}

export const exact = value => (value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en"));

export function short(value) {
  if (value === null || value === undefined) return "not finite";
  if (value === 0) return "0";
  return Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(2) : `${+value.toPrecision(4)}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined || !isFinite(seconds)) return "–";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function ago(seconds) {
  const passed = Date.now() / 1000 - seconds;
  if (passed < 60) return "now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
  return `${Math.floor(passed / 86400)} d ago`;
}

export function bytes(size) {
  for (const [unit, name] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]])
    if (size >= unit) return `${(size / unit).toPrecision(3)} ${name}`;
  return `${size} B`;
}

export const LEVELS = { good: "Good", watch: "Watch", bad: "Act" };
export const QUESTIONS = { game: "Is the game sound?", result: "Is the result good?", done: "Is it done?" };

// A command, and a button that copies it.
export function command(text) {
  const button = h("button", {
    type: "button", class: "copy", "aria-label": `Copy the command ${text}`,
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    },
  }, "copy");
  const code = h("code", {}, text);
  return h("div", { class: "command copied" }, code, button);
}
