// Native controls with labels: sliders, choices and buttons.

import { h, unique } from "./dom.js";

// A labelled range input. show(value) is what a person reads; the value of a log slider is rounded to some digits.
export function slider({ label, name, min, max, step, scale = "linear", digits = 3, show, input }) {
  const id = unique(name);
  const toSlider = scale === "log" ? Math.log10 : (x) => x;
  const fromSlider = scale === "log" ? (x) => Number((10 ** x).toPrecision(digits)) : (x) => x;
  const clamp = (x) => Math.min(max, Math.max(min, x));
  const set = () => input(clamp(fromSlider(Number(range.value))));
  // A thumb on a slider may mean to scroll the page, so nothing is set before it moves along or lifts; if the page
  // scrolls, the slider goes back to where it was.
  let held = null;
  const release = (event) => {
    if (!held) return;
    if (event.type === "pointercancel") range.value = held.value;
    else if (range.value !== held.value) set();
    held = null;
  };
  const range = h("input", {
    type: "range", id, name, min: toSlider(min), max: toSlider(max), step,
    input: () => held || set(),
    pointerdown: ({ pointerType, clientX }) => (held = pointerType === "touch" ? { value: range.value, clientX } : null),
    pointermove: (event) => held && Math.abs(event.clientX - held.clientX) > 8 && release(event),
    pointerup: release, pointercancel: release,
  });
  const output = h("output", { for: id });
  const node = h("div", { class: "gdw-slider" }, h("label", { for: id }, label), output, range);
  const update = (value, off = false) => {
    const text = off ? "not used" : show(value);
    if (!held && clamp(fromSlider(Number(range.value))) !== value) range.value = toSlider(value);
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
