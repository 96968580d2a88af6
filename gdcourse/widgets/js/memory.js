// A map of the heavy ball's factor over rate and memory, the error of the chosen point, and its path.

import { contours } from "./contour.js";
import { slider } from "./controls.js";
import { descend } from "./descent.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { BETAS, KAPPAS, LEVELS, RATES, RULES, STEPS, TARGET } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 230;
const RANGES = { lr: RATES, beta: BETAS, kappa: KAPPAS };
const two = (x) => x.toFixed(2);
const settle = (name, value) => Math.min(RANGES[name][1], Math.max(RANGES[name][0], Number(value.toFixed(2))));

export function compute({ lr, beta, kappa }) {
  const mu = 1 / kappa;
  const valley = { value: (x, y) => RULES.value(x, y, mu), gradient: (x, y) => RULES.gradient(x, y, mu) };
  const run = descend(valley, { rule: RULES.step, memory: 1 }, [lr, beta], [1, 1], STEPS);
  const errors = run.path.map(([x, y]) => Math.sqrt((x * x + y * y) / 2));
  return { ...run, errors, factors: [RULES.radius(lr, beta, mu), RULES.radius(lr, beta, 1)] };
}

export const numbers = (run) => [...run.path.flat(), ...run.errors, ...run.factors];

export function render({ model, el, page, python }) {
  let frame = 0;
  let room = null;
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["lr", "beta", "kappa"],
    valid: (name, value) => value >= RANGES[name][0] && value <= RANGES[name][1],
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([path, errors, factors], status) => measured({
      path: Array.from({ length: errors.length }, (_, k) => [path[2 * k], path[2 * k + 1]]),
      errors: [...errors], factors: [...factors], status,
    }),
    changed: () => {
      frame = story.run.errors.length - 1;
      draw();
    },
    note: () => (best ? { met: best.join("-") } : {}),
  });
  const { state, opening } = story;

  // From which step on the error stays below the target, and whether no run has been quicker.
  function measured(run) {
    const last = run.errors.findLastIndex((error) => error > TARGET.error);
    run.reached = run.status === "diverged" || last === run.errors.length - 1 ? Infinity : last + 1;
    if (state.kappa === TARGET.kappa && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr, state.beta];
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const map = panel({ role: "group" });
  const loss = panel();
  const plane = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const linear = (name, label) => slider({
    label, name, min: RANGES[name][0], max: RANGES[name][1], step: 0.01, show: two,
    input: (value) => change({ [name]: settle(name, value) }),
  });
  const controls = {
    lr: linear("lr", "Learning rate"),
    beta: linear("beta", "Memory"),
    kappa: slider({
      label: "Conditioning", name: "kappa", min: KAPPAS[0], max: KAPPAS[1], step: 0.01, scale: "log", show: String,
      input: (kappa) => change({ kappa }),
    }),
  };
  const place = ring({
    label: "Rate and memory",
    move: (lr, beta) => change({ lr: settle("lr", lr), beta: settle("beta", beta) }),
    home: () => change({ lr: opening.lr, beta: opening.beta }),
  });
  const player = playback({
    frames: () => story.run.errors.length - 1,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  const levels = s("path", { class: "gdw-contour" });
  const edge = s("path", { class: "gdw-theory" });
  const edgeName = s("text", { "aria-hidden": "true", "text-anchor": "end" }, "diverges");
  map.inside.append(levels, edge);
  map.above.append(edgeName, place.node);
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "target");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(goal, curve);
  loss.above.append(goalName, mark);
  const hills = s("path", { class: "gdw-contour" });
  const minimum = s("path", { class: "gdw-minimum" });
  const trail = s("path", { class: "gdw-path" });
  const dots = s("path", { class: "gdw-dots" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  plane.inside.append(hills, minimum, trail, dots, here);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, map.node, loss.node, plane.node),
    h("div", { class: "gdw-row" }, controls.lr.node, controls.beta.node, controls.kappa.node),
    h("div", { class: "gdw-row" }, player.node),
    target, live.node, story.node,
  );
  let mapped = 0;

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawMap();
    drawLoss();
    drawPlane();
    for (const name of ["lr", "beta", "kappa"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    map.node.setAttribute("aria-label", "Map of the factor per step over rate and memory, with the chosen point");
    loss.node.setAttribute("aria-label", `The error at each step. ${text}`);
    plane.node.setAttribute("aria-label", "The path in the valley");
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", best?.[0] <= TARGET.steps);
  }

  function drawMap() {
    const fresh = map.frame({
      width: room.first, height: HEIGHT, x: [0, RATES[1]], y: [0, 1],
      xName: "rate", yName: "memory; lines of equal factor per step",
    });
    const { x, y } = map;
    if (fresh || mapped !== state.kappa) {
      mapped = state.kappa;
      const slowest = (lr, beta) => Math.max(RULES.radius(lr, beta, 1 / mapped), RULES.radius(lr, beta, 1));
      levels.setAttribute("d", contours(slowest, [0, RATES[1], 0, 1], x, y, LEVELS));
      edge.setAttribute("d", line([[2, 0], [4, 1]], x, y));
      set(edgeName, { x: near(x(3.92)), y: near(y(0.1)) });
    }
    place.update({ at: [state.lr, state.beta], x, y });
  }

  function drawLoss() {
    const { errors } = story.run;
    const most = errors.reduce((a, b) => Math.max(a, b));
    const least = errors.reduce((a, b) => Math.min(a, b));
    const top = [1, 1e4, 1e16, 1e80].find((end) => most <= end) ?? 1e160;
    loss.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: [0, STEPS], y: [least < 1e-8 ? 1e-16 : 1e-8, top],
      yLog: true, xName: "step", yName: "error, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = loss;
    const corner = [near(x(TARGET.steps)), near(y(TARGET.error))];
    goal.setAttribute("d", `M${x.ends[0]} ${corner[1]}H${corner[0]}V${y.ends[0]}`);
    set(goalName, { x: corner[0] + 6, y: y.ends[0] - 7 });
    curve.setAttribute("d", line(errors.map((error, step) => [step, error]), x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(y.ends[1], near(y(errors[frame]))) });
  }

  function drawPlane() {
    const ends = [-1.2, 1.2, -1.2, 1.2];
    const fresh = plane.frame({
      width: room.wide ? room.first + room.second : room.first, height: 96, x: ends.slice(0, 2), y: ends.slice(2),
      xName: "slow direction", yName: "fast direction; the path from (1, 1)", yTicks: 3, of: state.kappa,
    });
    const { x, y } = plane;
    if (fresh || plane.kappa !== state.kappa) {
      plane.kappa = state.kappa;
      hills.setAttribute("d", contours((a, b) => RULES.value(a, b, 1 / state.kappa), ends, x, y, null, 80, 60));
      minimum.setAttribute("d", `M${near(x(0))} ${near(y(0))}m-5 0h10m-5 -5v10`);
    }
    const shown = story.run.path.slice(0, frame + 1);
    const lost = shown.findIndex((p) => Math.abs(p[0]) > 100 || Math.abs(p[1]) > 100);
    const d = line(lost < 0 ? shown : shown.slice(0, lost + 1), x, y);
    trail.setAttribute("d", d);
    dots.setAttribute("d", d.replaceAll("L", "h0M") + "h0");
    set(here, { cx: near(x(shown[frame][0])), cy: near(y(shown[frame][1])) });
  }

  function tell() {
    const { lr, beta, kappa } = state;
    const { errors, factors, status, reached } = story.run;
    const what = `${frame} ${frame === 1 ? "step" : "steps"} at rate ${two(lr)}, memory ${two(beta)}, conditioning ${kappa}`;
    if (status === "diverged" && frame === errors.length - 1) {
      return `${what}: diverged at step ${errors.length}, the numbers overflow.`;
    }
    const way = (curvature) => (RULES.inside(lr, beta, curvature) < 0 ? "swings" : beta > lr * curvature - 1 ? "creeps" : "zig-zags");
    const ways = `the slow direction ${way(1 / kappa)}, the fast one ${way(1)}`;
    const since = reached <= frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${ways}, factor ${Math.max(...factors).toFixed(4)}, error ${format(errors[frame])}${since}.`;
  }

  function tellTarget() {
    const found = best && `${best[0]} steps at rate ${two(best[1])} and memory ${two(best[2])}`;
    if (best?.[0] <= TARGET.steps) return `Target met: conditioning ${TARGET.kappa}, under a millionth in ${found}.`;
    const goal = `Target: conditioning ${TARGET.kappa}, an error under a millionth within ${TARGET.steps} steps.`;
    return found ? `${goal} Fewest so far: ${found}.` : goal;
  }

  function readBest(text = "") {
    const [steps, lr, beta] = text.split("-").map(Number);
    const fits = lr >= RATES[0] && lr <= RATES[1] && beta >= BETAS[0] && beta <= BETAS[1];
    return Number.isInteger(steps) && steps > 0 && fits ? [steps, lr, beta] : null;
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
