// Four points, the line that the loop has reached, and its error step by step.

import { choice, slider } from "./controls.js";
import { descend } from "./descent.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { CENTRES, MAX_STEPS, POINTS, RATES, RULES, TARGET } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 230;
const rate = (lr) => lr.toPrecision(4);

// The mean over the points, one after the other as Python adds them.
function problem(centre) {
  const mean = (m, b) => {
    let [value, mSlope, bSlope] = [0, 0, 0];
    for (const [x, y] of POINTS) {
      const [cost, alongM, alongB] = RULES.point(m, b, x - centre, y);
      value += cost;
      mSlope += alongM;
      bSlope += alongB;
    }
    return [value / POINTS.length, mSlope / POINTS.length, bSlope / POINTS.length];
  };
  // The loop asks for the gradient where it has just asked for the value.
  let [cost, slopes] = [0, []];
  const value = (m, b) => {
    [cost, ...slopes] = mean(m, b);
    return cost;
  };
  return { value, gradient: () => slopes };
}

export function compute({ lr, steps, centre }) {
  return descend(problem(CENTRES[centre]), { rule: RULES.step, memory: 0 }, [lr], [0, 0], steps);
}

export const numbers = (run) => [...run.path.flat(), ...run.values];

export function render({ model, el, page, python }) {
  let frame = 0;
  let room = null;
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["lr", "steps", "centre"],
    valid: (name, value) =>
      name === "lr" ? value >= RATES[0] && value <= RATES[1]
      : name === "steps" ? Number.isInteger(value) && value >= 1 && value <= MAX_STEPS
      : value in CENTRES,
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([path, values], status) => measured({
      path: Array.from({ length: values.length }, (_, k) => [path[2 * k], path[2 * k + 1]]),
      values: [...values], status,
    }),
    changed: () => {
      frame = story.run.values.length - 1;
      draw();
    },
    note: () => (best ? { met: best.join("-") } : {}),
  });
  const { state, opening } = story;

  // From which step on the error stays below the target, and whether no run has been quicker.
  function measured(run) {
    const last = run.values.findLastIndex((value) => !(value < TARGET.error));
    run.reached = run.status === "diverged" || last === run.values.length - 1 ? Infinity : last + 1;
    if (state.centre === TARGET.centre && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr];
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const plane = panel();
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    lr: slider({
      label: "Learning rate", name: "lr", min: RATES[0], max: RATES[1], step: 0.0005, scale: "log", digits: 4,
      show: rate, input: (lr) => change({ lr }),
    }),
    steps: slider({
      label: "Steps", name: "steps", min: 1, max: MAX_STEPS, step: 1, show: String, input: (steps) => change({ steps }),
    }),
    centre: choice({
      label: "Count x", name: "centre", options: { measured: "from 0", centred: "from its mean" },
      input: (centre) => change({ centre }),
    }),
  };
  const player = playback({
    frames: () => story.run.values.length - 1,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  const sticks = s("path", { class: "gdw-blue", "stroke-dasharray": "3 2" });
  const fit = s("path", { class: "gdw-path" });
  const points = POINTS.map(() => s("circle", { r: 4.5, class: "gdw-spot" }));
  plane.inside.append(sticks, fit, ...points);
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "target");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(goal, curve);
  loss.above.append(goalName, mark);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, plane.node, loss.node),
    h("div", { class: "gdw-row" }, controls.lr.node),
    h("div", { class: "gdw-row" }, controls.steps.node, controls.centre.node, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawPlane();
    drawLoss();
    for (const name of ["lr", "steps", "centre"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    plane.node.setAttribute("aria-label", "Four points on y = 2x, the fitted line, and the miss at each point");
    loss.node.setAttribute("aria-label", `The mean squared error at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", best?.[0] <= TARGET.steps);
  }

  function drawPlane() {
    plane.frame({ width: room.first, height: HEIGHT, x: [0, 5], y: [-1, 10], xName: "x", yName: "y" });
    const { x, y } = plane;
    const [m, b] = story.run.path[frame];
    const at = (px) => m * (px - CENTRES[state.centre]) + b;
    fit.setAttribute("d", line([[0, at(0)], [5, at(5)]], x, y));
    sticks.setAttribute("d", POINTS.map(([px, py]) => `M${near(x(px))} ${near(y(py))}V${near(y(at(px)))}`).join(""));
    points.forEach((point, k) => set(point, { cx: near(x(POINTS[k][0])), cy: near(y(POINTS[k][1])) }));
  }

  function drawLoss() {
    const { values } = story.run;
    const most = values.reduce((a, b) => Math.max(a, b));
    const top = [1e2, 1e6, 1e16].find((end) => most <= end) ?? 1e80;
    const bottom = values.every((value) => value > 1e-8) ? 1e-8 : 1e-16;
    loss.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: [0, state.steps], y: [bottom, top], yLog: true,
      xName: "step", yName: "mean squared error, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = loss;
    const corner = [near(x(Math.min(TARGET.steps, state.steps))), near(y(TARGET.error))];
    const aside = x.ends[1] - corner[0] > 60;
    goal.setAttribute("d", `M${x.ends[0]} ${corner[1]}H${corner[0]}V${y.ends[0]}`);
    const early = story.run.reached < 0.4 * state.steps; // then the curve is on the left
    set(goalName, {
      x: aside ? corner[0] + 6 : early ? corner[0] - 6 : x.ends[0] + 6, y: aside ? y.ends[0] - 7 : corner[1] + 15,
      "text-anchor": early && !aside ? "end" : "start",
    });
    curve.setAttribute("d", line(values.map((value, step) => [step, value]), x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(y.ends[1], near(y(values[frame]))) });
  }

  function tell() {
    const { path, values, status, reached } = story.run;
    const [m, b] = path[frame];
    const what = `${frame} ${frame === 1 ? "step" : "steps"} at ${rate(state.lr)}`;
    if (status === "diverged" && frame === values.length - 1) {
      return `${what}: diverged at step ${values.length}, the numbers overflow.`;
    }
    const height = state.centre === "centred" ? "height at the mean" : "intercept";
    const grown = values[frame] > values[0] ? "the error has grown: " : "";
    const since = reached <= frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${grown}slope ${format(m)}, ${height} ${format(b)}, error ${format(values[frame])}${since}.`;
  }

  function tellTarget() {
    const found = best && `${best[0]} steps at rate ${rate(best[1])}`;
    if (best?.[0] <= TARGET.steps) return `Target met: an error under a millionth in ${found}, x as measured.`;
    const goal = `Target: an error under a millionth within ${TARGET.steps} steps, x as measured.`;
    return found ? `${goal} Fewest so far: ${found}.` : goal;
  }

  function readBest(text = "") {
    const [steps, lr] = text.split("-").map(Number);
    return Number.isInteger(steps) && steps > 0 && lr >= RATES[0] && lr <= RATES[1] ? [steps, lr] : null;
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
