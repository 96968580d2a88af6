// A neuron that is to answer 0, trained with two costs: its answer step by step, and the costs it walks down.

import { choice, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { COSTS, RATES, RULES, STARTS, STEPS, TARGET, TOLERANCE } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 230;
const INKS = [["path", null], ["second", "8 3"]];
const names = Object.keys(COSTS);

// As gdcourse/stable.py writes them, so that only small exponentials are taken.
function sigmoid(z) {
  const small = Math.exp(-Math.abs(z));
  return (z < 0 ? small : 1) / (1 + small);
}

const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const costOf = [(z) => sigmoid(z) ** 2 / 2, softplus];

export function compute({ start, lr }) {
  const paths = names.map((name) => {
    const path = [start];
    for (let t = 0; t < STEPS; t += 1) path.push(RULES.step(path[t], lr, COSTS[name].slope(sigmoid(path[t]))));
    return path;
  });
  return { paths, status: "max_steps" };
}

export const numbers = (run) => run.paths.flat();

export function render({ model, el, page, python }) {
  let frame = STEPS;
  let room = null;
  let met = readMet(page?.settings.met);
  const within = (value, [low, high]) => value >= low && value <= high;

  const story = session({ model, page, python }, {
    names: ["start", "lr", "cost"],
    valid: (name, value) => (name === "cost" ? Object.hasOwn(COSTS, value) : within(value, name === "lr" ? RATES : STARTS)),
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: (arrays, status) => measured({ paths: arrays.map((path) => [...path]), status }),
    tolerance: TOLERANCE,
    changed: () => {
      frame = STEPS;
      draw();
    },
    note: () => (met ? { met: met.join("_") } : {}),
  });
  const { state, opening } = story;

  // The step from which on each answers below one half.
  function measured(run) {
    run.reached = run.paths.map((path) => {
      const first = path.findIndex((z) => z < 0);
      return first < 0 ? Infinity : first;
    });
    if (run.reached[0] > TARGET.slow && run.reached[1] <= TARGET.quick) {
      met = [state.start, state.lr, Number.isFinite(run.reached[0]) ? run.reached[0] : 0, run.reached[1]];
    }
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const curve = panel();
  const shape = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    start: slider({
      label: "Start, a logit", name: "start", min: STARTS[0], max: STARTS[1], step: 0.05,
      show: (z) => `${z.toFixed(2).replace("-", "−")}, an answer of ${sigmoid(z).toFixed(4)}`,
      input: (start) => change({ start: Number(start.toFixed(2)) }),
    }),
    lr: slider({
      label: "Learning rate", name: "lr", min: RATES[0], max: RATES[1], step: 0.01, scale: "log", show: format,
      input: (lr) => change({ lr }),
    }),
    cost: choice({
      label: "Follow", name: "cost", options: Object.fromEntries(names.map((name) => [name, COSTS[name].title])),
      input: (cost) => change({ cost }),
    }),
  };
  const player = playback({
    frames: () => STEPS,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
    seconds: 8,
  });

  const ink = ([color, dash]) => ({ class: "gdw-path", style: `stroke: var(--gdw-${color})`, "stroke-dasharray": dash });
  const pair = () => INKS.map((look) => s("path", ink(look)));
  const spots = () => INKS.map(([color]) => s("circle", { r: 4.5, class: "gdw-here", style: `fill: var(--gdw-${color})` }));
  const half = s("path", { class: "gdw-theory" });
  const [answers, costs, slopes, swatches] = [pair(), pair(), pair(), pair()];
  const [here, there] = [spots(), spots()];
  const key = names.map((name) => s("text", { "aria-hidden": "true" }, COSTS[name].title));
  for (const path of slopes) set(path, { "stroke-dasharray": null });
  curve.inside.append(half, ...answers);
  curve.above.append(...here);
  shape.inside.append(...costs, ...slopes, ...there);
  shape.above.append(...swatches, ...key);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, curve.node, shape.node),
    h("div", { class: "gdw-row" }, controls.start.node),
    h("div", { class: "gdw-row" }, controls.lr.node, controls.cost.node, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawCurve();
    drawShape();
    for (const name of ["start", "lr", "cost"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    curve.node.setAttribute("aria-label", `The answer at each step, with each cost. ${text}`);
    shape.node.setAttribute("aria-label", "The two costs against the logit, and the slope where the neuron is");
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", met !== null);
  }

  function drawCurve() {
    curve.frame({ width: room.first, height: HEIGHT, x: [0, STEPS], y: [0, 1], xName: "step", yName: "answer, which should be 0" });
    const { x, y } = curve;
    half.setAttribute("d", `M${x.ends[0]} ${near(y(0.5))}H${x.ends[1]}`);
    story.run.paths.forEach((path, k) => {
      answers[k].setAttribute("d", line(path.map((z, step) => [step, sigmoid(z)]), x, y));
      answers[k].style.strokeWidth = names[k] === state.cost ? 2.5 : 1.2;
      set(here[k], { cx: near(x(frame)), cy: near(y(sigmoid(path[frame]))) });
    });
  }

  function drawShape() {
    shape.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: [STARTS[0] - 1, STARTS[1]], y: [0, 8],
      xName: "logit", yName: "cost, and its slope here", xTicks: 6, yTicks: 4,
    });
    const { x, y } = shape;
    const zs = Array.from({ length: 131 }, (_, k) => STARTS[0] - 1 + k / 10);
    story.run.paths.forEach((path, k) => {
      const z = path[frame];
      const slope = COSTS[names[k]].slope(sigmoid(z));
      const at = costOf[k](z);
      costs[k].setAttribute("d", line(zs.map((other) => [other, costOf[k](other)]), x, y));
      slopes[k].setAttribute("d", line([[z - 1.2, at - 1.2 * slope], [z + 1.2, at + 1.2 * slope]], x, y));
      slopes[k].style.strokeWidth = 4;
      slopes[k].style.strokeOpacity = 0.5;
      costs[k].style.strokeWidth = names[k] === state.cost ? 2.5 : 1.2;
      set(there[k], { cx: near(x(z)), cy: near(y(at)) });
      const row = y.ends[1] + 8 + 15 * k;
      swatches[k].setAttribute("d", `M${x.ends[0] + 10} ${row}h24`);
      set(key[k], { x: x.ends[0] + 40, y: row + 4 });
    });
  }

  function tell() {
    const k = names.indexOf(state.cost);
    const path = story.run.paths[k];
    const reached = story.run.reached[k];
    const slope = format(COSTS[state.cost].slope(sigmoid(path[frame])));
    const what = `${frame} ${frame === 1 ? "step" : "steps"} of ${COSTS[state.cost].title} at ${format(state.lr)}`;
    const when = reached <= frame ? `, below one half from step ${reached} on` : "";
    return `${what}: from ${sigmoid(path[0]).toFixed(4)} to ${sigmoid(path[frame]).toFixed(4)}${when}; slope ${slope}.`;
  }

  function tellTarget() {
    if (!met) return `Target: a start from which the squared error needs over ${TARGET.slow} steps to one half, cross-entropy at most ${TARGET.quick}.`;
    const slow = met[2] ? `${met[2]} steps` : `over ${STEPS} steps`;
    return `Target met: from ${sigmoid(met[0]).toFixed(4)} at rate ${format(met[1])}, ${slow} against ${met[3]}.`;
  }

  function readMet(text = "") {
    const values = text.split("_").map(Number);
    return values.length === 4 && values.every(Number.isFinite) ? values : null;
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
