// A method at the wall of an L1 ball, and the coefficients of a fit against the radius.

import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { cross, format, inSteps, line, near } from "./plot.js";
import { ring, within } from "./ring.js";
import { BALL, FEATURES, KNOTS, METHODS, RADII, RULES, SIZES, STEPS, SURE, TARGET, WINDOW } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";
import { trail } from "./trail.js";

const RINGS = [0.3, 0.6, 1, 1.5, 2, 2.6, 3.3, 4, 5, 6, 7];
const NAMED = ["s5", "bmi", "bp", "sex", "s1"]; // whose lines end apart from each other
const two = (x) => (Number(x.toFixed(2)) || 0).toFixed(2).replace("-", "−");

// A level of the bowl, as far from its lowest point as a circle of this radius is in the coordinates that make it round.
function level([a, b], radius) {
  const [mixed, steep] = RULES.slope(0, 1, 0, 0);
  return Array.from({ length: 73 }, (_, k) => {
    const v = (radius * Math.sin((k * Math.PI) / 36)) / Math.sqrt(steep - mixed * mixed);
    return [a + radius * Math.cos((k * Math.PI) / 36) - mixed * v, b + v];
  });
}

function coefficients(radius) {
  if (radius >= SIZES[SIZES.length - 1]) return KNOTS[KNOTS.length - 1];
  const k = SIZES.findLastIndex((size) => size <= radius);
  const share = (radius - SIZES[k]) / (SIZES[k + 1] - SIZES[k]);
  return KNOTS[k].map((low, j) => RULES.between(low, KNOTS[k + 1][j], share));
}

export function compute({ radius, method, free: [a, b] }) {
  const r = radius / BALL;
  let [x, y] = [0, 0];
  for (let t = 0; t < SURE; t += 1) [x, y] = METHODS.projected.rule(x, y, ...RULES.slope(x, y, a, b), r, 0, t);
  const level = Math.max(...RULES.slope(x, y, a, b).map(Math.abs));
  const lowest = [x, y, level];
  const crease = method === "subgradient" ? level : 0;
  const value = (px, py) => RULES.total(RULES.height(px, py, a, b), px, py, crease);
  const path = [[-0.5 * r, -0.5 * r]];
  for (let t = 0; t < STEPS; t += 1) {
    [x, y] = path[t];
    path.push(METHODS[method].rule(x, y, ...RULES.slope(x, y, a, b), r, level, t));
  }
  const least = value(lowest[0], lowest[1]);
  const gaps = path.map(([px, py]) => value(px, py) - least);
  return { path, gaps, lowest, fit: coefficients(radius), status: "max_steps" };
}

export const numbers = (run) => [...run.path.flat(), ...run.gaps, ...run.lowest, ...run.fit];

export function render(place) {
  let hilly = "";
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: { radius: RADII, method: METHODS, free: (point) => within(point, WINDOW) },
    share: 0.45,
    compute, numbers,
    revive: ([path, gaps, lowest, fit], status) => ({ path: pairs(path), gaps: [...gaps], lowest: [...lowest], fit: [...fit], status }),
    frames: () => STEPS,
    judge, paint, tell, aim,
    met: () => best,
  });
  const { state, opening } = story;

  function judge(run) {
    run.kept = FEATURES.filter((_, k) => run.fit[k] !== 0);
    if (story.touched && run.kept.length >= TARGET.features) best = Math.min(state.radius, best ?? Infinity);
  }

  const free = ring({
    alone: true,
    label: "Lowest point of the bowl", move: (x, y) => story.change({ free: [x, y] }), home: () => story.change({ free: opening.free }),
  });
  const plane = panel("Contour lines of a bowl, the L1 ball, and the path of the method", "group");
  const hills = s("path", { class: "gdw-contour" });
  const ball = s("path", { class: "gdw-blue" });
  const minimum = s("path", { class: "gdw-minimum" });
  plane.inside.append(hills, ball, minimum);
  plane.above.append(free.node);
  const follow = trail(plane.inside);
  const fit = panel("Ten coefficients of a fit to the diabetes data against the radius");
  const lines = FEATURES.map(() => s("path"));
  const names = NAMED.map((name) => s("text", { "aria-hidden": "true", "text-anchor": "end" }, name));
  const wall = s("path", { class: "gdw-theory" });
  fit.inside.append(...lines, wall);
  fit.above.append(...names);
  const loss = panel("The value above the lowest allowed at each step");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(curve);
  loss.above.append(mark);
  return story.lay(
    [plane, fit, loss],
    [story.slider("radius", "Radius", { step: 0.5, show: (x) => x.toFixed(1) }), story.choice("method", "Method"), story.player],
  );

  function paint() {
    drawPlane();
    drawFit();
    drawLoss();
  }

  function drawPlane() {
    const fresh = plane.frame({
      width: story.room.first, ratio: 1, x: WINDOW.slice(0, 2), y: WINDOW.slice(2), xName: "x", yName: "y; drag the ring",
    });
    const { x, y } = plane;
    if (fresh || hilly !== state.free.join()) {
      hilly = state.free.join();
      hills.setAttribute("d", RINGS.map((radius) => line(level(state.free, radius), x, y)).join(""));
    }
    const r = state.radius / BALL;
    ball.setAttribute("d", `${line([[r, 0], [0, r], [-r, 0], [0, -r]], x, y)}Z`);
    minimum.setAttribute("d", cross(story.run.lowest, x, y));
    follow(story.run.path, story.frame, x, y);
    free.update({ at: state.free, x, y });
  }

  function drawFit() {
    fit.frame({
      width: story.room.second, height: story.room.wide ? plane.height : 180, x: [0, RADII[1]], y: [-45, 45],
      xName: "radius; s1 to s6 are blood values", yName: "diabetes: coefficients, computed beforehand",
    });
    const { x, y } = fit;
    lines.forEach((node, k) => set(node, {
      d: line(SIZES.map((size, j) => [size, KNOTS[j][k]]), x, y), class: story.run.fit[k] === 0 ? "gdw-contour" : "gdw-blue",
    }));
    names.forEach((node, k) => {
      const end = KNOTS[KNOTS.length - 1][FEATURES.indexOf(NAMED[k])];
      set(node, { x: x.ends[1] - 3, y: near(y(end)) + (end < 0 ? 15 : -6) });
    });
    wall.setAttribute("d", `M${near(x(state.radius))} ${y.ends[0]}V${y.ends[1]}`);
  }

  function drawLoss() {
    loss.frame({
      width: story.room.wide ? story.room.first + story.room.second : story.room.first, height: 140, x: [0, STEPS], y: [1e-8, 100], yLog: true,
      xName: "step", yName: "above the lowest point allowed, log axis", yTicks: 3,
    });
    const { x, y } = loss;
    const { gaps } = story.run;
    curve.setAttribute("d", line(gaps, x, y));
    set(mark, { cx: near(x(story.frame)), cy: near(y(gaps[story.frame])) });
  }

  function tell() {
    const { path, gaps, lowest, kept } = story.run;
    const at = (point) => `(${two(point[0])}, ${two(point[1])})`;
    const ups = gaps.slice(1, story.frame + 1).filter((gap, k) => gap > gaps[k] + 1e-12).length;
    const often = ups === 1 ? "once" : `${ups} times`;
    const zeros = path[story.frame].filter((value) => value === 0).length;
    const none = zeros === 1 ? ", with an exact zero" : "";
    return `Radius ${state.radius.toFixed(1)}, bowl about ${at(state.free)}: ${METHODS[state.method].title} is at ${at(path[story.frame])} after ${inSteps(story.frame)}${none}, ` +
      `${format(Math.max(gaps[story.frame], 0))} above the lowest at ${at(lowest)}; it went up ${often}. ` +
      `The fit keeps ${kept.length} of 10: ${kept.join(", ")}.`;
  }

  function aim() {
    if (best !== null && best <= TARGET.radius) return [`Target met: radius ${best.toFixed(1)} keeps three features.`, true];
    const goal = "Target: the smallest radius at which the fit keeps three features.";
    return [best ? `${goal} Smallest so far: ${best.toFixed(1)}.` : goal, false];
  }

  function readBest(text = "") {
    const radius = Number(text);
    return radius > SIZES[2] && radius <= RADII[1] ? radius : null;
  }
}
