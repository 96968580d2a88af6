// Five numbers to drag, and the best answer to all of them by four costs.

import { s, set } from "./dom.js";
import { ink, key } from "./key.js";
import { panel } from "./panel.js";
import { line, near } from "./plot.js";
import { ring } from "./ring.js";
import { COSTS, DELTAS, HALVINGS, RULES, STEPS, TAUS, WINDOW } from "./rules.js";
import { stage } from "./stage.js";

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

export function render(place) {
  const home = place.model.get("points");
  const first = compute({ points: home, delta: 1, tau: 0.5 }).best[1];
  let moved = false;
  let met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: {
      points: (points) => points.length === home.length && points.every((y) => y >= WINDOW[0] && y <= WINDOW[1]), delta: DELTAS, tau: TAUS,
    },
    compute, numbers,
    revive: ([best, least, ...curves], status) => ({ best: [...best], least: [...least], curves: curves.map((curve) => [...curve]), status }),
    judge, paint, tell, aim,
    met: () => met?.join("-"),
  });
  const { state } = story;

  // Whether one point alone has been moved, so far that the mean lies beyond all the others.
  function judge(run) {
    const away = state.points.flatMap((y, k) => (y === home[k] ? [] : [k]));
    const others = home.filter((_, k) => k !== away[0]);
    const [centre, median] = run.best;
    const beyond = centre > Math.max(...others) || centre < Math.min(...others);
    if (away.length === 1 && beyond && median === first) met = [state.points[away[0]], centre, median];
  }

  const put = (k, y) => {
    moved = true;
    story.change({ points: state.points.map((other, j) => (j === k ? y : other)) });
  };
  const rings = home.map((y, k) => ring({ label: `Number ${k + 1}`, move: (x) => put(k, x), home: () => put(k, y) }));
  const map = panel("Five numbers on a line, and four costs of one answer for all of them", "group");
  const ground = s("path", { class: "gdw-contour" });
  const lines = INKS.map((look) => s("path", ink(look)));
  const dots = INKS.map(([color], k) => s("path", { d: MARKS[k], style: `fill: var(--gdw-${color})` }));
  const hint = s("text", { "text-anchor": "middle", "aria-hidden": "true" }, "drag");
  map.inside.append(ground, ...lines);
  map.above.append(...dots.toReversed(), hint, ...rings.map((one) => one.node));
  const shapes = panel("What a single miss costs, by each of the four");
  const misses = INKS.map((look) => s("path", ink(look)));
  shapes.inside.append(...misses);
  const titles = key(shapes.above, INKS.map((look, k) => [ink(look), COSTS[names[k]].title]));
  const some = (name, label, digits, step) => story.slider(name, label, {
    step, show: (x) => x.toFixed(digits), input: (value) => story.change({ [name]: Number(value.toFixed(digits)) }),
  });
  return story.lay(
    [map, shapes],
    [
      some("delta", "Huber's width", 1, 0.1), some("tau", "Quantile", 2, 0.05),
      story.reset,
    ],
  );

  function paint() {
    drawMap();
    drawShapes();
  }

  function aim() {
    if (met) return [`Target met: with one number at ${show(met[0])} the mean is ${show(met[1])}, the median still ${show(met[2])}.`, true];
    return ["Target: move one number until the mean leaves all the others behind and the median has not moved.", false];
  }

  function drawMap() {
    map.frame({
      width: story.room.first, height: HEIGHT, x: WINDOW, y: [-0.36, 1.05], xName: "answer", yName: "cost above its least, scaled",
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
      width: story.room.second, height: story.room.wide ? HEIGHT : 130, x: [-4, 4], y: [0, 5], xName: "miss", yName: "cost of one miss",
    });
    const { x, y } = shapes;
    const r = Array.from({ length: 81 }, (_, k) => (k - 40) / 10);
    misses.forEach((path, k) => {
      const { rule } = COSTS[names[k]];
      path.setAttribute("d", line(r.map((miss) => [miss, rule(miss, state.delta, state.tau)]), x, y));
    });
    titles(near(x(0)) - 40, y.ends[1] + 8);
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
}
