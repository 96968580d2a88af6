// A neuron that is to answer 0, trained with two costs: its answer step by step, and the costs it walks down.

import { s, set } from "./dom.js";
import { ink, key } from "./key.js";
import { panel } from "./panel.js";
import { format, inSteps, line, near } from "./plot.js";
import { COSTS, RATES, RULES, STARTS, STEPS, TARGET, TOLERANCE } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 230;
const INKS = [["path", null], ["second", "8 3"]];
const NAMES = Object.keys(COSTS);

// As gdcourse/stable.py writes them, so that only small exponentials are taken.
function sigmoid(z) {
  const small = Math.exp(-Math.abs(z));
  return (z < 0 ? small : 1) / (1 + small);
}

const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const costOf = [(z) => sigmoid(z) ** 2 / 2, softplus];

export function compute({ start, lr }) {
  const paths = NAMES.map((name) => {
    const path = [start];
    for (let t = 0; t < STEPS; t += 1) path.push(RULES.step(path[t], lr, COSTS[name].slope(sigmoid(path[t]))));
    return path;
  });
  return { paths, status: "max_steps" };
}

export const numbers = (run) => run.paths.flat();

export function render(place) {
  let met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { start: STARTS, lr: RATES, cost: COSTS },
    share: 0.5,
    compute, numbers,
    tolerance: TOLERANCE,
    revive: (arrays, status) => ({ paths: arrays.map((path) => [...path]), status }),
    frames: () => STEPS,
    seconds: 8,
    judge, paint, tell, aim,
    met: () => met?.join("_"),
  });
  const { state } = story;

  // The step from which on each answers below one half.
  function judge(run) {
    run.reached = run.paths.map((path) => {
      const first = path.findIndex((z) => z < 0);
      return first < 0 ? Infinity : first;
    });
    if (story.touched && run.reached[0] > TARGET.slow && run.reached[1] <= TARGET.quick) {
      met = [state.start, state.lr, Number.isFinite(run.reached[0]) ? run.reached[0] : 0, run.reached[1]];
    }
  }

  const pair = () => INKS.map((look) => s("path", ink(look)));
  const spots = () => INKS.map(([color]) => s("circle", { r: 4.5, class: "gdw-here", style: `fill: var(--gdw-${color})` }));
  const [answers, costs, slopes] = [pair(), pair(), pair()];
  const [here, there] = [spots(), spots()];
  for (const path of slopes) set(path, { "stroke-dasharray": null, "stroke-width": 4, "stroke-opacity": 0.5 });
  const curve = panel("The answer at each step, with each cost");
  const half = s("path", { class: "gdw-theory" });
  curve.inside.append(half, ...answers);
  curve.above.append(...here);
  const shape = panel("The two costs against the logit, and the slope where the neuron is");
  shape.inside.append(...costs, ...slopes, ...there);
  const names = key(shape.above, INKS.map((look, k) => [ink(look), COSTS[NAMES[k]].title]));
  return story.lay(
    [curve, shape],
    [story.slider("start", "Start, a logit", {
      step: 0.05, show: (z) => `${z.toFixed(2).replace("-", "−")}, an answer of ${sigmoid(z).toFixed(4)}`,
      input: (start) => story.change({ start: Number(start.toFixed(2)) }),
    })],
    [story.slider("lr", "Learning rate", { step: 0.01, scale: "log", show: format }), story.choice("cost", "Highlight"), story.player],
  );

  function paint() {
    drawCurve();
    drawShape();
  }

  function drawCurve() {
    curve.frame({ width: story.room.first, height: HEIGHT, x: [0, STEPS], y: [0, 1], xName: "step", yName: "answer, which should be 0" });
    const { x, y } = curve;
    half.setAttribute("d", `M${x.ends[0]} ${near(y(0.5))}H${x.ends[1]}`);
    story.run.paths.forEach((path, k) => {
      answers[k].setAttribute("d", line(path.map((z, step) => [step, sigmoid(z)]), x, y));
      answers[k].style.strokeWidth = NAMES[k] === state.cost ? 2.5 : 1.2;
      set(here[k], { cx: near(x(story.frame)), cy: near(y(sigmoid(path[story.frame]))) });
    });
  }

  function drawShape() {
    shape.frame({
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: [STARTS[0] - 1, STARTS[1]], y: [0, 8],
      xName: "logit", yName: "cost, and its slope here", xTicks: 6, yTicks: 4,
    });
    const { x, y } = shape;
    const zs = Array.from({ length: 131 }, (_, k) => STARTS[0] - 1 + k / 10);
    story.run.paths.forEach((path, k) => {
      const z = path[story.frame];
      const slope = COSTS[NAMES[k]].slope(sigmoid(z));
      const at = costOf[k](z);
      costs[k].setAttribute("d", line(zs.map((other) => [other, costOf[k](other)]), x, y));
      slopes[k].setAttribute("d", line([[z - 1.2, at - 1.2 * slope], [z + 1.2, at + 1.2 * slope]], x, y));
      costs[k].style.strokeWidth = NAMES[k] === state.cost ? 2.5 : 1.2;
      set(there[k], { cx: near(x(z)), cy: near(y(at)) });
    });
    names(x.ends[0] + 10, y.ends[1] + 8);
  }

  function tell() {
    const k = NAMES.indexOf(state.cost);
    const path = story.run.paths[k];
    const reached = story.run.reached[k];
    const slope = format(COSTS[state.cost].slope(sigmoid(path[story.frame])));
    const what = `${inSteps(story.frame)} of ${COSTS[state.cost].title} at ${format(state.lr)}`;
    const when = reached <= story.frame ? `, below one half from step ${reached} on` : "";
    return `${what}: from ${sigmoid(path[0]).toFixed(4)} to ${sigmoid(path[story.frame]).toFixed(4)}${when}; slope ${slope}.`;
  }

  function aim() {
    if (!met) return [`Target: a start from which the squared error needs over ${TARGET.slow} steps to one half, cross-entropy at most ${TARGET.quick}.`, false];
    const slow = met[2] ? `${met[2]} steps` : `over ${STEPS} steps`;
    return [`Target met: from ${sigmoid(met[0]).toFixed(4)} at rate ${format(met[1])}, ${slow} against ${met[3]}.`, true];
  }

  function readMet(text = "") {
    const values = text.split("_").map(Number);
    return values.length === 4 && values.every(Number.isFinite) ? values : null;
  }
}
