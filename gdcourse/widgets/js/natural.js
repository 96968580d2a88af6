// One bell curve under three names for its spread, and the ways that descent takes under each.

import { h, s, set } from "./dom.js";
import { sampled } from "./key.js";
import { panel } from "./panel.js";
import { cross, format, line, near } from "./plot.js";
import { ring, within } from "./ring.js";
import { FAR, GRADIENTS, RATES, STEPS, TARGET, TOLERANCE, TRUTH, WINDOW } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";

// The deviation for a parameter, its slope, and the parameter for a deviation, as in gdcourse/curvature.py.
const CHARTS = {
  sigma: { title: "σ", sigma: (q) => q, slope: () => 1, q: (sigma) => sigma, look: "stroke: var(--gdw-path)" },
  log: {
    title: "log σ", sigma: Math.exp, slope: Math.exp, q: Math.log,
    look: "stroke: var(--gdw-second); stroke-dasharray: 7 3",
  },
  precision: {
    title: "1/σ²", sigma: (q) => 1 / Math.sqrt(q), slope: (q) => -0.5 / (q * Math.sqrt(q)), q: (sigma) => 1 / (sigma * sigma),
    look: "stroke: var(--gdw-fourth); stroke-dasharray: 9 3 2 3",
  },
};
const NAMES = Object.keys(CHARTS);
const two = (x) => x.toFixed(2).replace("-", "−");

function way(chart, gradient, lr, start) {
  let m = start[0];
  let q = chart.q(start[1]);
  const path = [start];
  for (let t = 0; t < STEPS; t += 1) {
    const sigma = chart.sigma(q);
    const slope = chart.slope(q);
    const error = m - TRUTH.mean;
    let alongM = error / (sigma * sigma);
    let alongQ = (1 / sigma - (TRUTH.variance + error * error) / (sigma * sigma * sigma)) * slope;
    if (gradient === "natural") {
      alongM /= 1 / (sigma * sigma);
      alongQ /= (2 * slope * slope) / (sigma * sigma);
    }
    m -= lr * alongM;
    q -= lr * alongQ;
    const next = chart.sigma(q);
    if (!(Math.abs(m) < FAR && next > 1 / FAR && next < FAR)) break;
    path.push([m, next]);
  }
  return path;
}

// How far the farthest two of the paths are from each other at each time that all of them see.
function distances(paths) {
  const both = Math.min(...paths.map((path) => path.length));
  return Array.from({ length: both }, (_, t) => {
    let most = 0;
    for (let a = 1; a < paths.length; a += 1) {
      for (let b = 0; b < a; b += 1) most = Math.max(most, Math.hypot(paths[a][t][0] - paths[b][t][0], paths[a][t][1] - paths[b][t][1]));
    }
    return most;
  });
}

export function compute({ lr, start }) {
  const runs = GRADIENTS.map((gradient) => NAMES.map((name) => way(CHARTS[name], gradient, lr, start)));
  return { runs, apart: runs.map((paths) => Math.max(...distances(paths))), status: "max_steps" };
}

export const numbers = ({ runs, apart }) => [...runs.flat(3), ...apart];

export function render(place) {
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: { lr: RATES, gradient: (value) => GRADIENTS.includes(value), start: (point) => within(point, WINDOW) },
    share: 0.5,
    compute, numbers,
    tolerance: TOLERANCE,
    revive: (arrays, status) => ({
      runs: GRADIENTS.map((_, k) => NAMES.map((__, j) => pairs(arrays[3 * k + j]))), apart: [...arrays[6]], status,
    }),
    frames: () => STEPS,
    rest: () => {
      const gaps = distances(paths());
      return gaps.indexOf(Math.max(...gaps));
    },
    judge, paint, tell, aim,
    met: () => best?.join("-"),
  });
  const { state, opening } = story;

  // The plain paths as far apart as can be while the natural ones keep together and none leaves.
  function judge({ runs, apart: [plain, natural] }) {
    const whole = runs.every((three) => three.every((path) => path.length > STEPS));
    if (story.touched && whole && natural <= TARGET.natural && plain > (best?.[0] ?? 0)) best = [plain, natural].map((x) => Number(x.toPrecision(3)));
  }

  const start = ring({
    alone: true,
    label: "Start: mean and deviation",
    move: (mean, sigma) => story.change({ start: [mean, Math.max(WINDOW[2], sigma)] }),
    home: () => story.change({ start: opening.start }),
  });
  const plane = panel("Three paths in the plane of mean and standard deviation, and their start", "group");
  const minimum = s("path", { class: "gdw-minimum" });
  plane.inside.append(minimum);
  const bells = panel("The three bell curves and that of the data");
  const truth = s("path", { class: "gdw-theory" });
  const truthName = s("text", { "aria-hidden": "true" }, "data");
  bells.inside.append(truth);
  bells.above.append(truthName);
  const marks = NAMES.map((name) => {
    const { look } = CHARTS[name];
    const one = {
      whole: s("path", { class: "gdw-path", style: `${look}; opacity: .45` }),
      way: s("path", { class: "gdw-path", style: `${look}; stroke-width: 2.2` }), bell: s("path", { class: "gdw-path", style: look }),
      here: s("circle", { r: 4, class: "gdw-here", style: look.replace(/.*?:(.*?)(;.*|$)/, "fill:$1") }),
    };
    plane.inside.append(one.whole, one.way, one.here);
    bells.inside.append(one.bell);
    return one;
  });
  plane.above.append(start.node);
  return story.lay(
    [plane, bells],
    h("p", {}, ...NAMES.map((name) => sampled(CHARTS[name].look, CHARTS[name].title))),
    [
      story.slider("lr", "Learning rate", { step: 0.01, scale: "log", digits: 2 }),
      story.choice("gradient", "Gradient", { plain: "plain", natural: "natural" }), story.player,
    ],
  );

  function paint() {
    drawPlane();
    drawBells();
  }

  function paths() {
    return story.run.runs[GRADIENTS.indexOf(state.gradient)];
  }

  function now(path) {
    return path[Math.min(story.frame, path.length - 1)];
  }

  function drawPlane() {
    plane.frame({
      width: story.room.first, height: 230, x: WINDOW.slice(0, 2), y: [0, WINDOW[3]], xName: "mean", yName: "standard deviation",
    });
    const { x, y } = plane;
    minimum.setAttribute("d", cross([0, 2], x, y));
    paths().forEach((path, k) => {
      marks[k].whole.setAttribute("d", line(path, x, y));
      marks[k].way.setAttribute("d", line(path.slice(0, story.frame + 1), x, y));
      const [mean, sigma] = now(path);
      set(marks[k].here, { cx: near(x(mean)), cy: near(y(sigma)), visibility: path.length > story.frame ? null : "hidden" });
    });
    start.update({ at: state.start, x, y });
  }

  function drawBells() {
    bells.frame({
      width: story.room.second, height: story.room.wide ? 230 : 150, x: [-6, 6], y: [0, 0.85], xName: "x", yName: "density",
    });
    const { x, y } = bells;
    const bell = ([mean, sigma]) => line(Array.from({ length: 121 }, (_, k) => {
      const at = (k - 60) / 10;
      return [at, Math.exp(-0.5 * ((at - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI))];
    }), x, y);
    truth.setAttribute("d", bell([TRUTH.mean, Math.sqrt(TRUTH.variance)]));
    set(truthName, { x: near(x(-5.6)), y: near(y(0.06)) });
    paths().forEach((path, k) => marks[k].bell.setAttribute("d", path.length > story.frame ? bell(now(path)) : ""));
  }

  function tell() {
    const three = paths();
    const there = three.filter((path) => path.length > story.frame);
    const gap = there.length > 1 ? ` ${format(distances(there.map((path) => [now(path)]))[0])} apart` : "";
    const most = format(story.run.apart[GRADIENTS.indexOf(state.gradient)]);
    const gone = NAMES.map((name, k) => [CHARTS[name].title, three[k].length]).filter(([, length]) => length <= STEPS)
      .map(([title, length]) => ` Under ${title} it leaves the bell curves at step ${length}.`).join("");
    const apart = there.length === 3
      ? `the three are${gap}, at most ${most}${gone && " while all are there"}`
      : `${["none is", "one is", "two are"][there.length]} left${gap && "," + gap}; the three were at most ${most} apart while all were there`;
    return `Step ${story.frame} of the ${state.gradient} gradient at rate ${state.lr} from mean ${two(state.start[0])}, deviation ${two(state.start[1])}: ${apart}.${gone}`;
  }

  function aim() {
    const found = best && `${best[0]}, the natural ones by ${best[1]}`;
    if (best?.[0] >= TARGET.plain) return [`Target met: the plain paths part by ${found}.`, true];
    const goal = `Target: part the plain paths by ${TARGET.plain} or more while the natural ones stay within ${TARGET.natural}.`;
    return [found ? `${goal} So far ${found}.` : goal, false];
  }

  function readBest(text = "") {
    const [plain, natural] = text.split("-").map(Number);
    return plain > 0 && natural > 0 && natural <= TARGET.natural ? [plain, natural] : null;
  }
}
