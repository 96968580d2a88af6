// The path of an optimiser over a surface, and the value along it.

import { contours } from "./contour.js";
import { choice, slider } from "./controls.js";
import { descend } from "./descent.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { METHODS, SURFACES, TARGET } from "./rules.js";
import { sentence, session } from "./session.js";

const FAR = 50000; // pixels; a path that has gone so far is not followed any further
const titles = (table) => Object.fromEntries(Object.entries(table).map(([name, { title }]) => [name, title]));

export function render({ model, el, page, python }) {
  const [slowest, fastest] = model.get("lr_range");
  const met = readMet(page?.settings.met);
  let frame = 0;
  let moved = false;
  let room = null;

  const story = session({ model, page, python }, {
    names: ["surface", "optimizer", "lr", "beta", "start", "steps"],
    valid, compute,
    numbers: (run) => [...run.path.flat(), ...run.values],
    revive: ([path, values], status) => measured({
      path: Array.from({ length: values.length }, (_, k) => [path[2 * k], path[2 * k + 1]]),
      values: [...values], status,
    }),
    changed: () => {
      frame = story.run.values.length - 1;
      draw();
    },
    note: () => (met.size ? { met: [...met].map((pair) => pair.join("-")).join() } : {}),
  });
  const { state, opening } = story;
  if (state.surface !== opening.surface && !page?.settings.start) state.start = SURFACES[state.surface].start;

  function valid(name, value, { surface }) {
    if (name === "surface") return value in SURFACES;
    if (name === "optimizer") return value in METHODS;
    if (name === "lr") return value >= slowest && value <= fastest;
    if (name === "beta") return value >= 0 && value < 1;
    if (name === "steps") return Number.isInteger(value) && value >= 1 && value <= 200;
    const [left, right, low, high] = SURFACES[surface].window;
    const [x, y] = value;
    return value.length === 2 && x >= left && x <= right && y >= low && y <= high;
  }

  function compute({ surface, optimizer, start, steps }) {
    const method = METHODS[optimizer];
    return measured(descend(SURFACES[surface], method, method.settings.map((name) => state[name]), start, steps));
  }

  // Heights above the minimum, and whether this run meets the target.
  function measured(run) {
    const { surface, start } = state;
    const { lowest, minima } = SURFACES[surface];
    run.gaps = run.values.map((value) => value - lowest);
    const last = run.gaps.findLastIndex((gap) => gap > TARGET.error);
    run.reached = run.status === "diverged" || last === run.gaps.length - 1 ? Infinity : last + 1;
    run.far = minima.every(([x, y]) => Math.hypot(x - start[0], y - start[1]) >= TARGET.away);
    if (run.far && run.reached <= TARGET.steps) {
      met.set(surface, Math.min(run.reached, met.get(surface) ?? run.reached));
    }
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const map = panel({ role: "group" });
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    surface: choice({
      label: "Surface", name: "surface", options: titles(SURFACES),
      input: (surface) => change({ surface, start: SURFACES[surface].start }),
    }),
    optimizer: choice({
      label: "Method", name: "optimizer", options: titles(METHODS), input: (optimizer) => change({ optimizer }),
    }),
    lr: slider({
      label: "Learning rate", name: "lr", min: slowest, max: fastest, step: 0.01, scale: "log", show: format,
      input: (lr) => change({ lr }),
    }),
    beta: slider({
      label: "Momentum", name: "beta", min: 0, max: 0.99, step: 0.01, show: (x) => x.toFixed(2),
      input: (beta) => change({ beta }),
    }),
    steps: slider({
      label: "Steps", name: "steps", min: 1, max: 200, step: 1, show: String, input: (steps) => change({ steps }),
    }),
  };
  const start = ring({
    label: "Start of the path",
    move: (x, y) => {
      moved = true;
      change({ start: [x, y] });
    },
    home: () => change({ start: SURFACES[state.surface].start }),
  });
  const player = playback({
    frames: () => story.run.values.length - 1,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  // The layers of the two drawings, back to front.
  const contour = s("path", { class: "gdw-contour" });
  const minima = s("path", { class: "gdw-minimum" });
  const trail = s("path", { class: "gdw-path" });
  const dots = s("path", { class: "gdw-dots" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  const hint = s("text", { "text-anchor": "middle", "aria-hidden": "true" }, "drag");
  map.inside.append(contour, minima, trail, dots, here);
  map.above.append(hint, start.node);
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "target");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  loss.inside.append(goal, curve);
  loss.above.append(goalName, mark);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, map.node, loss.node),
    h("div", { class: "gdw-row" }, controls.surface.node, controls.optimizer.node, player.node),
    h("div", { class: "gdw-row" }, controls.lr.node, controls.beta.node, controls.steps.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el);
    drawMap();
    drawLoss();
    const method = METHODS[state.optimizer];
    for (const name of ["surface", "optimizer", "lr", "steps"]) controls[name].update(state[name]);
    controls.beta.update(state.beta, !method.settings.includes("beta"));
    const text = tell(method);
    live.say(text, moving);
    map.node.setAttribute("aria-label", `Contour lines of the ${SURFACES[state.surface].title} and the path`);
    loss.node.setAttribute("aria-label", `The value above the minimum at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", met.size >= TARGET.surfaces);
  }

  function drawMap() {
    const surface = SURFACES[state.surface];
    const [left, right, low, high] = surface.window;
    const fresh = map.frame({
      width: room.first, ratio: (right - left) / (high - low), x: [left, right], y: [low, high],
      xName: "x", yName: "y", xTicks: 6, yTicks: 5, of: state.surface,
    });
    const { x, y } = map;
    if (fresh) {
      contour.setAttribute("d", contours(surface.value, surface.window, x, y));
      minima.setAttribute("d", surface.minima.map((p) => `M${near(x(p[0]))} ${near(y(p[1]))}m-5 0h10m-5 -5v10`).join(""));
    }
    const shown = story.run.path.slice(0, frame + 1);
    const lost = shown.findIndex((p) => Math.abs(x(p[0])) > FAR || Math.abs(y(p[1])) > FAR);
    const d = line(lost < 0 ? shown : shown.slice(0, lost + 1), x, y);
    trail.setAttribute("d", d);
    dots.setAttribute("d", d.replaceAll("L", "h0M") + "h0");
    set(here, { cx: near(x(shown[frame][0])), cy: near(y(shown[frame][1])) });
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
      width: room.second, height: room.wide ? map.height : 130, x: [0, state.steps], y: [bottom, top], yLog: true,
      xName: "step", yName: "above the minimum, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = loss;
    const corner = [near(x(Math.min(TARGET.steps, state.steps))), near(y(TARGET.error))];
    goal.setAttribute("d", `M${x.ends[0]} ${corner[1]}H${corner[0]}V${y.ends[0]}`);
    const aside = x.ends[1] - corner[0] > 45;
    set(goalName, { x: aside ? corner[0] + 6 : x.ends[0] + 6, y: aside ? y.ends[0] - 7 : corner[1] + 15 });
    curve.setAttribute("d", line(gaps.map((gap, step) => [step, gap]), x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(y.ends[1], near(y(gaps[frame]))) });
  }

  function tell(method) {
    const { gaps, status, reached } = story.run;
    const momentum = method.settings.includes("beta") ? `, momentum ${state.beta.toFixed(2)}` : "";
    const from = state.start.map(format).join(", ");
    const steps = `${frame} ${frame === 1 ? "step" : "steps"} of ${method.title}`;
    const what = `${steps} from (${from}) at rate ${format(state.lr)}${momentum}`;
    const gap = format(Math.max(gaps[frame], 0));
    const ended = frame === gaps.length - 1;
    if (ended && status === "diverged") return `${what}: diverged at step ${gaps.length}, the numbers overflow.`;
    if (ended && status === "converged") return `${what}: the gradient is exactly zero, ${gap} above the minimum.`;
    if (gaps[frame] > gaps[0]) return `${what}: the value has grown, to ${gap} above the minimum.`;
    const since = reached <= frame ? `, within ${TARGET.error} from step ${reached} on` : "";
    return `${what}: ${gap} above the minimum${since}.`;
  }

  function tellTarget() {
    const { error, steps, surfaces, away } = TARGET;
    const list = [...met].map(([name, step]) => `${SURFACES[name].title} in ${step}`).join(", ");
    if (met.size >= surfaces) return `Target met: ${list}.`;
    const goal = `Target: ${steps} steps to within ${error} of the minimum, on three surfaces, from ${away} or more away.`;
    return list ? `${goal} So far: ${list}.` : goal;
  }

  function readMet(text = "") {
    const pairs = text.split(",").map((pair) => pair.split("-"));
    return new Map(pairs.filter(([name]) => name in SURFACES).map(([name, step]) => [name, Number(step)]));
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    player.pause();
    watcher.disconnect();
    story.close();
  };
}
