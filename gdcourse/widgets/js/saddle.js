// A path off a saddle, the time it takes, and what noise does in two wells.

import { contours } from "./contour.js";
import { h, s, set } from "./dom.js";
import { panel } from "./panel.js";
import { cross, format, inSteps, line, near } from "./plot.js";
import { CHAINS, COUNTS, DISTANCES, NOISES, RATES, RULES, TARGET, WELLS } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";

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

export function render(place) {
  const met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { distance: DISTANCES, lr: RATES, noise: NOISES },
    share: 0.5,
    compute, numbers,
    revive: ([path, [share]], status) => ({ path: pairs(path), count: share * CHAINS, status }),
    frames: (run) => run.path.length - 1,
    judge, paint, tell, aim,
    met: () => (met.steps || met.noise) && `${met.steps}-${met.noise}`,
  });
  const { state } = story;

  function judge(run) {
    if (!story.touched) return;
    const steps = run.path.length - 1;
    if (state.distance <= TARGET.distance && steps <= TARGET.steps && !(met.steps <= steps && met.steps)) met.steps = steps;
    if (run.count >= TARGET.count) met.noise = state.noise;
  }

  const map = panel("Contour lines of a saddle, and the path off it");
  const contour = s("path", { class: "gdw-contour" });
  const way = s("path", { class: "gdw-path" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  const flat = s("path", { style: "stroke: var(--gdw-quiet); stroke-width: 1.5" });
  map.inside.append(contour, flat, way, here);
  const time = panel("The distance from the ridge at each step");
  const promise = s("path", { class: "gdw-theory" });
  const away = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  const promised = s("text", { "text-anchor": "end", "aria-hidden": "true" });
  time.inside.append(promise, away);
  time.above.append(promised, mark);
  const wells = panel(`Two wells, and how many of ${CHAINS} runs end in each`);
  const hills = s("path", { class: "gdw-blue" });
  const balls = [s("circle", { class: "gdw-here" }), s("circle", { class: "gdw-here" })];
  const shares = [0, 1].map(() => s("text", { "text-anchor": "middle", "aria-hidden": "true" }));
  wells.inside.append(hills);
  wells.above.append(...balls, ...shares);
  const often = panel("How many runs end in the deeper well, against the noise");
  const dots = COUNTS.map(() => s("circle", { r: 3, class: "gdw-spot" }));
  const chosen = s("circle", { r: 5, class: "gdw-here" });
  often.above.append(...dots, chosen);
  return story.lay(
    [map, time],
    [
      story.slider("distance", "Off the ridge", { step: 0.25, scale: "log", digits: 1, show: small }),
      story.slider("lr", "Learning rate", { step: 0.01, scale: "log", show: format }), story.player,
    ],
    h("div", { class: "gdw-part" }, h("div", { class: "gdw-panels" }, wells.node, often.node),
      h("div", { class: "gdw-row" }, story.slider("noise", "Noise in the two wells", { step: 0.1, show: (x) => x.toFixed(1) }).node)),
  );

  function paint() {
    drawSaddle();
    drawWells();
  }

  function drawSaddle() {
    const { path } = story.run;
    const [left, right, low, high] = WINDOW;
    const fresh = map.frame({
      width: story.room.first, ratio: (right - left) / (high - low), x: [left, right], y: [low, high], xName: "x",
      yName: "y, off the ridge", xTicks: 6, yTicks: 4,
    });
    if (fresh) {
      contour.setAttribute("d", contours(RULES.value, WINDOW, map.x, map.y));
      flat.setAttribute("d", cross([0, 0], map.x, map.y));
    }
    way.setAttribute("d", line(path.slice(0, story.frame + 1), map.x, map.y));
    set(here, { cx: near(map.x(path[story.frame][0])), cy: near(map.y(path[story.frame][1])) });
    const steps = path.length - 1;
    time.frame({
      width: story.room.second, height: story.room.wide ? map.height : HEIGHT, x: [0, Math.max(10, Math.ceil(1.15 * steps))],
      y: [1e-16, 1], yLog: true, xName: "step", yName: "distance from the ridge, log axis", xTicks: 4, yTicks: 5,
    });
    const { x, y } = time;
    promise.setAttribute("d", `M${near(x(steps))} ${y.ends[0]}V${y.ends[1]}`);
    set(promised, { x: near(x(steps)) - 6, y: y.ends[0] - 8 }).textContent = steps;
    away.setAttribute("d", line(path.map((point, k) => [k, point[1]]), x, y));
    set(mark, { cx: near(x(story.frame)), cy: Math.max(y.ends[1], near(y(path[story.frame][1]))) });
  }

  function drawWells() {
    const { count } = story.run;
    const fresh = wells.frame({
      width: story.room.first, height: HEIGHT, x: [-2, 2], y: [-0.5, 0.5], xName: "parameter", yName: "loss", xTicks: 4,
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
      width: story.room.second, height: HEIGHT, x: NOISES, y: [0, 100], xName: "noise", yName: "in the deeper well, %",
      xTicks: 4, yTicks: 4,
    });
    dots.forEach((dot, k) => set(dot, { cx: near(often.x(k / 10)), cy: near(often.y((100 * COUNTS[k]) / CHAINS)) }));
    set(chosen, { cx: near(often.x(state.noise)), cy: near(often.y((100 * count) / CHAINS)) });
  }

  function tell() {
    const { path, count } = story.run;
    const steps = path.length - 1;
    const where = story.frame === steps
      ? `${steps} steps to leave the saddle from ${small(state.distance)} off its ridge, at rate ${format(state.lr)}`
      : `${inSteps(story.frame)} of ${steps}: ${format(path[story.frame][1])} off the ridge`;
    const noise = state.noise.toFixed(1);
    return `${where}. With noise ${noise}, ${percent(count)} of ${CHAINS.toLocaleString("en")} measured runs end in the deeper well.`;
  }

  function aim() {
    const { steps, noise } = met;
    const out = steps && `left in ${steps} steps from ${small(TARGET.distance)} or nearer`;
    const most = noise && `noise ${noise} is within a point of the most, ${percent(COUNTS[Math.round(10 * noise)])}`;
    if (out && most) return [`Target met: ${out}; ${most}.`, true];
    const goal = `Target: leave from ${small(TARGET.distance)} within ${TARGET.steps} steps, and find the noise that ends most often in the deeper well.`;
    return [out || most ? `${goal} So far: ${out || most}.` : goal, false];
  }

  function readMet(text = "") {
    const [steps, noise] = text.split("-").map(Number);
    return {
      steps: Number.isInteger(steps) && steps > 0 && steps <= TARGET.steps ? steps : 0,
      noise: COUNTS[Math.round(10 * noise)] >= TARGET.count ? noise : 0,
    };
  }
}
