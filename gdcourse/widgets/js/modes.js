// A bar for each curvature, the factor of its error at each step, and the largest error that is left.

import { slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { COUNTS, KAPPAS, RATES, RULES, STEPS, TARGET } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 230;
const rate = (lr) => lr.toFixed(3);
const within = (value, [low, high]) => value >= low && value <= high;
const signed = (x) => x.toFixed(4).replace("-", "−");

export function compute({ lr, kappa, count }) {
  const curvatures = Array.from({ length: count }, (_, k) => RULES.curvature(k, count, kappa));
  const factors = curvatures.map((curvature) => RULES.factor(lr, curvature));
  const left = [factors.map(() => 1)];
  for (let t = 0; t < STEPS; t += 1) left.push(left[t].map((error, k) => error * factors[k]));
  return { curvatures, factors, left, errors: left.map((all) => Math.max(...all.map(Math.abs))), status: "max_steps" };
}

export const numbers = (run) => [...run.curvatures, ...run.factors, ...run.errors];

export function render({ model, el, page, python }) {
  let frame = STEPS;
  let room = null;
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["lr", "kappa", "count"],
    valid: (name, value) => {
      if (name === "lr") return within(value, RATES);
      if (name === "kappa") return within(value, KAPPAS);
      return Number.isInteger(value) && within(value, COUNTS);
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([curvatures, factors, errors], status) => measured({
      ...compute(story.state), curvatures: [...curvatures], factors: [...factors], errors: [...errors], status,
    }),
    changed: () => {
      frame = STEPS;
      draw();
    },
    note: () => (best ? { met: best.join("-") } : {}),
  });
  const { state, opening } = story;

  function measured(run) {
    const first = run.errors.findIndex((error) => error <= TARGET.error);
    run.reached = first < 0 ? Infinity : first;
    if (state.kappa === TARGET.kappa && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr];
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const bars = panel();
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    lr: slider({
      label: "Learning rate", name: "lr", min: RATES[0], max: RATES[1], step: 0.001, show: rate,
      input: (lr) => change({ lr: Number(lr.toFixed(3)) }),
    }),
    kappa: slider({
      label: "Conditioning", name: "kappa", min: KAPPAS[0], max: KAPPAS[1], step: 0.01, scale: "log", show: String,
      input: (kappa) => change({ kappa }),
    }),
    count: slider({
      label: "Modes", name: "count", min: COUNTS[0], max: COUNTS[1], step: 1, show: String,
      input: (count) => change({ count }),
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
    seconds: 12,
  });

  const limits = s("path", { class: "gdw-contour" });
  const level = s("path", { class: "gdw-theory" });
  const inner = s("path", { class: "gdw-blue" });
  const outer = s("path", { class: "gdw-path" });
  const spots = s("g");
  const first = s("text", { "aria-hidden": "true" });
  const last = s("text", { "aria-hidden": "true", "text-anchor": "end" });
  bars.inside.append(limits, inner, outer, level, spots);
  bars.above.append(first, last);
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "target");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(goal, curve);
  loss.above.append(goalName, mark);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, bars.node, loss.node),
    h("div", { class: "gdw-row" }, controls.lr.node),
    h("div", { class: "gdw-row" }, controls.kappa.node, controls.count.node, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawBars();
    drawLoss();
    for (const name of ["lr", "kappa", "count"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    bars.node.setAttribute("aria-label", "A bar for each curvature: the factor of its error at each step");
    loss.node.setAttribute("aria-label", `The largest error left at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", best?.[0] <= TARGET.steps);
  }

  function drawBars() {
    bars.frame({
      width: room.first, height: HEIGHT, x: [-0.1, 1.1], y: [-1.4, 1.4],
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
    spots.replaceChildren(...left[frame].map((error, k) =>
      s("circle", { r: 3.5, cx: near(x(curvatures[k])), cy: near(y(error)), class: "gdw-dot" })));
    // A label beyond the end of its bar.
    const beside = (k) => near(y(factors[k])) + (factors[k] < 0 ? 17 : -8);
    set(first, { x: x.ends[0] + 8, y: beside(0) });
    set(last, { x: x.ends[1] - 4, y: beside(end) });
    first.textContent = `first ${signed(factors[0])}`;
    last.textContent = `last ${signed(factors[end])}`;
  }

  function drawLoss() {
    const { errors } = story.run;
    const top = errors[STEPS] > 1 ? [1e4, 1e16, 1e80].find((most) => errors[STEPS] <= most) : 1;
    const bottom = errors[STEPS] < 1e-8 ? 1e-16 : 1e-8;
    loss.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: [0, STEPS], y: [bottom, top], yLog: true,
      xName: "step", yName: "largest error left, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = loss;
    goal.setAttribute("d", `M${x.ends[0]} ${near(y(TARGET.error))}H${x.ends[1]}`);
    const deep = y.ends[0] - y(TARGET.error) > 20;
    set(goalName, { x: x.ends[0] + 6, y: near(y(TARGET.error)) + (deep ? 15 : -6) });
    curve.setAttribute("d", line(errors.map((error, step) => [step, error]), x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(y.ends[1], near(y(errors[frame]))) });
  }

  function tell() {
    const { factors, errors, reached } = story.run;
    const end = factors.length - 1;
    const [one, other] = [Math.abs(factors[0]), Math.abs(factors[end])];
    const which = Math.abs(one - other) < 5e-4 ? "first and last equally" : one > other ? "the first" : "the last";
    const what = `${frame} ${frame === 1 ? "step" : "steps"} at ${rate(state.lr)}, ${end + 1} modes`;
    const error = format(errors[frame]);
    if (errors[frame] > 1) return `${what}: ${which} growing, largest error ${error}.`;
    const since = reached <= frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${which} slowest, largest error ${error}${since}.`;
  }

  function tellTarget() {
    const found = best && `${best[0]} steps at rate ${rate(best[1])}`;
    if (best?.[0] <= TARGET.steps) return `Target met: conditioning ${TARGET.kappa}, under a millionth in ${found}.`;
    const goal = `Target: conditioning ${TARGET.kappa}, every mode under a millionth in the fewest steps.`;
    return found ? `${goal} So far: ${found}.` : goal;
  }

  function readBest(text = "") {
    const [steps, lr] = text.split("-").map(Number);
    return Number.isInteger(steps) && steps > 0 && within(lr, RATES) ? [steps, lr] : null;
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
