// Optimisers racing down a canyon that can be turned and scaled, and the share of the first loss that each has left.

import { contours } from "./contour.js";
import { descend } from "./descent.js";
import { h, s, set } from "./dom.js";
import { sample } from "./key.js";
import { panel } from "./panel.js";
import { cross, format, inSteps, line, near } from "./plot.js";
import { METHODS, RACERS, RATES, RULES, SCALES, START, STEPS, TARGET, TURNS, WINDOW } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";

const NAMES = Object.keys(METHODS);
const LOOKS = {
  gd: "stroke: var(--gdw-fourth); stroke-dasharray: 2 3",
  momentum: "stroke: var(--gdw-gradient); stroke-dasharray: 7 3",
  rmsprop: "stroke: var(--gdw-second); stroke-dasharray: 9 3 2 3",
  adam: "stroke: var(--gdw-path)",
};

const FAR = Math.hypot(WINDOW[1], WINDOW[3]);

// before: the run before this one, of which a racer that nothing has changed for keeps its own.
export function compute({ angle, scale, ...rates }, before = null) {
  const [cos, sin] = TURNS[angle / 5];
  const canyon = {
    value: (x, y) => RULES.value(x, y, cos, sin, scale), gradient: (x, y) => RULES.gradient(x, y, cos, sin, scale),
  };
  const runs = NAMES.map((name, k) => {
    const { rule, first, settings } = METHODS[name];
    const given = [angle, scale, rates[`lr_${name}`]];
    const old = before?.runs[k];
    if (given.every((one, j) => one === old?.given?.[j])) return old;
    const run = descend(canyon, { rule, memory: first.length, first }, [given[2], ...settings], RULES.point(...START, cos, sin), STEPS);
    return { ...run, given };
  });
  return { runs, status: "raced" };
}

export const numbers = ({ runs }) => runs.flatMap((run) => [...run.path.flat(), ...run.values]);

export function render(place) {
  const found = readFound(place.page?.settings.met);
  const rates = NAMES.map((name) => `lr_${name}`);
  const story = stage(place, {
    domains: { racers: RACERS, angle: [0, 45, 5], scale: SCALES, ...Object.fromEntries(rates.map((name) => [name, RATES])) },
    compute: (settings) => compute(settings, story.run), numbers,
    revive: (arrays, status) => ({
      runs: NAMES.map((_, k) => ({ path: pairs(arrays[2 * k]), values: [...arrays[2 * k + 1]] })), status,
    }),
    frames: () => STEPS,
    judge, paint, tell, aim,
    met: () => (found.lost || found.won) && [found.lost, found.won].map((one) => (one ?? []).join("-")).join(),
  });
  const { state } = story;

  // What each has left of its first loss, from which step on it stays below the target, and who won.
  function judge(run) {
    for (const one of run.runs) {
      if (one.left) continue;
      one.left = one.values.map((value) => value / one.values[0]);
      const last = one.left.findLastIndex((share) => share > TARGET.error);
      one.reached = last === one.left.length - 1 ? Infinity : last + 1;
    }
    const [momentum, adam] = RACERS.two.map((name) => run.runs[NAMES.indexOf(name)].reached);
    const same = story.touched && NAMES.every((name) => state[`lr_${name}`] === METHODS[name].lr);
    if (same && momentum + TARGET.margin <= adam) found.lost = [adam, momentum, state.angle, state.scale];
    if (same && adam + TARGET.margin <= momentum) found.won = [adam, momentum, state.angle, state.scale];
  }

  const racing = (name) => RACERS[state.racers].includes(name);
  const [gd, momentum, rmsprop, adam] = ["gd", "momentum", "rmsprop", "adam"].map((name) =>
    story.slider(`lr_${name}`, h("span", {}, sample(LOOKS[name]), ` ${METHODS[name].title}`), {
      step: 0.01, scale: "log", digits: 2, off: () => !racing(name),
    }));
  const map = panel();
  const hills = s("path", { class: "gdw-contour" });
  const minimum = s("path", { class: "gdw-minimum" });
  const first = s("circle", { r: 4, class: "gdw-dot" });
  const canyon = s("g", {}, hills, first);
  map.inside.append(canyon, minimum);
  const loss = panel("The share of the first loss at each step");
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "target");
  loss.inside.append(goal);
  loss.above.append(goalName);
  const trails = {};
  for (const name of NAMES) {
    const look = { class: "gdw-path", style: LOOKS[name] };
    const dot = () => s("circle", { r: 4, class: "gdw-here", style: LOOKS[name].replace(/.*?:(.*?)(;.*|$)/, "fill:$1") });
    trails[name] = { way: s("path", look), curve: s("path", look), here: dot(), mark: dot() };
    map.inside.append(trails[name].way, trails[name].here);
    loss.inside.append(trails[name].curve, trails[name].mark);
  }
  return story.lay(
    [map, loss],
    [
      story.choice("racers", "Racers", { two: "two", three: "three", four: "all four" }),
      story.slider("angle", "Turned by", { show: (x) => `${x}°` }), story.slider("scale", "Loss scaled by", { step: 0.02, scale: "log" }),
    ],
    [momentum, adam, story.player],
    [gd, rmsprop],
  );

  function paint() {
    const fresh = drawAxes();
    NAMES.forEach((name, k) => drawRun(trails[name], story.run.runs[k], racing(name), fresh));
    map.node.setAttribute("aria-label", `Contour lines of a canyon turned by ${state.angle} degrees, and the racers' paths`);
  }

  function drawAxes() {
    const fresh = map.frame({
      width: story.room.first, ratio: 1.5, x: WINDOW.slice(0, 2), y: WINDOW.slice(2), xName: "x", yName: "y", xTicks: 6,
    });
    const { x, y } = map;
    if (fresh) {
      // The canyon as it lies at 0 degrees, as far as the window's corners. A turn of the loss is one of its picture.
      hills.setAttribute("d", contours((a, b) => RULES.value(a, b, ...TURNS[0], 1), [-FAR, FAR, -FAR, FAR], x, y));
      minimum.setAttribute("d", cross([0, 0], x, y));
      set(first, { cx: near(x(START[0])), cy: near(y(START[1])) });
    }
    canyon.setAttribute("transform", `rotate(${-state.angle} ${near(x(0))} ${near(y(0))})`);
    const most = RACERS[state.racers].reduce((top, name) =>
      story.run.runs[NAMES.indexOf(name)].left.reduce((a, b) => Math.max(a, b), top), 1);
    const again = loss.frame({
      width: story.room.second, height: story.room.wide ? map.height : 130, x: [0, STEPS], y: [1e-12, most > 1e4 ? 1e16 : 1e4],
      yLog: true, xName: "step", yName: "share of the first loss, log axis", xTicks: 4, yTicks: 5,
    });
    goal.setAttribute("d", `M${loss.x.ends[0]} ${near(loss.y(TARGET.error))}H${loss.x.ends[1]}`);
    set(goalName, { x: loss.x.ends[0] + 6, y: near(loss.y(TARGET.error)) + 15 });
    return fresh || again;
  }

  function drawRun(trail, run, shown, fresh) {
    const { way, curve, here, mark } = trail;
    for (const node of [way, curve, here, mark]) set(node, { visibility: shown ? null : "hidden" });
    if (fresh) trail.run = null;
    if (!shown || (trail.run === run && trail.frame === story.frame)) return;
    Object.assign(trail, { run, frame: story.frame });
    const { path, left } = run;
    const now = Math.min(story.frame, left.length - 1);
    const gone = path.slice(0, now + 1);
    const lost = gone.findIndex((p) => Math.abs(p[0]) > 100 || Math.abs(p[1]) > 100);
    way.setAttribute("d", line(lost < 0 ? gone : gone.slice(0, lost + 1), map.x, map.y));
    set(here, { cx: near(map.x(path[now][0])), cy: near(map.y(path[now][1])) });
    curve.setAttribute("d", line(left, loss.x, loss.y));
    set(mark, { cx: near(loss.x(now)), cy: near(loss.y(left[now])) });
  }

  function tell() {
    const each = RACERS[state.racers].map((name) => {
      const { left, reached } = story.run.runs[NAMES.indexOf(name)];
      const { title } = METHODS[name];
      if (left.length <= story.frame) return `${title} diverged at step ${left.length}`;
      const since = reached <= story.frame ? `, a millionth from step ${reached} on` : "";
      return `${title} has ${format(left[story.frame])} left${since}`;
    });
    return `${inSteps(story.frame)}, turned by ${state.angle}°, loss times ${state.scale}: ${each.join("; ")}.`;
  }

  function aim() {
    const steps = (count) => (count === Infinity ? "never" : count);
    const say = ([adam, momentum, angle, scale]) =>
      `at ${angle}° and times ${scale} (Adam ${steps(adam)}, momentum ${steps(momentum)})`;
    const lost = found.lost && `lost ${say(found.lost)}`;
    const won = found.won && `won ${say(found.won)}`;
    if (lost && won) return [`Target met: steps to a millionth, Adam ${lost} and ${won}.`, true];
    const goal = `Target: by turning and scaling alone, make Adam lose to momentum by ${TARGET.margin} steps or more, and win by as many.`;
    return [lost || won ? `${goal} So far it ${lost || won}.` : goal, false];
  }

  function readFound(text = "") {
    const [lost, won] = text.split(",").map((part) => {
      const record = part.split("-").map(Number);
      return record.length === 4 && record.every((value) => value >= 0) ? record : null;
    });
    return { lost, won };
  }
}
