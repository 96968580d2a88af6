// Native controls with labels: sliders, choices, buttons, and the ring that can be dragged.

import { h, s, set, unique } from "./dom.js";
import { near } from "./plot.js";

// A labelled range input. show(value) is what a person reads; the value of a log slider has three digits.
export function slider({ label, name, min, max, step, scale = "linear", show, input }) {
  const id = unique(name);
  const toSlider = scale === "log" ? Math.log10 : (x) => x;
  const fromSlider = scale === "log" ? (x) => Number((10 ** x).toPrecision(3)) : (x) => x;
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

// The hollow ring. Dragged by a pointer, moved by the arrow keys (finely with Shift), sent home by Home.
export function ring({ label, move, home }) {
  const halo = s("circle", { r: 18, class: "gdw-halo" });
  const circle = s("circle", { r: 6.5, class: "gdw-ring" });
  const node = s("g", { tabindex: 0, role: "slider", "aria-label": label, class: "gdw-handle" }, halo, circle);
  let view = null;
  let grip = null;
  const where = (event) => {
    const box = node.ownerSVGElement.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const go = (x, y) => {
    const [left, right] = view.x.domain;
    const [low, high] = view.y.domain;
    move(Math.min(right, Math.max(left, x)), Math.min(high, Math.max(low, y)));
  };
  set(node, {
    pointerdown: (event) => {
      const [px, py] = where(event);
      grip = [px - view.x(view.at[0]), py - view.y(view.at[1])];
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      node.focus({ preventScroll: true });
    },
    pointermove: (event) => {
      if (!grip) return;
      const [px, py] = where(event);
      const round = (scale, pixel) => Number(scale.invert(pixel).toFixed(2));
      go(round(view.x, px - grip[0]), round(view.y, py - grip[1]));
    },
    pointerup: () => (grip = null),
    pointercancel: () => (grip = null),
    keydown: (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (event.key === "Home") home();
      else if (step) {
        const size = event.shiftKey ? 0.01 : 0.1;
        go(...view.at.map((value, axis) => Number((value + step[axis] * size).toFixed(2))));
      } else return;
      event.preventDefault();
    },
  });
  const update = (next) => {
    view = next;
    const [x, y] = view.at;
    set(node, {
      transform: `translate(${near(view.x(x))} ${near(view.y(y))})`,
      "aria-valuenow": x, "aria-valuemin": view.x.domain[0], "aria-valuemax": view.x.domain[1],
      "aria-valuetext": `x ${x}, y ${y}`,
    });
  };
  return { node, update };
}
