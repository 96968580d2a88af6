// The path of an optimiser over a surface, and the value along it.

import { contours } from "./contour.js";
import { course } from "./course.js";
import { descend } from "./descent.js";
import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { cross, format, inSteps, near } from "./plot.js";
import { ring, within } from "./ring.js";
import { METHODS, SURFACES, TARGET } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";
import { trail } from "./trail.js";

export function render(place) {
  const { model, page } = place;
  const met = readMet(page?.settings.met);
  let moved = false;
  const story = stage(place, {
    domains: {
      surface: SURFACES, optimizer: METHODS, lr: model.get("lr_range"), beta: [0, 0.99],
      start: (point, { surface }) => within(point, SURFACES[surface].window), steps: [1, 200, 1],
    },
    compute: ({ surface, optimizer, start, steps, ...settings }) => {
      const method = METHODS[optimizer];
      return descend(SURFACES[surface], method, method.settings.map((name) => settings[name]), start, steps);
    },
    numbers: (run) => [...run.path.flat(), ...run.values],
    revive: ([path, values], status) => ({ path: pairs(path), values: [...values], status }),
    frames: (run) => run.values.length - 1,
    judge, paint, tell, aim,
    met: () => [...met].map((pair) => pair.join("-")).join(),
  });
  const { state, opening } = story;
  if (state.surface !== opening.surface && !page?.settings.start) state.start = SURFACES[state.surface].start;

  // Heights above the minimum, and whether this run meets the target.
  function judge(run) {
    const { surface, start } = state;
    const { lowest, minima } = SURFACES[surface];
    run.gaps = run.values.map((value) => value - lowest);
    const last = run.gaps.findLastIndex((gap) => gap > TARGET.error);
    run.reached = run.status === "diverged" || last === run.gaps.length - 1 ? Infinity : last + 1;
    // A surface that is only chosen, with all else as it opens, is nobody's doing.
    const home = surface === opening.surface ? opening.start : SURFACES[surface].start;
    const own = ["optimizer", "lr", "beta"].some((name) => state[name] !== opening[name]) || home.join() !== start.join();
    const far = minima.every(([x, y]) => Math.hypot(x - start[0], y - start[1]) >= TARGET.away);
    if (own && far && run.reached <= TARGET.steps) met.set(surface, Math.min(run.reached, met.get(surface) ?? run.reached));
  }

  const start = ring({
    alone: true,
    label: "Start of the path",
    move: (x, y) => {
      moved = true;
      story.change({ start: [x, y] });
    },
    home: () => story.change({ start: SURFACES[state.surface].start }),
  });
  const map = panel("", "group");
  const contour = s("path", { class: "gdw-contour" });
  const minima = s("path", { class: "gdw-minimum" });
  const hint = s("text", { "text-anchor": "middle", "aria-hidden": "true" }, "drag");
  map.inside.append(contour, minima);
  map.above.append(hint, start.node);
  const follow = trail(map.inside);
  const loss = panel("The value above the minimum at each step");
  const descent = course(loss);
  return story.lay(
    [map, loss],
    [
      story.choice("surface", "Surface", undefined, (surface) => story.change({ surface, start: SURFACES[surface].start })),
      story.choice("optimizer", "Method"), story.player,
    ],
    [
      story.slider("lr", "Learning rate", { step: 0.01, scale: "log", show: format }),
      story.slider("beta", "Momentum", { step: 0.01, show: (x) => x.toFixed(2), off: () => !METHODS[state.optimizer].settings.includes("beta") }),
      story.slider("steps", "Steps"),
    ],
  );

  function paint() {
    drawMap();
    drawLoss();
  }

  function drawMap() {
    const surface = SURFACES[state.surface];
    const [left, right, low, high] = surface.window;
    const fresh = map.frame({
      width: story.room.first, ratio: (right - left) / (high - low), x: [left, right], y: [low, high],
      xName: "x", yName: "y", xTicks: 6, yTicks: 5, of: state.surface,
    });
    const { x, y } = map;
    if (fresh) {
      map.node.setAttribute("aria-label", `Contour lines of the ${surface.title} and the path`);
      contour.setAttribute("d", contours(surface.value, surface.window, x, y));
      minima.setAttribute("d", surface.minima.map((point) => cross(point, x, y)).join(""));
    }
    follow(story.run.path, story.frame, x, y);
    start.update({ at: state.start, x, y });
    const rises = story.run.path.length > 1 && story.run.path[1][1] > state.start[1];
    const hintY = near(y(state.start[1])) + (rises ? 22 : -13); // on the side where the path is not
    set(hint, { x: near(x(state.start[0])), y: hintY, visibility: moved ? "hidden" : null });
  }

  function drawLoss() {
    const { gaps } = story.run;
    const least = gaps.reduce((a, b) => Math.min(a, b));
    const most = gaps.reduce((a, b) => Math.max(a, b));
    const bottom = [1e-4, 1e-8].find((floor) => least >= floor) ?? 1e-16;
    const first = 10 ** Math.ceil(Math.log10(Math.max(gaps[0], 1)));
    const top = most <= first ? first : most <= first * 1e4 ? first * 1e4 : first * 1e16;
    loss.frame({
      width: story.room.second, height: story.room.wide ? map.height : 130, x: [0, state.steps], y: [bottom, top], yLog: true,
      xName: "step", yName: "above the minimum, log axis", xTicks: 4, yTicks: 5,
    });
    descent(gaps, story.frame, TARGET, story.run.reached < 0.4 * state.steps);
  }

  function tell() {
    const method = METHODS[state.optimizer];
    const { gaps, status, reached } = story.run;
    const momentum = method.settings.includes("beta") ? `, momentum ${state.beta.toFixed(2)}` : "";
    const from = state.start.map(format).join(", ");
    const what = `${inSteps(story.frame)} of ${method.title} from (${from}) at rate ${format(state.lr)}${momentum}`;
    const gap = format(Math.max(gaps[story.frame], 0));
    const ended = story.frame === gaps.length - 1;
    if (ended && status === "diverged") return `${what}: diverged at step ${gaps.length}, the numbers overflow.`;
    if (ended && status === "converged") return `${what}: the gradient is exactly zero, ${gap} above the minimum.`;
    if (gaps[story.frame] > gaps[0]) return `${what}: the value has grown, to ${gap} above the minimum.`;
    const since = reached <= story.frame ? `, within ${TARGET.error} from step ${reached} on` : "";
    return `${what}: ${gap} above the minimum${since}.`;
  }

  function aim() {
    const { error, steps, surfaces, away } = TARGET;
    const list = [...met].map(([name, step]) => `${SURFACES[name].title} in ${step}`).join(", ");
    if (met.size >= surfaces) return [`Target met: ${list}.`, true];
    const goal = `Target: ${steps} steps to within ${error} of the minimum, on three surfaces, from ${away} or more away, by a rate or start of your own.`;
    return [list ? `${goal} So far: ${list}.` : goal, false];
  }

  function readMet(text = "") {
    const found = text.split(",").map((pair) => pair.split("-"));
    return new Map(found.filter(([name]) => name in SURFACES).map(([name, step]) => [name, Number(step)]));
  }
}
