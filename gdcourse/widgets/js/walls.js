// A method at the wall of an L1 ball, and the coefficients of a fit against the radius.

import { choice, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { BALL, FEATURES, KNOTS, METHODS, RADII, RULES, SIZES, STEPS, SURE, TARGET, WINDOW } from "./rules.js";
import { sentence, session } from "./session.js";

const RINGS = [0.3, 0.6, 1, 1.5, 2, 2.6, 3.3, 4, 5, 6, 7];
const NAMED = ["s5", "bmi", "bp", "sex", "s1"]; // whose lines end apart from each other
const place = (x) => (Number(x.toFixed(2)) || 0).toFixed(2).replace("-", "−");

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

export function render({ model, el, page, python }) {
  let frame = STEPS;
  let room = null;
  let hilly = "";
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["radius", "method", "free"],
    valid: (name, value) => {
      if (name === "radius") return value >= RADII[0] && value <= RADII[1];
      if (name === "method") return value in METHODS;
      return value.length === 2 && value.every((one) => Math.abs(one) <= WINDOW[1]);
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([path, gaps, lowest, fit], status) => measured({
      path: Array.from({ length: gaps.length }, (_, k) => [path[2 * k], path[2 * k + 1]]),
      gaps: [...gaps], lowest: [...lowest], fit: [...fit], status,
    }),
    changed: () => {
      frame = STEPS;
      draw();
    },
    note: () => (best ? { met: best } : {}),
  });
  const { state, opening } = story;

  function measured(run) {
    run.kept = FEATURES.filter((_, k) => run.fit[k] !== 0);
    if (run.kept.length >= TARGET.features) best = Math.min(state.radius, best ?? Infinity);
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const plane = panel({ role: "group" });
  const fit = panel();
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    radius: slider({
      label: "Radius", name: "radius", min: RADII[0], max: RADII[1], step: 0.5, show: (x) => x.toFixed(1),
      input: (radius) => change({ radius }),
    }),
    method: choice({
      label: "Method", name: "method",
      options: Object.fromEntries(Object.entries(METHODS).map(([name, { title }]) => [name, title])),
      input: (method) => change({ method }),
    }),
  };
  const free = ring({
    label: "Lowest point of the bowl", move: (x, y) => change({ free: [x, y] }), home: () => change({ free: opening.free }),
  });
  const player = playback({
    frames: () => STEPS,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  const hills = s("path", { class: "gdw-contour" });
  const ball = s("path", { class: "gdw-blue" });
  const minimum = s("path", { class: "gdw-minimum" });
  const trail = s("path", { class: "gdw-path" });
  const dots = s("path", { class: "gdw-dots" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  plane.inside.append(hills, ball, minimum, trail, dots, here);
  plane.above.append(free.node);
  const lines = FEATURES.map(() => s("path"));
  const names = NAMED.map((name) => s("text", { "aria-hidden": "true", "text-anchor": "end" }, name));
  const wall = s("path", { class: "gdw-theory" });
  fit.inside.append(...lines, wall);
  fit.above.append(...names);
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(curve);
  loss.above.append(mark);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, plane.node, fit.node, loss.node),
    h("div", { class: "gdw-row" }, controls.radius.node, controls.method.node, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.45);
    drawPlane();
    drawFit();
    drawLoss();
    for (const name of ["radius", "method"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    plane.node.setAttribute("aria-label", "Contour lines of a bowl, the L1 ball, and the path of the method");
    fit.node.setAttribute("aria-label", "Ten coefficients of a fit to the diabetes data against the radius");
    loss.node.setAttribute("aria-label", `The value above the lowest allowed at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", met());
  }

  function drawPlane() {
    const fresh = plane.frame({
      width: room.first, ratio: 1, x: WINDOW.slice(0, 2), y: WINDOW.slice(2), xName: "x", yName: "y; drag the ring",
    });
    const { x, y } = plane;
    if (fresh || hilly !== state.free.join()) {
      hilly = state.free.join();
      hills.setAttribute("d", RINGS.map((radius) => line(level(state.free, radius), x, y)).join(""));
    }
    const r = state.radius / BALL;
    ball.setAttribute("d", `${line([[r, 0], [0, r], [-r, 0], [0, -r]], x, y)}Z`);
    const [a, b] = story.run.lowest;
    minimum.setAttribute("d", `M${near(x(a))} ${near(y(b))}m-6 0h12m-6 -6v12`);
    const shown = story.run.path.slice(0, frame + 1);
    const d = line(shown, x, y);
    trail.setAttribute("d", d);
    dots.setAttribute("d", `${d.replaceAll("L", "h0M")}h0`);
    set(here, { cx: near(x(shown[frame][0])), cy: near(y(shown[frame][1])) });
    free.update({ at: state.free, x, y });
  }

  function drawFit() {
    fit.frame({
      width: room.second, height: room.wide ? plane.height : 180, x: [0, RADII[1]], y: [-45, 45],
      xName: "radius", yName: "diabetes: coefficients, computed beforehand",
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
      width: room.wide ? room.first + room.second : room.first, height: 96, x: [0, STEPS], y: [1e-8, 100], yLog: true,
      xName: "step", yName: "above the lowest point allowed, log axis", yTicks: 3,
    });
    const { x, y } = loss;
    const { gaps } = story.run;
    curve.setAttribute("d", line(gaps.map((gap, step) => [step, gap]), x, y));
    set(mark, { cx: near(x(frame)), cy: near(y(gaps[frame])) });
  }

  function tell() {
    const { path, gaps, lowest, kept } = story.run;
    const at = (point) => `(${place(point[0])}, ${place(point[1])})`;
    const ups = gaps.slice(1, frame + 1).filter((gap, k) => gap > gaps[k] + 1e-12).length;
    const zeros = path[frame].filter((value) => value === 0).length;
    const none = zeros === 1 ? ", with an exact zero" : "";
    return `Radius ${state.radius.toFixed(1)}, bowl about ${at(state.free)}: ${METHODS[state.method].title} is at ${at(path[frame])} after ${frame} steps${none}, ` +
      `${format(Math.max(gaps[frame], 0))} above the lowest at ${at(lowest)}; it went up ${ups} times. ` +
      `The fit keeps ${kept.length} of 10: ${kept.join(", ")}.`;
  }

  function met() {
    return best !== null && best <= TARGET.radius;
  }

  function tellTarget() {
    if (met()) return `Target met: radius ${best.toFixed(1)} keeps three features.`;
    const goal = "Target: the smallest radius at which the fit keeps three features.";
    return best ? `${goal} Smallest so far: ${best.toFixed(1)}.` : goal;
  }

  function readBest(text = "") {
    const radius = Number(text);
    return radius > SIZES[2] && radius <= RADII[1] ? radius : null;
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el, 0.45).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    player.pause();
    watcher.disconnect();
    story.close();
  };
}
