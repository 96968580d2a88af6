// A tangent and the line that a step h draws in its place, and the error of three methods against h.

import { s, set } from "./dom.js";
import { ink, key } from "./key.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { FUNCTIONS, GRID, METHODS, POINT, RULES, SIZES } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 230;
const INKS = { forward: ["path", null], central: ["second", "8 3"], complex: ["fourth", "8 3 2 3"] };
const names = Object.keys(METHODS);

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

export function render(place) {
  const met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { h: SIZES, method: METHODS, function: FUNCTIONS },
    share: 0.5,
    compute, numbers,
    revive: ([[exact, ...found], errors], status) => ({
      exact, found, curves: names.map((_, k) => [...errors.slice(k * GRID.length, (k + 1) * GRID.length)]), status,
    }),
    judge, paint, tell, aim,
    met: () => [...met].map(([name, best]) => [name, ...best].join(":")).join(),
  });
  const { state } = story;

  // The error of the chosen method, and the least that each one has reached.
  function judge(run) {
    run.error = RULES.error(run.found[names.indexOf(state.method)], run.exact);
    if (story.touched && run.error < (met.get(state.method)?.[1] ?? 0.1)) met.set(state.method, [state.h, run.error]);
  }

  const graph = panel("The function, its tangent, and the line whose slope is measured");
  const shape = s("path", { class: "gdw-blue" });
  const tangent = s("path", { class: "gdw-theory" });
  const secant = s("path", { class: "gdw-path" });
  const ends = s("path", { class: "gdw-dots", style: "stroke-width: 8" });
  graph.inside.append(shape, tangent, secant, ends);
  const vee = panel("The relative error against the step, on log axes");
  const curves = names.map((name) => s("path", ink(INKS[name])));
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  vee.inside.append(...curves);
  const titles = key(vee.above, names.map((name) => [ink(INKS[name]), name]));
  vee.above.append(mark);
  return story.lay(
    [graph, vee],
    [story.slider("h", "Step h", { step: 0.05, scale: "log", show: format })],
    [
      story.choice("method", "Method", Object.fromEntries(names.map((name) => [name, name]))), story.choice("function", "Function"),
      story.reset,
    ],
  );

  function paint() {
    drawGraph();
    drawVee();
  }

  function aim() {
    const list = names.filter((name) => met.has(name)).map((name) => `${name} ${format(met.get(name)[1])}`).join(", ");
    if (names.every((name) => met.get(name)?.[1] <= METHODS[name].target)) return [`Target met: ${list}.`, true];
    const goals = names.map((name) => `${METHODS[name].target.toExponential(0).replace("-", "−")} ${name}`).join(", ");
    return [`Target: relative errors under ${goals}.${list && " Least: " + list + "."}`, false];
  }

  function drawGraph() {
    const f = FUNCTIONS[state.function];
    graph.frame({ width: story.room.first, height: HEIGHT, x: [0, 3], y: [0, f.top], xName: "x", yName: f.title });
    const { x, y } = graph;
    const { exact, found } = story.run;
    const through = (px, slope) => line([0, 3].map((end) => [end, f.value(px) + slope * (end - px)]), x, y);
    shape.setAttribute("d", line(Array.from({ length: 151 }, (_, k) => [k / 50 + 1e-3, f.value(k / 50 + 1e-3)]), x, y));
    tangent.setAttribute("d", through(POINT, exact));
    const central = state.method === "central";
    secant.setAttribute("d", through(central ? POINT + state.h : POINT, found[names.indexOf(state.method)]));
    const places = { forward: [POINT, POINT + state.h], central: [POINT - state.h, POINT + state.h], complex: [POINT] }[state.method];
    ends.setAttribute("d", places.map((px) => `M${near(x(px))} ${near(y(f.value(px)))}h0`).join(""));
  }

  function drawVee() {
    vee.frame({
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: SIZES, y: [1e-17, 10], xLog: true, yLog: true,
      xName: "step h, log axis", yName: "relative error, log axis", xTicks: 5, yTicks: 6,
    });
    const { x, y } = vee;
    names.forEach((name, k) => {
      curves[k].setAttribute("d", line(story.run.curves[k].map((error, j) => [GRID[j], error]), x, y));
      curves[k].style.strokeWidth = name === state.method ? 2.5 : 1.2;
    });
    titles(near(x(1e-8)) - 40, y.ends[1] + 8);
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
}
