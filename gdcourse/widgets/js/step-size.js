// A tangent and the line that a step h draws in its place, and the error of three methods against h.

import { button, choice, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { FUNCTIONS, GRID, METHODS, POINT, RULES, SIZES } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 230;
const INKS = { forward: ["path", null], central: ["second", "8 3"], complex: ["fourth", "8 3 2 3"] };
const names = Object.keys(METHODS);
const titles = (table) => Object.fromEntries(Object.entries(table).map(([name, { title }]) => [name, title]));

function slopes(name, size) {
  const f = FUNCTIONS[name];
  const [before, after] = [f.value(POINT - size), f.value(POINT + size)];
  const imaginary = f.complex(POINT, size)[1];
  return [RULES.forward(f.value(POINT), after, size), RULES.central(before, after, size), imaginary / size];
}

export function compute({ h: size, function: name }) {
  const exact = FUNCTIONS[name].slope(POINT);
  const grid = GRID.map((step) => slopes(name, step).map((slope) => RULES.error(slope, exact)));
  return { exact, found: slopes(name, size), curves: names.map((_, k) => grid.map((row) => row[k])), status: "measured" };
}

export const numbers = (run) => [run.exact, ...run.found, ...run.curves.flat()];

export function render({ model, el, page, python }) {
  let room = null;
  const met = readMet(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["h", "method", "function"],
    valid: (name, value) => {
      if (name === "h") return value >= SIZES[0] && value <= SIZES[1];
      return Object.hasOwn(name === "method" ? METHODS : FUNCTIONS, value);
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([[exact, ...found], errors], status) => measured({
      exact, found, curves: names.map((_, k) => [...errors.slice(k * GRID.length, (k + 1) * GRID.length)]), status,
    }),
    changed: () => draw(),
    note: () => (met.size ? { met: [...met].map(([name, best]) => [name, ...best].join(":")).join() } : {}),
  });
  const { state, opening } = story;

  // The error of the chosen method, and the least that each one has reached.
  function measured(run) {
    run.error = RULES.error(run.found[names.indexOf(state.method)], run.exact);
    if (run.error < (met.get(state.method)?.[1] ?? 0.1)) met.set(state.method, [state.h, run.error]);
    return run;
  }

  const change = (settings) => story.change(settings);
  const graph = panel();
  const vee = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    h: slider({
      label: "Step h", name: "h", min: SIZES[0], max: SIZES[1], step: 0.05, scale: "log", show: format,
      input: (size) => change({ h: size }),
    }),
    method: choice({ label: "Method", name: "method", options: Object.fromEntries(names.map((name) => [name, name])), input: (method) => change({ method }) }),
    function: choice({ label: "Function", name: "function", options: titles(FUNCTIONS), input: (name) => change({ function: name }) }),
  };
  const reset = h("div", { class: "gdw-buttons" }, button("Reset", () => change(opening)));

  const ink = ([color, dash]) => ({ class: "gdw-path", style: `stroke: var(--gdw-${color})`, "stroke-dasharray": dash });
  const shape = s("path", { class: "gdw-blue" });
  const tangent = s("path", { class: "gdw-theory" });
  const secant = s("path", { class: "gdw-path" });
  const ends = s("path", { class: "gdw-dots" });
  graph.inside.append(shape, tangent, secant, ends);
  const curves = names.map((name) => s("path", ink(INKS[name])));
  const swatches = names.map((name) => s("path", ink(INKS[name])));
  const key = names.map((name) => s("text", { "aria-hidden": "true" }, name));
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  vee.inside.append(...curves);
  vee.above.append(...swatches, ...key, mark);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, graph.node, vee.node),
    h("div", { class: "gdw-row" }, controls.h.node),
    h("div", { class: "gdw-row" }, controls.method.node, controls.function.node, reset),
    target, live.node, story.node,
  );

  function draw() {
    room = columns(el, 0.5);
    drawGraph();
    drawVee();
    for (const name of ["h", "method", "function"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text);
    graph.node.setAttribute("aria-label", "The function, its tangent, and the line whose slope is measured");
    vee.node.setAttribute("aria-label", `The relative error against the step, on log axes. ${text}`);
    const done = names.every((name) => met.get(name)?.[1] <= METHODS[name].target);
    const list = names.filter((name) => met.has(name)).map((name) => `${name} ${format(met.get(name)[1])}`).join(", ");
    const goals = names.map((name) => `${METHODS[name].target.toExponential(0).replace("-", "−")} ${name}`).join(", ");
    const goal = `Target: relative errors under ${goals}.`;
    target.textContent = done ? `Target met: ${list}.` : list ? `${goal} Least: ${list}.` : goal;
    target.classList.toggle("gdw-met", done);
  }

  function drawGraph() {
    const f = FUNCTIONS[state.function];
    graph.frame({ width: room.first, height: HEIGHT, x: [0, 3], y: [0, f.top], xName: "x", yName: f.title });
    const { x, y } = graph;
    const { exact, found } = story.run;
    const through = (px, slope) => line([0, 3].map((end) => [end, f.value(px) + slope * (end - px)]), x, y);
    shape.setAttribute("d", line(Array.from({ length: 151 }, (_, k) => [k / 50 + 1e-3, f.value(k / 50 + 1e-3)]), x, y));
    tangent.setAttribute("d", through(POINT, exact));
    const central = state.method === "central";
    secant.setAttribute("d", through(central ? POINT + state.h : POINT, found[names.indexOf(state.method)]));
    const places = { forward: [POINT, POINT + state.h], central: [POINT - state.h, POINT + state.h], complex: [POINT] }[state.method];
    ends.setAttribute("d", places.map((px) => `M${near(x(px))} ${near(y(f.value(px)))}h0`).join(""));
    ends.style.strokeWidth = 8;
  }

  function drawVee() {
    vee.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: SIZES, y: [1e-17, 10], xLog: true, yLog: true,
      xName: "step h, log axis", yName: "relative error, log axis", xTicks: 5, yTicks: 6,
    });
    const { x, y } = vee;
    names.forEach((name, k) => {
      curves[k].setAttribute("d", line(story.run.curves[k].map((error, j) => [GRID[j], error]), x, y));
      curves[k].style.strokeWidth = name === state.method ? 2.5 : 1.2;
      const row = y.ends[1] + 8 + 15 * k;
      swatches[k].setAttribute("d", `M${near(x(1e-8)) - 40} ${row}h24`);
      set(key[k], { x: near(x(1e-8)) - 10, y: row + 4 });
    });
    set(mark, { cx: near(x(state.h)), cy: near(y(story.run.error)) });
  }

  function tell() {
    const { title } = METHODS[state.method];
    const slope = story.run.found[names.indexOf(state.method)];
    const what = `The ${title} of ${FUNCTIONS[state.function].title} at ${POINT} with h = ${format(state.h)}`;
    const error = story.run.error === 0 ? "every digit is right" : `relative error ${format(story.run.error)}`;
    return `${what}: slope ${String(Number(slope.toPrecision(12))).replaceAll("-", "−")}, ${error}.`;
  }

  function readMet(text = "") {
    const rows = text.split(",").map((row) => row.split(":"));
    const good = rows.map(([name, ...best]) => [name, best.map(Number)]).filter(([name, best]) =>
      Object.hasOwn(METHODS, name) && best.length === 2 && best.every((value) => value >= 0));
    return new Map(good);
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el, 0.5).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    watcher.disconnect();
    story.close();
  };
}
