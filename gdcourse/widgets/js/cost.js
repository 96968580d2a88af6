// Five numbers to drag, and the best answer to all of them by four costs.

import { button, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { line, near } from "./plot.js";
import { ring } from "./ring.js";
import { COSTS, DELTAS, HALVINGS, RULES, STEPS, TAUS, WINDOW } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 240;
const LINE = -0.16; // where the numbers lie, below the curves
const INKS = [["path", null], ["second", "8 3"], ["third", "3 2"], ["fourth", "8 3 2 3"]];
const MARKS = ["M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0", "M-5 -5h10v10h-10Z", "M0 -9l9 9l-9 9l-9 -9Z", "M0 -6l6 10h-12Z"];
const names = Object.keys(COSTS);
const grid = Array.from({ length: STEPS + 1 }, (_, k) => (WINDOW[1] * k) / STEPS);

// The mean over the points, added in their order as Python adds.
function mean(points, each) {
  let total = 0;
  for (const y of points) total += each(y);
  return total / points.length;
}

export function compute({ points, delta, tau }) {
  const cost = (name, c, over = points) => mean(over, (y) => COSTS[name].rule(c - y, delta, tau));
  const corners = [...points].sort((a, b) => a - b);
  const least = (name) => {
    const costs = corners.map((c) => cost(name, c, corners));
    return corners[costs.indexOf(Math.min(...costs))];
  };
  let [low, high] = [corners[0], corners.at(-1)];
  for (let k = 0; k < HALVINGS; k += 1) {
    const centre = (low + high) / 2;
    let slope = 0;
    for (const y of points) slope += RULES.clip(centre - y, delta);
    if (slope > 0) high = centre;
    else low = centre;
  }
  const best = [mean(points, (y) => y), least("absolute"), (low + high) / 2, least("pinball")];
  return {
    best, least: names.map((name, k) => cost(name, best[k])), curves: names.map((name) => grid.map((c) => cost(name, c))),
    status: "minimised",
  };
}

export const numbers = (run) => [...run.best, ...run.least, ...run.curves.flat()];

export function render({ model, el, page, python }) {
  let room = null;
  let moved = false;
  let met = readMet(page?.settings.met);
  const home = model.get("points");
  const start = compute({ points: home, delta: 1, tau: 0.5 }).best[1];
  const within = (value, [low, high]) => value >= low && value <= high;

  const story = session({ model, page, python }, {
    names: ["points", "delta", "tau"],
    valid: (name, value) => {
      if (name === "points") return value.length === home.length && value.every((y) => within(y, WINDOW));
      return within(value, name === "delta" ? DELTAS : TAUS);
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([best, least, ...curves], status) =>
      measured({ best: [...best], least: [...least], curves: curves.map((curve) => [...curve]), status }),
    changed: () => draw(),
    note: () => (met ? { met: met.join("-") } : {}),
  });
  const { state, opening } = story;

  // Whether one point alone has been moved, so far that the mean lies beyond all the others.
  function measured(run) {
    const away = state.points.flatMap((y, k) => (y === home[k] ? [] : [k]));
    const others = home.filter((_, k) => k !== away[0]);
    const [centre, median] = run.best;
    const beyond = centre > Math.max(...others) || centre < Math.min(...others);
    if (away.length === 1 && beyond && median === start) met = [state.points[away[0]], centre, median];
    return run;
  }

  const map = panel({ role: "group" });
  const shapes = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    delta: slider({
      label: "Huber's width", name: "delta", min: DELTAS[0], max: DELTAS[1], step: 0.1, show: (x) => x.toFixed(1),
      input: (delta) => story.change({ delta: Number(delta.toFixed(1)) }),
    }),
    tau: slider({
      label: "Quantile", name: "tau", min: TAUS[0], max: TAUS[1], step: 0.05, show: (x) => x.toFixed(2),
      input: (tau) => story.change({ tau: Number(tau.toFixed(2)) }),
    }),
  };
  const reset = h("div", { class: "gdw-buttons" }, button("Reset", () => story.change(opening)));
  const place = (k, y) => {
    moved = true;
    story.change({ points: state.points.map((other, j) => (j === k ? y : other)) });
  };
  const rings = home.map((y, k) => ring({ label: `Number ${k + 1}`, move: (x) => place(k, x), home: () => place(k, y) }));

  const ink = ([color, dash]) => ({ class: "gdw-path", style: `stroke: var(--gdw-${color})`, "stroke-dasharray": dash });
  const ground = s("path", { class: "gdw-contour" });
  const lines = INKS.map((look) => s("path", ink(look)));
  const dots = INKS.map(([color], k) => s("path", { d: MARKS[k], style: `fill: var(--gdw-${color})` }));
  const hint = s("text", { "text-anchor": "middle", "aria-hidden": "true" }, "drag");
  map.inside.append(ground, ...lines);
  map.above.append(...dots.toReversed(), hint, ...rings.map((one) => one.node));
  const misses = INKS.map((look) => s("path", ink(look)));
  const key = names.map((name) => s("text", { "aria-hidden": "true" }, COSTS[name].title));
  const swatches = INKS.map((look) => s("path", ink(look)));
  shapes.inside.append(...misses);
  shapes.above.append(...swatches, ...key);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, map.node, shapes.node),
    h("div", { class: "gdw-row" }, controls.delta.node, controls.tau.node, reset),
    target, live.node, story.node,
  );

  function draw() {
    room = columns(el);
    drawMap();
    drawShapes();
    for (const name of ["delta", "tau"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text);
    map.node.setAttribute("aria-label", "Five numbers on a line, and four costs of one answer for all of them");
    shapes.node.setAttribute("aria-label", `What a single miss costs, by each of the four. ${text}`);
    target.textContent = met
      ? `Target met: with one number at ${show(met[0])} the mean is ${show(met[1])}, the median still ${show(met[2])}.`
      : "Target: move one number until the mean leaves all the others behind and the median has not moved.";
    target.classList.toggle("gdw-met", met !== null);
  }

  function drawMap() {
    map.frame({
      width: room.first, height: HEIGHT, x: WINDOW, y: [-0.36, 1.05], xName: "answer", yName: "cost above its least, scaled",
      xTicks: 8, yTicks: 3,
    });
    const { x, y } = map;
    const { best, least, curves } = story.run;
    ground.setAttribute("d", `M${x.ends[0]} ${near(y(LINE))}H${x.ends[1]}`);
    lines.forEach((path, k) => {
      const span = Math.max(...curves[k]) - least[k];
      path.setAttribute("d", line(grid.map((c, j) => [c, (curves[k][j] - least[k]) / span]), x, y));
      dots[k].setAttribute("transform", `translate(${near(x(best[k]))} ${near(y(0))})`);
    });
    rings.forEach(({ node, update }, k) => {
      update({ at: [state.points[k], LINE], x, y });
      node.setAttribute("aria-valuetext", show(state.points[k]));
    });
    set(hint, { x: near(x(home.at(-1))), y: near(y(LINE)) + 22, visibility: moved ? "hidden" : null });
  }

  function drawShapes() {
    shapes.frame({
      width: room.second, height: room.wide ? HEIGHT : 130, x: [-4, 4], y: [0, 5], xName: "miss", yName: "cost of one miss",
    });
    const { x, y } = shapes;
    const r = Array.from({ length: 81 }, (_, k) => (k - 40) / 10);
    misses.forEach((path, k) => {
      const { rule } = COSTS[names[k]];
      path.setAttribute("d", line(r.map((miss) => [miss, rule(miss, state.delta, state.tau)]), x, y));
      const row = y.ends[1] + 8 + 15 * k;
      swatches[k].setAttribute("d", `M${near(x(0)) - 40} ${row}h22`);
      set(key[k], { x: near(x(0)) - 13, y: row + 4 });
    });
  }

  function show(x) {
    return String(Number(x.toFixed(3)));
  }

  function tell() {
    const [mean, median, huber, quantile] = story.run.best.map(show);
    const numbers = state.points.map(show).join(", ");
    return `Of ${numbers}: mean ${mean}, median ${median}, Huber ${huber} (width ${state.delta.toFixed(1)}), quantile ${quantile} (${state.tau.toFixed(2)}).`;
  }

  function readMet(text = "") {
    const values = text.split("-").map(Number);
    return values.length === 3 && text !== "" && values.every(Number.isFinite) ? values : null;
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    watcher.disconnect();
    story.close();
  };
}
