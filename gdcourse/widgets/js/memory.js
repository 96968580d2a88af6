// A map of the heavy ball's factor over rate and memory, the error of the chosen point, and its path.

import { course } from "./course.js";
import { descend } from "./descent.js";
import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { cross, format, inSteps, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { BETAS, KAPPAS, LEVELS, RATES, RULES, STEPS, TARGET } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";
import { trail } from "./trail.js";

const HEIGHT = 230;
const HILLS = Array.from({ length: 13 }, (_, k) => (k + 1) / 8.5); // where the valley's contour lines meet the steep axis
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

export function render(place) {
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: RANGES,
    share: 0.5,
    compute, numbers,
    revive: ([path, errors, factors], status) => ({ path: pairs(path), errors: [...errors], factors: [...factors], status }),
    frames: (run) => run.errors.length - 1,
    judge, paint, tell, aim,
    met: () => best?.join("-"),
  });
  const { state, opening } = story;

  // From which step on the error stays below the target, and whether no run has been quicker.
  function judge(run) {
    const last = run.errors.findLastIndex((error) => error > TARGET.error);
    run.reached = run.status === "diverged" || last === run.errors.length - 1 ? Infinity : last + 1;
    if (story.touched && state.kappa === TARGET.kappa && run.reached < (best?.[0] ?? Infinity)) best = [run.reached, state.lr, state.beta];
  }

  const map = panel("Map of the factor per step over rate and memory, with the chosen point", "group");
  const levels = s("path", { class: "gdw-contour" });
  const edge = s("path", { class: "gdw-theory" });
  const edgeName = s("text", { "aria-hidden": "true", "text-anchor": "end" }, "diverges");
  const point = ring({
    alone: true,
    label: "Rate and memory",
    move: (lr, beta) => story.change({ lr: settle("lr", lr), beta: settle("beta", beta) }),
    home: () => story.change({ lr: opening.lr, beta: opening.beta }),
  });
  map.inside.append(levels, edge);
  map.above.append(edgeName, point.node);
  const plane = panel("The path in the valley");
  const hills = s("path", { class: "gdw-contour" });
  const minimum = s("path", { class: "gdw-minimum" });
  plane.inside.append(hills, minimum);
  const follow = trail(plane.inside);
  const loss = panel("The error at each step");
  const descent = course(loss);
  const linear = (name, label) => story.slider(name, label, {
    step: 0.01, show: two, input: (value) => story.change({ [name]: settle(name, value) }),
  });
  return story.lay(
    [map, loss, plane],
    [linear("lr", "Learning rate"), linear("beta", "Memory"), story.slider("kappa", "Conditioning", { step: 0.01, scale: "log" })],
    [story.player],
  );

  function paint() {
    drawMap();
    drawLoss();
    drawPlane();
  }

  // Where the slower direction has this factor: three straight lines, up, across and down again.
  function border(factor, mu) {
    const most = factor * factor;
    const sides = (beta) => [RULES.least(factor, beta, mu), RULES.most(factor, beta, 1)];
    const [foot, top] = [0, most].map((beta) => sides(beta)[1] - sides(beta)[0]);
    if (top < 0) return []; // so small a factor is nowhere
    const least = foot < 0 ? (most * foot) / (foot - top) : 0; // where the sides meet
    const [[a, b], [c, d]] = [sides(least), sides(most)];
    return [[a, least], [c, most], [d, most], [b, least]];
  }

  function drawMap() {
    map.frame({
      width: story.room.first, height: HEIGHT, x: [0, RATES[1]], y: [0, 1],
      xName: "rate", yName: "memory; lines of equal factor per step",
    });
    const { x, y } = map;
    levels.setAttribute("d", LEVELS.map((factor) => line(border(factor, 1 / state.kappa), x, y)).join(""));
    edge.setAttribute("d", line([[2, 0], [4, 1]], x, y));
    set(edgeName, { x: near(x(3.92)), y: near(y(0.1)) });
    point.update({ at: [state.lr, state.beta], x, y });
  }

  function drawLoss() {
    const { errors } = story.run;
    const most = errors.reduce((a, b) => Math.max(a, b));
    const least = errors.reduce((a, b) => Math.min(a, b));
    const top = [1, 1e4, 1e16, 1e80].find((end) => most <= end) ?? 1e160;
    loss.frame({
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: [0, STEPS], y: [least < 1e-8 ? 1e-16 : 1e-8, top],
      yLog: true, xName: "step", yName: "error, log axis", xTicks: 4, yTicks: 5,
    });
    descent(errors, story.frame, TARGET);
  }

  function ellipse(a, b, x, y) {
    const arc = `A${near(x(a) - x(0))} ${near(y(0) - y(b))} 0 0 0`;
    return `M${near(x(a))} ${near(y(0))}${arc} ${near(x(-a))} ${near(y(0))}${arc} ${near(x(a))} ${near(y(0))}`;
  }

  function drawPlane() {
    const ends = [-1.2, 1.2, -1.2, 1.2];
    const fresh = plane.frame({
      width: story.room.wide ? story.room.first + story.room.second : story.room.first, height: 140, x: ends.slice(0, 2), y: ends.slice(2),
      xName: "slow direction", yName: "fast direction; the path from (1, 1)", yTicks: 3,
    });
    const { x, y } = plane;
    if (fresh || plane.kappa !== state.kappa) {
      plane.kappa = state.kappa;
      hills.setAttribute("d", HILLS.map((high) => ellipse(high * Math.sqrt(state.kappa), high, x, y)).join(""));
      minimum.setAttribute("d", cross([0, 0], x, y));
    }
    follow(story.run.path, story.frame, x, y);
  }

  function tell() {
    const { lr, beta, kappa } = state;
    const { errors, factors, status, reached } = story.run;
    const what = `${inSteps(story.frame)} at rate ${two(lr)}, memory ${two(beta)}, conditioning ${kappa}`;
    if (status === "diverged" && story.frame === errors.length - 1) {
      return `${what}: diverged at step ${errors.length}, the numbers overflow.`;
    }
    const way = (curvature) => (RULES.inside(lr, beta, curvature) < 0 ? "swings" : beta > lr * curvature - 1 ? "creeps" : "zig-zags");
    const ways = `the slow direction ${way(1 / kappa)}, the fast one ${way(1)}`;
    const since = reached <= story.frame ? `, under a millionth from step ${reached} on` : "";
    return `${what}: ${ways}, factor ${Math.max(...factors).toFixed(4)}, error ${format(errors[story.frame])}${since}.`;
  }

  function aim() {
    const found = best && `${best[0]} steps at rate ${two(best[1])} and memory ${two(best[2])}`;
    if (best?.[0] <= TARGET.steps) return [`Target met: conditioning ${TARGET.kappa}, under a millionth in ${found}.`, true];
    const goal = `Target: conditioning ${TARGET.kappa}, an error under a millionth within ${TARGET.steps} steps.`;
    return [found ? `${goal} Fewest so far: ${found}.` : goal, false];
  }

  function readBest(text = "") {
    const [steps, lr, beta] = text.split("-").map(Number);
    const fits = lr >= RATES[0] && lr <= RATES[1] && beta >= BETAS[0] && beta <= BETAS[1];
    return Number.isInteger(steps) && steps > 0 && fits ? [steps, lr, beta] : null;
  }
}
