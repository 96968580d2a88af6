// Optimisers racing down a canyon that can be turned and scaled, and the share of the first loss that each has left.

import { contours } from "./contour.js";
import { choice, slider } from "./controls.js";
import { descend } from "./descent.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { METHODS, RACERS, RATES, RULES, SCALES, START, STEPS, TARGET, TURNS, WINDOW } from "./rules.js";
import { sentence, session } from "./session.js";

const NAMES = Object.keys(METHODS);
const LOOKS = {
  gd: "stroke: var(--gdw-fourth); stroke-dasharray: 2 3",
  momentum: "stroke: var(--gdw-gradient); stroke-dasharray: 7 3",
  rmsprop: "stroke: var(--gdw-second); stroke-dasharray: 9 3 2 3",
  adam: "stroke: var(--gdw-path)",
};

const start = (angle) => RULES.point(...START, ...TURNS[angle / 5]);

export function compute({ angle, scale, ...rates }) {
  const turn = TURNS[angle / 5];
  const canyon = {
    value: (x, y) => RULES.value(x, y, ...turn, scale), gradient: (x, y) => RULES.gradient(x, y, ...turn, scale),
  };
  const runs = NAMES.map((name) => {
    const { rule, first, settings } = METHODS[name];
    return descend(canyon, { rule, memory: first.length, first }, [rates[`lr_${name}`], ...settings], start(angle), STEPS);
  });
  return { runs, status: "raced" };
}

export const numbers = ({ runs }) => runs.flatMap((run) => [...run.path.flat(), ...run.values]);

export function render({ model, el, page, python }) {
  let frame = STEPS;
  let room = null;
  const found = readFound(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["racers", "angle", "scale", ...NAMES.map((name) => `lr_${name}`)],
    valid: (name, value) => {
      if (name === "racers") return value in RACERS;
      if (name === "angle") return value / 5 in TURNS;
      const [low, high] = name === "scale" ? SCALES : RATES;
      return value >= low && value <= high;
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: (arrays, status) => measured({
      runs: NAMES.map((_, k) => ({
        path: Array.from({ length: arrays[2 * k + 1].length }, (__, t) => [arrays[2 * k][2 * t], arrays[2 * k][2 * t + 1]]),
        values: [...arrays[2 * k + 1]],
      })),
      status,
    }),
    changed: () => {
      frame = STEPS;
      draw();
    },
    note: () => (found.lost || found.won ? { met: [found.lost, found.won].map((one) => (one ?? []).join("-")).join() } : {}),
  });
  const { state, opening } = story;

  // What each has left of its first loss, from which step on it stays below the target, and who won.
  function measured(run) {
    for (const one of run.runs) {
      one.left = one.values.map((value) => value / one.values[0]);
      const last = one.left.findLastIndex((share) => share > TARGET.error);
      one.reached = last === one.left.length - 1 ? Infinity : last + 1;
    }
    const [momentum, adam] = RACERS.two.map((name) => run.runs[NAMES.indexOf(name)].reached);
    const same = NAMES.every((name) => state[`lr_${name}`] === METHODS[name].lr);
    if (same && momentum + TARGET.margin <= adam) found.lost = [adam, momentum, state.angle, state.scale];
    if (same && adam + TARGET.margin <= momentum) found.won = [adam, momentum, state.angle, state.scale];
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const map = panel();
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const sample = (name) => s("svg", { width: 20, height: 8, style: "display: inline", "aria-hidden": "true" },
    s("path", { d: "M0 5H20", class: "gdw-path", style: `${LOOKS[name]}; stroke-width: 2` }));
  const racing = (name) => RACERS[state.racers].includes(name);
  const controls = {
    racers: choice({
      label: "Racers", name: "racers", options: { two: "two", three: "three", four: "all four" },
      input: (racers) => change({ racers }),
    }),
    angle: slider({
      label: "Turned by", name: "angle", min: 0, max: 45, step: 5, show: (x) => `${x}°`, input: (angle) => change({ angle }),
    }),
    scale: slider({
      label: "Loss times", name: "scale", min: SCALES[0], max: SCALES[1], step: 0.02, scale: "log", show: String,
      input: (scale) => change({ scale }),
    }),
  };
  for (const name of NAMES) {
    controls[`lr_${name}`] = slider({
      label: h("span", {}, sample(name), ` ${METHODS[name].title}`), name: `lr_${name}`, min: RATES[0], max: RATES[1],
      step: 0.01, scale: "log", digits: 2, show: String, input: (lr) => change({ [`lr_${name}`]: lr }),
    });
  }
  const player = playback({
    frames: () => STEPS,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  const hills = s("path", { class: "gdw-contour" });
  const minimum = s("path", { class: "gdw-minimum" });
  const place = s("circle", { r: 4, class: "gdw-dot" });
  map.inside.append(hills, minimum, place);
  const goal = s("path", { class: "gdw-theory" });
  const goalName = s("text", { "aria-hidden": "true" }, "a millionth");
  loss.inside.append(goal);
  loss.above.append(goalName);
  const trails = {};
  for (const name of NAMES) {
    const look = { class: "gdw-path", style: LOOKS[name] };
    const dot = () => s("circle", { r: 4, class: "gdw-here", style: LOOKS[name].replace(/.*?:(.*?)(;.*|$)/, "fill:$1") });
    trails[name] = { trail: s("path", look), curve: s("path", look), here: dot(), mark: dot() };
    map.inside.append(trails[name].trail, trails[name].here);
    loss.inside.append(trails[name].curve, trails[name].mark);
  }
  const row = (...names) => h("div", { class: "gdw-row" }, ...names.map((name) => controls[name]?.node ?? name));
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, map.node, loss.node),
    row("racers", "angle", "scale"), row("lr_momentum", "lr_adam", player.node), row("lr_gd", "lr_rmsprop"),
    target, live.node, story.node,
  );
  let turned = -1;

  function draw(moving = false) {
    room = columns(el);
    drawAxes();
    NAMES.forEach((name, k) => drawRun(trails[name], story.run.runs[k], racing(name)));
    for (const name of Object.keys(controls)) {
      controls[name].update(state[name], name.startsWith("lr_") && !racing(name.slice(3)));
    }
    const text = tell();
    live.say(text, moving);
    map.node.setAttribute("aria-label", `Contour lines of a canyon turned by ${state.angle} degrees, and the racers' paths`);
    loss.node.setAttribute("aria-label", `The share of the first loss at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", Boolean(found.lost && found.won));
  }

  function drawAxes() {
    const fresh = map.frame({
      width: room.first, ratio: 1.5, x: WINDOW.slice(0, 2), y: WINDOW.slice(2), xName: "x", yName: "y", xTicks: 6,
    });
    if (fresh || turned !== state.angle) {
      turned = state.angle;
      const { x, y } = map;
      hills.setAttribute("d", contours((a, b) => RULES.value(a, b, ...TURNS[turned / 5], 1), WINDOW, x, y));
      minimum.setAttribute("d", `M${near(x(0))} ${near(y(0))}m-5 0h10m-5 -5v10`);
      const [a, b] = start(turned);
      set(place, { cx: near(x(a)), cy: near(y(b)) });
    }
    const most = RACERS[state.racers].reduce((top, name) =>
      story.run.runs[NAMES.indexOf(name)].left.reduce((a, b) => Math.max(a, b), top), 1);
    loss.frame({
      width: room.second, height: room.wide ? map.height : 130, x: [0, STEPS], y: [1e-12, most > 1e4 ? 1e16 : 1e4],
      yLog: true, xName: "step", yName: "share of the first loss, log axis", xTicks: 4, yTicks: 5,
    });
    goal.setAttribute("d", `M${loss.x.ends[0]} ${near(loss.y(TARGET.error))}H${loss.x.ends[1]}`);
    set(goalName, { x: loss.x.ends[0] + 6, y: near(loss.y(TARGET.error)) + 15 });
  }

  function drawRun({ trail, curve, here, mark }, { path, left }, shown) {
    for (const node of [trail, curve, here, mark]) set(node, { visibility: shown ? null : "hidden" });
    const now = Math.min(frame, left.length - 1);
    const gone = path.slice(0, now + 1);
    const lost = gone.findIndex((p) => Math.abs(p[0]) > 100 || Math.abs(p[1]) > 100);
    trail.setAttribute("d", line(lost < 0 ? gone : gone.slice(0, lost + 1), map.x, map.y));
    set(here, { cx: near(map.x(path[now][0])), cy: near(map.y(path[now][1])) });
    curve.setAttribute("d", line(left.map((share, step) => [step, share]), loss.x, loss.y));
    set(mark, { cx: near(loss.x(now)), cy: near(loss.y(left[now])) });
  }

  function tell() {
    const each = RACERS[state.racers].map((name) => {
      const { left, reached } = story.run.runs[NAMES.indexOf(name)];
      const { title } = METHODS[name];
      if (left.length <= frame) return `${title} diverged at step ${left.length}`;
      const since = reached <= frame ? `, a millionth from step ${reached} on` : "";
      return `${title} has ${format(left[frame])} left${since}`;
    });
    return `${frame} ${frame === 1 ? "step" : "steps"}, turned by ${state.angle}°, loss times ${state.scale}: ${each.join("; ")}.`;
  }

  function tellTarget() {
    const steps = (count) => (count === Infinity ? "never" : count);
    const say = ([adam, momentum, angle, scale]) =>
      `at ${angle}° and times ${scale} (Adam ${steps(adam)}, momentum ${steps(momentum)})`;
    const lost = found.lost && `lost ${say(found.lost)}`;
    const won = found.won && `won ${say(found.won)}`;
    if (lost && won) return `Target met: steps to a millionth, Adam ${lost} and ${won}.`;
    const goal = `Target: by turning and scaling alone, make Adam lose to momentum by ${TARGET.margin} steps or more, and win by as many.`;
    return lost || won ? `${goal} So far it ${lost || won}.` : goal;
  }

  function readFound(text = "") {
    const [lost, won] = text.split(",").map((part) => {
      const record = part.split("-").map(Number);
      return record.length === 4 && record.every((value) => value >= 0) ? record : null;
    });
    return { lost, won };
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
