// A path off a saddle, the time it takes, and what noise does in two wells.

import { contours } from "./contour.js";
import { slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { CHAINS, COUNTS, DISTANCES, NOISES, RATES, RULES, TARGET, WELLS } from "./rules.js";
import { sentence, session } from "./session.js";

const WINDOW = [-1.5, 1.5, -1, 1];
const HEIGHT = 130;
const percent = (count) => `${((100 * count) / CHAINS).toFixed(2)}\u00a0%`;
const small = (x) => x.toExponential(0).replace("-", "−");
const [SHALLOW, , DEEP] = WELLS;

export function compute({ distance, lr, noise }) {
  const path = [[1, distance]];
  let [x, y] = path[0];
  while (y < 1) {
    const [gx, gy] = RULES.gradient(x, y);
    [x, y] = [x + RULES.step(gx, lr), y + RULES.step(gy, lr)];
    path.push([x, y]);
  }
  return { path, count: COUNTS[Math.floor(10 * noise + 0.5)], status: "left" };
}

export const numbers = (run) => [...run.path.flat(), run.count / CHAINS];

export function render({ model, el, page, python }) {
  let frame = 0;
  let room = null;
  const met = readMet(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["distance", "lr", "noise"],
    valid: (name, value) => {
      const [low, high] = { distance: DISTANCES, lr: RATES, noise: NOISES }[name];
      return value >= low && value <= high;
    },
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: ([path, [share]], status) => measured({
      path: Array.from({ length: path.length / 2 }, (_, k) => [path[2 * k], path[2 * k + 1]]),
      count: share * CHAINS, status,
    }),
    changed: () => {
      frame = story.run.path.length - 1;
      draw();
    },
    note: () => (met.steps || met.noise ? { met: `${met.steps}-${met.noise}` } : {}),
  });
  const { state, opening } = story;

  function measured(run) {
    const steps = run.path.length - 1;
    if (state.distance <= TARGET.distance && steps <= TARGET.steps && !(met.steps <= steps && met.steps)) met.steps = steps;
    if (run.count >= TARGET.count) met.noise = state.noise;
    return run;
  }

  const change = (settings) => {
    player.pause();
    story.change(settings);
  };
  const map = panel();
  const time = panel();
  const wells = panel();
  const often = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    distance: slider({
      label: "Distance", name: "distance", min: DISTANCES[0], max: DISTANCES[1], step: 0.25, scale: "log", digits: 1,
      show: small, input: (distance) => change({ distance }),
    }),
    lr: slider({
      label: "Learning rate", name: "lr", min: RATES[0], max: RATES[1], step: 0.01, scale: "log", show: format,
      input: (lr) => change({ lr }),
    }),
    noise: slider({
      label: "Noise in the two wells", name: "noise", min: NOISES[0], max: NOISES[1], step: 0.1,
      show: (x) => x.toFixed(1), input: (noise) => change({ noise }),
    }),
  };
  const player = playback({
    frames: () => story.run.path.length - 1,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });

  const contour = s("path", { class: "gdw-contour" });
  const trail = s("path", { class: "gdw-path" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  const flat = s("path", { style: "stroke: var(--gdw-quiet); stroke-width: 1.5" });
  map.inside.append(contour, flat, trail, here);
  const promise = s("path", { class: "gdw-theory" });
  const away = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  const promised = s("text", { "text-anchor": "end", "aria-hidden": "true" });
  time.inside.append(promise, away);
  time.above.append(promised, mark);
  const hills = s("path", { class: "gdw-blue" });
  const balls = [s("circle", { class: "gdw-here" }), s("circle", { class: "gdw-here" })];
  const shares = [0, 1].map(() => s("text", { "text-anchor": "middle", "aria-hidden": "true" }));
  wells.inside.append(hills);
  wells.above.append(...balls, ...shares);
  const dots = COUNTS.map(() => s("circle", { r: 3, class: "gdw-spot" }));
  const chosen = s("circle", { r: 5, class: "gdw-here" });
  often.above.append(...dots, chosen);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, map.node, time.node),
    h("div", { class: "gdw-row" }, controls.distance.node, controls.lr.node, player.node),
    h("div", { class: "gdw-panels", style: "margin-top: 12px" }, wells.node, often.node),
    h("div", { class: "gdw-row" }, controls.noise.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.5);
    drawSaddle();
    drawWells();
    for (const name of ["distance", "lr", "noise"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    map.node.setAttribute("aria-label", "Contour lines of a saddle, and the path off it");
    time.node.setAttribute("aria-label", `The distance from the ridge at each step. ${text}`);
    wells.node.setAttribute("aria-label", `Two wells, and how many of ${CHAINS} runs end in each. ${text}`);
    often.node.setAttribute("aria-label", `How many runs end in the deeper well, against the noise. ${text}`);
    const both = met.steps && met.noise;
    target.textContent = tellTarget(both);
    target.classList.toggle("gdw-met", Boolean(both));
  }

  function drawSaddle() {
    const { path } = story.run;
    const [left, right, low, high] = WINDOW;
    const fresh = map.frame({
      width: room.first, ratio: (right - left) / (high - low), x: [left, right], y: [low, high], xName: "x",
      yName: "y, off the ridge", xTicks: 6, yTicks: 4,
    });
    if (fresh) {
      contour.setAttribute("d", contours(RULES.value, WINDOW, map.x, map.y));
      flat.setAttribute("d", `M${near(map.x(0))} ${near(map.y(0))}m-5 0h10m-5 -5v10`);
    }
    trail.setAttribute("d", line(path.slice(0, frame + 1), map.x, map.y));
    set(here, { cx: near(map.x(path[frame][0])), cy: near(map.y(path[frame][1])) });
    const steps = path.length - 1;
    time.frame({
      width: room.second, height: room.wide ? map.height : HEIGHT, x: [0, Math.max(10, Math.ceil(1.15 * steps))],
      y: [1e-16, 1], yLog: true, xName: "step", yName: "distance from the ridge, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = time;
    promise.setAttribute("d", `M${near(x(steps))} ${y.ends[0]}V${y.ends[1]}`);
    set(promised, { x: near(x(steps)) - 6, y: y.ends[0] - 8 }).textContent = steps;
    away.setAttribute("d", line(path.map((point, k) => [k, point[1]]), x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(y.ends[1], near(y(path[frame][1]))) });
  }

  function drawWells() {
    const { count } = story.run;
    const fresh = wells.frame({
      width: room.first, height: HEIGHT, x: [-2, 2], y: [-0.5, 0.5], xName: "parameter", yName: "loss", xTicks: 4,
      yTicks: 2,
    });
    const { x, y } = wells;
    if (fresh) {
      const along = Array.from({ length: 201 }, (_, k) => -2 + k / 50);
      hills.setAttribute("d", line(along.map((p) => [p, RULES.wells(p)]), x, y));
    }
    [[SHALLOW, CHAINS - count], [DEEP, count]].forEach(([p, number], k) => {
      const [cx, cy] = [near(x(p)), near(y(RULES.wells(p)))];
      set(balls[k], { cx, cy, r: near(14 * Math.sqrt(number / CHAINS)) });
      set(shares[k], { x: cx, y: near(y(0.25)) }).textContent = percent(number);
    });
    often.frame({
      width: room.second, height: HEIGHT, x: NOISES, y: [0, 100], xName: "noise", yName: "in the deeper well, %",
      xTicks: 4, yTicks: 4,
    });
    dots.forEach((dot, k) => set(dot, { cx: near(often.x(k / 10)), cy: near(often.y((100 * COUNTS[k]) / CHAINS)) }));
    set(chosen, { cx: near(often.x(state.noise)), cy: near(often.y((100 * count) / CHAINS)) });
  }

  function tell() {
    const { path, count } = story.run;
    const steps = path.length - 1;
    const where = frame === steps
      ? `${steps} steps to leave the saddle from ${small(state.distance)} off its ridge, at rate ${format(state.lr)}`
      : `${frame} ${frame === 1 ? "step" : "steps"} of ${steps}: ${format(path[frame][1])} off the ridge`;
    const noise = state.noise.toFixed(1);
    return `${where}. With noise ${noise}, ${percent(count)} of ${CHAINS.toLocaleString("en")} measured runs end in the deeper well.`;
  }

  function tellTarget(both) {
    const { steps, noise } = met;
    const out = steps && `left in ${steps} steps from ${small(TARGET.distance)} or nearer`;
    const most = noise && `noise ${noise} is within a point of the most, ${percent(COUNTS[Math.round(10 * noise)])}`;
    if (both) return `Target met: ${out}; ${most}.`;
    const goal = `Target: leave from ${small(TARGET.distance)} within ${TARGET.steps} steps, and find the noise that ends most often in the deeper well.`;
    return out || most ? `${goal} So far: ${out || most}.` : goal;
  }

  function readMet(text = "") {
    const [steps, noise] = text.split("-").map(Number);
    return {
      steps: Number.isInteger(steps) && steps > 0 && steps <= TARGET.steps ? steps : 0,
      noise: COUNTS[Math.round(10 * noise)] >= TARGET.count ? noise : 0,
    };
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
