// What a widget says and remembers: its sentence, its settings, the page's address, and Python where there is one.

import { h } from "./dom.js";

// One polite sentence. While it changes many times a second it is not read out.
export function sentence() {
  const node = h("p", { class: "gdw-sentence", role: "status", "aria-live": "polite" });
  const say = (text, moving = false) => {
    node.setAttribute("aria-live", moving ? "off" : "polite");
    if (node.textContent !== text) node.textContent = text;
  };
  return { node, say };
}

// The settings of a widget and the run they give.
//   domains   {setting: what it may be, in the page's address}: a range [least, most, multiple of], a table with
//             such a key, or (value, settings so far) => boolean
//   compute   settings => run
//   numbers   run => all its doubles, in the order in which Python sends them
//   revive    (arrays from Python, status) => run
//   tolerance how far a number may be from Python's, relative to 1 or to its size: only for exp and log
//   changed   called after each new run
//   met       () => what to keep of the target in the address, if anything
export function session({ model, page, python: converse }, { domains, compute, numbers, revive, changed, tolerance = 0, met }) {
  const names = Object.keys(domains);
  const current = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const opening = current();
  const self = { opening, state: { ...opening }, run: null, node: h("p", { class: "gdw-python" }) };
  for (const name of names) {
    const value = parse(page?.settings[name], opening[name]);
    if (value !== undefined && legal(domains[name], value, self.state)) self.state[name] = value;
  }
  const update = () => {
    self.run = compute(self.state);
    changed();
  };
  const python = converse?.(model, self, { names, current, numbers, revive, changed, update, tolerance });
  self.change = (settings) => {
    Object.assign(self.state, settings);
    update();
    const kept = met?.();
    page?.write({ ...self.state, ...(kept && { met: kept }) });
    python?.ask(true);
  };
  self.link = () => page.link(self.state); // to the state alone: another reader has met nothing yet
  self.open = () => {
    update();
    python?.ask(false);
  };
  self.close = () => python?.close();
  return self;
}

// The points of a path that came as one number after the other.
export function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, k) => [flat[2 * k], flat[2 * k + 1]]);
}

function legal(domain, value, settings) {
  if (typeof domain === "function") return domain(value, settings);
  if (!Array.isArray(domain)) return Object.hasOwn(domain, value);
  const [least, most, multiple] = domain;
  return value >= least && value <= most && !(value % multiple);
}

function parse(text, like) {
  // Number("") is 0, which nobody has asked for.
  if (!text || typeof like === "string") return text || undefined;
  const value = Array.isArray(like) ? text.split(",").map(Number) : Number(text || NaN);
  return [value].flat().every(Number.isFinite) ? value : undefined;
}
