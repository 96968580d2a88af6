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
//   names     the synced traits that are settings
//   valid     (name, value, settings so far) => boolean, for what comes from the page's address
//   compute   settings => run
//   numbers   run => all its doubles, in the order in which Python sends them
//   revive    (arrays from Python, status) => run
//   tolerance how far a number may be from Python's, relative to 1 or to its size: only for exp and log
//   changed   called after each new run
//   note      () => more to keep in the address, such as targets met
export function session({ model, page, python: converse }, { names, valid, compute, numbers, revive, changed, tolerance = 0, note = () => ({}) }) {
  const current = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const opening = current();
  const self = { opening, state: { ...opening }, run: null, node: h("p", { class: "gdw-python" }) };
  for (const name of names) {
    const value = parse(page?.settings[name], opening[name]);
    if (value !== undefined && valid(name, value, self.state)) self.state[name] = value;
  }
  const update = () => {
    self.run = compute(self.state);
    changed();
  };
  const python = converse?.(model, self, { names, current, numbers, revive, changed, update, tolerance });
  self.change = (settings) => {
    Object.assign(self.state, settings);
    update();
    page?.write({ ...self.state, ...note() });
    python?.ask(true);
  };
  self.open = () => {
    update();
    python?.ask(false);
  };
  self.close = () => python?.close();
  return self;
}

function parse(text, like) {
  // Number("") is 0, which nobody has asked for.
  if (!text || typeof like === "string") return text || undefined;
  const value = Array.isArray(like) ? text.split(",").map(Number) : Number(text || NaN);
  return [value].flat().every(Number.isFinite) ? value : undefined;
}
