// A bar for each curvature, the factor of its error at each step, and the largest error that is left.

import { course } from "./course.js";
import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { format, inSteps, near } from "./plot.js";
import { COUNTS, KAPPAS, RATES, RULES, STEPS, TARGET } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 230;
const rate = (lr) => lr.toFixed(3);
const within = (value, [low, high]) => value >= low && value <= high;
const signed = (x) => (Number(x.toFixed(4)) || 0).toFixed(4).replace("-", "−");

export function compute({ lr, kappa, count }) {
  const curvatures = Array.from({ length: count }, (_, k) => RULES.curvature(k, count, kappa));
  const factors = curvatures.map((curvature) => RULES.factor(lr, curvature));
  const left = [factors.map(() => 1)];
  for (let t = 0; t < STEPS; t += 1) left.push(left[t].map((error, k) => error * factors[k]));
  return { curvatures, factors, left, errors: left.map((all) => Math.max(...all.map(Math.abs))), status: "max_steps" };
}

export const numbers = (run) => [...run.curvatures, ...run.factors, ...run.errors];

export function render(place) {
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: { lr: RATES, kappa: KAPPAS, count: [...COUNTS, 1] },
    share: 0.5,
    compute, numbers,
    revive: ([curvatures, factors, errors], status) => ({
      ...compute(story.state), curvatures: [...curvatures], factors: [...factors], errors: [...errors], status,
    }),
    frames: () => STEPS,
    seconds: 12,
    judge, paint, tell, aim,
    met: () => best?.join("-"),
  });
  const { state } = story;

  function judge(run) {
    const first = run.errors.findIndex((error) => error <= TARGET.error);
    run.reached = first < 0 ? Infinity : first;
    if (story.touched && state.kappa === TARGET.kappa && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr];
  }

  const bars = panel("A bar for each curvature: the factor of its error at each step");
  const limits = s("path", { class: "gdw-contour" });
  const level = s("path", { class: "gdw-theory" });
  const inner = s("path", { class: "gdw-blue" });
  const outer = s("path", { class: "gdw-path" });
  const spots = s("g");
  const first = s("text", { "aria-hidden": "true" });
  const last = s("text", { "aria-hidden": "true", "text-anchor": "end" });
  bars.inside.append(limits, inner, outer, level, spots);
  bars.above.append(first, last);
  const loss = panel("The largest error left at each step");
  const descent = course(loss);
  return story.lay(
    [bars, loss],
    [story.slider("lr", "Learning rate", { step: 0.001, show: rate, input: (lr) => story.change({ lr: Number(lr.toFixed(3)) }) })],
    [story.slider("kappa", "Conditioning", { step: 0.01, scale: "log" }), story.slider("count", "Modes"), story.player],
  );

  function paint() {
    drawBars();
    drawLoss();
  }

  function drawBars() {
    bars.frame({
      width: story.room.first, height: HEIGHT, x: [-0.1, 1.1], y: [-1.4, 1.4],
      xName: "curvature", yName: "bars: factor per step; dots: what is left",
    });
    const { x, y } = bars;
    const { curvatures, factors, left } = story.run;
    const end = factors.length - 1;
    const across = (value) => `M${x.ends[0]} ${near(y(value))}H${x.ends[1]}`;
    const bar = (k) => `M${near(x(curvatures[k]))} ${near(y(0))}V${near(y(factors[k]))}`;
    const longest = Math.max(...factors.map(Math.abs));
    limits.setAttribute("d", [-1, 0, 1].map(across).join(""));
    level.setAttribute("d", across(longest) + across(-longest));
    inner.setAttribute("d", factors.slice(1, -1).map((_, k) => bar(k + 1)).join(""));
    outer.setAttribute("d", bar(0) + bar(end));
    const thick = near((x(1) - x(0)) * 0.05);
    for (const node of [inner, outer]) node.style.strokeWidth = thick;
    spots.replaceChildren(...left[story.frame].map((error, k) =>
      s("circle", { r: 3.5, cx: near(x(curvatures[k])), cy: near(y(error)), class: "gdw-dot" })));
    // Above any bar.
    set(first, { x: x.ends[0] + 8, y: y.ends[1] + 14 });
    set(last, { x: x.ends[1] - 4, y: y.ends[1] + 14 });
    first.textContent = `first ${signed(factors[0])}`;
    last.textContent = `last ${signed(factors[end])}`;
  }

  function drawLoss() {
    const { errors } = story.run;
    const top = errors[STEPS] > 1 ? [1e4, 1e16, 1e80].find((most) => errors[STEPS] <= most) : 1;
    const bottom = errors[STEPS] < 1e-8 ? 1e-16 : 1e-8;
    loss.frame({
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: [0, STEPS], y: [bottom, top], yLog: true,
      xName: "step", yName: "largest error left, log axis", xTicks: 4, yTicks: 5,
    });
    descent(errors, story.frame, { error: TARGET.error }, story.run.reached < 0.4 * STEPS);
  }

  function tell() {
    const { factors, errors, reached } = story.run;
    const end = factors.length - 1;
    const [one, other] = [Math.abs(factors[0]), Math.abs(factors[end])];
    const which = Math.abs(one - other) < 5e-4 ? "first and last equally" : one > other ? "the first" : "the last";
    const what = `${inSteps(story.frame)} at ${rate(state.lr)}, ${end + 1} modes`;
    const error = format(errors[story.frame]);
    if (errors[story.frame] > 1) return `${what}: ${which} growing, largest error ${error}.`;
    const since = reached <= story.frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${which} slowest, largest error ${error}${since}.`;
  }

  function aim() {
    const found = best && `${best[0]} steps at rate ${rate(best[1])}`;
    if (best?.[0] <= TARGET.steps) return [`Target met: conditioning ${TARGET.kappa}, under a millionth in ${found}.`, true];
    const goal = `Target: conditioning ${TARGET.kappa}, every mode under a millionth in the fewest steps.`;
    return [found ? `${goal} So far: ${found}.` : goal, false];
  }

  function readBest(text = "") {
    const [steps, lr] = text.split("-").map(Number);
    return Number.isInteger(steps) && steps > 0 && within(lr, RATES) ? [steps, lr] : null;
  }
}
