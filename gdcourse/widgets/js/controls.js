// Native controls with labels: sliders, choices and buttons.

import { h, unique } from "./dom.js";

// A labelled range input. show(value) is what a person reads; the value of a log slider is rounded to some digits.
export function slider({ label, name, min, max, step, scale = "linear", digits = 3, show, input }) {
  const id = unique(name);
  const toSlider = scale === "log" ? Math.log10 : (x) => x;
  const fromSlider = scale === "log" ? (x) => Number((10 ** x).toPrecision(digits)) : (x) => x;
  const clamp = (x) => Math.min(max, Math.max(min, x));
  const range = h("input", {
    type: "range", id, name, min: toSlider(min), max: toSlider(max), step,
    input: () => input(clamp(fromSlider(Number(range.value)))),
  });
  const output = h("output", { for: id });
  const node = h("div", { class: "gdw-slider" }, h("label", { for: id }, label), output, range);
  const update = (value, off = false) => {
    const text = off ? "not used" : show(value);
    if (clamp(fromSlider(Number(range.value))) !== value) range.value = toSlider(value);
    range.setAttribute("aria-valuetext", text);
    range.style.setProperty("--gdw-at", (range.value - range.min) / (range.max - range.min));
    output.textContent = text;
    range.disabled = off;
    node.classList.toggle("gdw-off", off);
  };
  return { node, update };
}

export function choice({ label, name, options, input }) {
  const id = unique(name);
  const select = h("select", { id, name, change: () => input(select.value) });
  for (const [value, text] of Object.entries(options)) select.append(h("option", { value }, text));
  const node = h("div", { class: "gdw-choice" }, h("label", { for: id }, label), select);
  return { node, update: (value) => (select.value = value) };
}

export function button(label, click) {
  return h("button", { type: "button", click }, label);
}
