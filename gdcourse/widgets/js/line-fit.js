// Four points, the line that the loop has reached, and its error step by step.

import { course } from "./course.js";
import { descend } from "./descent.js";
import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { format, inSteps, line, near } from "./plot.js";
import { CENTRES, MAX_STEPS, POINTS, RATES, RULES, TARGET } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";

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

export function render(place) {
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: { lr: RATES, steps: [1, MAX_STEPS, 1], centre: CENTRES },
    share: 0.5,
    compute, numbers,
    revive: ([path, values], status) => ({ path: pairs(path), values: [...values], status }),
    frames: (run) => run.values.length - 1,
    judge, paint, tell, aim,
    met: () => best?.join("-"),
  });
  const { state } = story;

  // From which step on the error stays below the target, and whether no run has been quicker.
  function judge(run) {
    const last = run.values.findLastIndex((value) => !(value < TARGET.error));
    run.reached = run.status === "diverged" || last === run.values.length - 1 ? Infinity : last + 1;
    if (story.touched && state.centre === TARGET.centre && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr];
  }

  const plane = panel("Four points on y = 2x, the fitted line, and the miss at each point");
  const sticks = s("path", { class: "gdw-blue", "stroke-dasharray": "3 2" });
  const fit = s("path", { class: "gdw-path" });
  const points = POINTS.map(() => s("circle", { r: 4.5, class: "gdw-spot" }));
  plane.inside.append(sticks, fit, ...points);
  const loss = panel("The mean squared error at each step");
  const descent = course(loss);
  return story.lay(
    [plane, loss],
    [story.slider("lr", "Learning rate", { step: 0.0005, scale: "log", digits: 4, show: rate })],
    [story.slider("steps", "Steps"), story.choice("centre", "Measure x", { measured: "from 0", centred: "from its mean" }), story.player],
  );

  function paint() {
    drawPlane();
    drawLoss();
  }

  function drawPlane() {
    plane.frame({ width: story.room.first, height: HEIGHT, x: [0, 5], y: [-1, 10], xName: "x", yName: "y" });
    const { x, y } = plane;
    const [m, b] = story.run.path[story.frame];
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
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: [0, state.steps], y: [bottom, top], yLog: true,
      xName: "step", yName: "mean squared error, log axis", xTicks: 4, yTicks: 5,
    });
    descent(values, story.frame, TARGET, story.run.reached < 0.4 * state.steps);
  }

  function tell() {
    const { path, values, status, reached } = story.run;
    const [m, b] = path[story.frame];
    const what = `${inSteps(story.frame)} at ${rate(state.lr)}`;
    if (status === "diverged" && story.frame === values.length - 1) {
      return `${what}: diverged at step ${values.length}, the numbers overflow.`;
    }
    const height = state.centre === "centred" ? "height at the mean" : "intercept";
    const grown = values[story.frame] > values[0] ? "the error has grown: " : "";
    const since = reached <= story.frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${grown}slope ${format(m)}, ${height} ${format(b)}, error ${format(values[story.frame])}${since}.`;
  }

  function aim() {
    const found = best && `${best[0]} steps at rate ${rate(best[1])}`;
    if (best?.[0] <= TARGET.steps) return [`Target met: an error under a millionth in ${found}, x as measured.`, true];
    const goal = `Target: an error under a millionth within ${TARGET.steps} steps, x as measured.`;
    return [found ? `${goal} Fewest so far: ${found}.` : goal, false];
  }

  function readBest(text = "") {
    const [steps, lr] = text.split("-").map(Number);
    return Number.isInteger(steps) && steps > 0 && lr >= RATES[0] && lr <= RATES[1] ? [steps, lr] : null;
  }
}
