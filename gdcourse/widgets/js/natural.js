// One bell curve under three names for its spread, and the ways that descent takes under each.

import { choice, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { FAR, GRADIENTS, RATES, STEPS, TARGET, TOLERANCE, TRUTH, WINDOW } from "./rules.js";
import { sentence, session } from "./session.js";

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

// How far the farthest two of three paths are from each other at each time that all of them see.
function distances(paths) {
  const both = Math.min(...paths.map((path) => path.length));
  const pairs = [[0, 1], [0, 2], [1, 2]];
  return Array.from({ length: both }, (_, t) => Math.max(...pairs.map(([a, b]) =>
    Math.hypot(paths[a][t][0] - paths[b][t][0], paths[a][t][1] - paths[b][t][1]))));
}

export function compute({ lr, start }) {
  const runs = GRADIENTS.map((gradient) => NAMES.map((name) => way(CHARTS[name], gradient, lr, start)));
  return { runs, apart: runs.map((paths) => Math.max(...distances(paths))), status: "max_steps" };
}

export const numbers = ({ runs, apart }) => [...runs.flat(3), ...apart];

export function render({ model, el, page, python }) {
  let frame = 0;
  let room = null;
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["lr", "gradient", "start"],
    valid: (name, value) => {
      if (name === "gradient") return GRADIENTS.includes(value);
      if (name === "lr") return value >= RATES[0] && value <= RATES[1];
      const [left, right, low, high] = WINDOW;
      return value.length === 2 && value[0] >= left && value[0] <= right && value[1] >= low && value[1] <= high;
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    tolerance: TOLERANCE,
    revive: (arrays, status) => measured({
      runs: GRADIENTS.map((_, k) => NAMES.map((__, j) => {
        const path = arrays[3 * k + j];
        return Array.from({ length: path.length / 2 }, (___, t) => [path[2 * t], path[2 * t + 1]]);
      })),
      apart: [...arrays[6]], status,
    }),
    changed: () => {
      const gaps = distances(paths());
      frame = gaps.indexOf(Math.max(...gaps));
      draw();
    },
    note: () => (best ? { met: best.join("-") } : {}),
  });
  const { state, opening } = story;
  const paths = () => story.run.runs[GRADIENTS.indexOf(state.gradient)];

  // The plain paths as far apart as can be while the natural ones keep together and none leaves.
  function measured(run) {
    const [plain, natural] = run.apart;
    const whole = run.runs.every((three) => three.every((path) => path.length > STEPS));
    if (whole && natural <= TARGET.natural && plain > (best?.[0] ?? 0)) best = [plain, natural].map((x) => Number(x.toPrecision(3)));
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const plane = panel({ role: "group" });
  const bells = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    gradient: choice({
      label: "Gradient", name: "gradient", options: { plain: "plain", natural: "natural" }, input: (gradient) => change({ gradient }),
    }),
    lr: slider({
      label: "Learning rate", name: "lr", min: RATES[0], max: RATES[1], step: 0.01, scale: "log", digits: 2, show: (x) => String(x),
      input: (lr) => change({ lr }),
    }),
  };
  const place = ring({
    label: "Start: mean and deviation",
    move: (mean, sigma) => change({ start: [mean, Math.max(WINDOW[2], sigma)] }),
    home: () => change({ start: opening.start }),
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

  const minimum = s("path", { class: "gdw-minimum" });
  const truth = s("path", { class: "gdw-theory" });
  const truthName = s("text", { "aria-hidden": "true" }, "data");
  plane.inside.append(minimum);
  bells.inside.append(truth);
  bells.above.append(truthName);
  const marks = NAMES.map((name) => {
    const { look } = CHARTS[name];
    const one = {
      whole: s("path", { class: "gdw-path", style: `${look}; opacity: .45` }),
      trail: s("path", { class: "gdw-path", style: `${look}; stroke-width: 2.2` }), bell: s("path", { class: "gdw-path", style: look }),
      here: s("circle", { r: 4, class: "gdw-here", style: look.replace(/.*?:(.*?)(;.*|$)/, "fill:$1") }),
    };
    plane.inside.append(one.whole, one.trail, one.here);
    bells.inside.append(one.bell);
    return one;
  });
  plane.above.append(place.node);
  const key = h("p", {}, ...NAMES.map((name) => h("span", { style: "display: inline-block; margin-right: 18px" },
    s("svg", { width: 24, height: 8, style: "display: inline", "aria-hidden": "true" },
      s("path", { d: "M0 5H24", class: "gdw-path", style: `${CHARTS[name].look}; stroke-width: 2` })),
    ` ${CHARTS[name].title} `)));
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, plane.node, bells.node),
    key,
    h("div", { class: "gdw-row" }, controls.lr.node, controls.gradient.node, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawPlane();
    drawBells();
    for (const name of ["gradient", "lr"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    plane.node.setAttribute("aria-label", "Three paths in the plane of mean and standard deviation, and their start");
    bells.node.setAttribute("aria-label", `The three bell curves and that of the data. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", best?.[0] >= TARGET.plain);
  }

  const now = (path) => path[Math.min(frame, path.length - 1)];

  function drawPlane() {
    plane.frame({
      width: room.first, height: 230, x: WINDOW.slice(0, 2), y: [0, WINDOW[3]], xName: "mean", yName: "standard deviation",
    });
    const { x, y } = plane;
    minimum.setAttribute("d", `M${near(x(0))} ${near(y(2))}m-6 0h12m-6 -6v12`);
    paths().forEach((path, k) => {
      marks[k].whole.setAttribute("d", line(path, x, y));
      marks[k].trail.setAttribute("d", line(path.slice(0, frame + 1), x, y));
      const [mean, sigma] = now(path);
      set(marks[k].here, { cx: near(x(mean)), cy: near(y(sigma)) });
    });
    place.update({ at: state.start, x, y });
  }

  function drawBells() {
    bells.frame({
      width: room.second, height: room.wide ? 230 : 150, x: [-6, 6], y: [0, 0.85], xName: "x", yName: "density",
    });
    const { x, y } = bells;
    const bell = ([mean, sigma]) => line(Array.from({ length: 121 }, (_, k) => {
      const at = (k - 60) / 10;
      return [at, Math.exp(-0.5 * ((at - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI))];
    }), x, y);
    truth.setAttribute("d", bell([TRUTH.mean, Math.sqrt(TRUTH.variance)]));
    set(truthName, { x: near(x(-5.6)), y: near(y(0.06)) });
    paths().forEach((path, k) => marks[k].bell.setAttribute("d", bell(now(path))));
  }

  function tell() {
    const three = paths();
    const gap = distances(three.map((path) => [now(path)]))[0];
    const most = story.run.apart[GRADIENTS.indexOf(state.gradient)];
    const gone = NAMES.map((name, k) => [CHARTS[name].title, three[k].length]).filter(([, length]) => length <= STEPS)
      .map(([title, length]) => ` Under ${title} it leaves the bell curves at step ${length}.`).join("");
    return `Step ${frame} of the ${state.gradient} gradient at rate ${state.lr} from mean ${two(state.start[0])}, deviation ${two(state.start[1])}: ` +
      `the three are ${format(gap)} apart, at most ${format(most)}.${gone}`;
  }

  function tellTarget() {
    const found = best && `${best[0]}, the natural ones by ${best[1]}`;
    if (best?.[0] >= TARGET.plain) return `Target met: the plain paths part by ${found}.`;
    const goal = `Target: part the plain paths by ${TARGET.plain} or more while the natural ones stay within ${TARGET.natural}.`;
    return found ? `${goal} So far ${found}.` : goal;
  }

  function readBest(text = "") {
    const [plain, natural] = text.split("-").map(Number);
    return plain > 0 && natural > 0 && natural <= TARGET.natural ? [plain, natural] : null;
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el, 0.5).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    player.pause();
    watcher.disconnect();
    story.close();
  };
}
