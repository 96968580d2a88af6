// The cloud in which noisy descent ends, and its radius against the rate.

import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { cross, format, line, near } from "./plot.js";
import { BATCHES, NOISES, OPENING, RATES, RULES, SEED, SETTLE, SHOWN, STEPS } from "./rules.js";
import { pairs } from "./session.js";
import { stage } from "./stage.js";
import { normals } from "./stream.js";

const noises = normals(SEED, 2 * STEPS);

export function compute({ lr, batch, noise }) {
  let [x, y] = [0, 0];
  let total = 0;
  const path = [];
  for (let t = 1; t < STEPS; t += 1) {
    x += RULES.step(RULES.gradient(x, noises[2 * t], batch, noise), lr);
    y += RULES.step(RULES.gradient(y, noises[2 * t + 1], batch, noise), lr);
    if (t >= SETTLE) total += x * x + y * y;
    if (t >= STEPS - SHOWN) path.push([x, y]);
  }
  const measured = Math.sqrt(total / (STEPS - SETTLE));
  return { path, radii: [measured, RULES.radius(lr, batch, noise), RULES.thumb(lr, batch, noise)], status: "max_steps" };
}

export const numbers = (run) => [...run.path.flat(), ...run.radii];

export function render(place) {
  const half = compute(OPENING).radii[0] / 2;
  const found = readFound(place.page?.settings.met);
  const story = stage(place, {
    domains: { lr: RATES, batch: [...BATCHES, 1], noise: NOISES },
    share: 0.45,
    compute, numbers,
    revive: ([path, radii], status) => ({ path: pairs(path), radii: [...radii], status }),
    frames: () => SHOWN,
    judge, paint, tell, aim,
    met: () => (found.batch || found.lr) && `${found.batch ?? ""}-${found.lr ?? ""}`,
  });
  const { state } = story;

  // The least change that halves the cloud, of the batch alone and of the rate alone.
  function judge(run) {
    if (!story.touched || run.radii[0] > half || state.noise !== OPENING.noise) return;
    if (state.lr === OPENING.lr) found.batch = Math.min(state.batch, found.batch ?? Infinity);
    if (state.batch === OPENING.batch) found.lr = Math.max(state.lr, found.lr ?? 0);
  }

  const plane = panel("The cloud of the last positions about the minimum, and a circle of the predicted radius");
  const dots = s("path", { class: "gdw-dots", style: "stroke-width: 3" });
  const way = s("path", { class: "gdw-path", style: "opacity: .6" });
  const circle = s("circle", { class: "gdw-theory" });
  const minimum = s("path", { class: "gdw-minimum" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  plane.inside.append(dots, way, circle, minimum, here);
  const chart = panel("The radius of the cloud against the rate");
  const exact = s("path", { class: "gdw-theory" });
  const thumb = s("path", { class: "gdw-blue" });
  const exactName = s("text", { "aria-hidden": "true", "text-anchor": "end" }, "theory");
  const thumbName = s("text", { "aria-hidden": "true", "text-anchor": "end" }, "noise √(rate / batch)");
  const spot = s("circle", { r: 4.5, class: "gdw-here" });
  chart.inside.append(thumb, exact, spot);
  chart.above.append(exactName, thumbName);
  const one = (x) => x.toFixed(1);
  return story.lay(
    [plane, chart],
    [
      story.slider("lr", "Learning rate", { step: 0.005, scale: "log", show: (x) => x.toPrecision(3) }), story.slider("batch", "Batch"),
      story.slider("noise", "Noise of one example", { step: 0.1, show: one, input: (noise) => story.change({ noise: Number(one(noise)) }) }),
    ],
    [story.player],
  );

  function paint() {
    drawPlane();
    drawChart();
  }

  function drawPlane() {
    const { path, radii } = story.run;
    const size = [0.75, 3, 10, 25].find((end) => radii[0] * 2.4 < end) ?? 60;
    plane.frame({ width: story.room.first, ratio: 1, x: [-size, size], y: [-size, size], xName: "x", yName: "y", xTicks: 4 });
    const { x, y } = plane;
    const d = line(path.slice(0, story.frame), x, y);
    dots.setAttribute("d", d && `${d.replaceAll("L", "h0M")}h0`);
    way.setAttribute("d", line(path.slice(Math.max(0, story.frame - 8), story.frame), x, y));
    way.style.visibility = here.style.visibility = story.frame === SHOWN ? "hidden" : "";
    const [px, py] = path[Math.max(0, story.frame - 1)];
    set(here, { cx: near(x(px)), cy: near(y(py)) });
    set(circle, { cx: x(0), cy: y(0), r: near(x(radii[1]) - x(0)) });
    minimum.setAttribute("d", cross([0, 0], x, y));
  }

  function drawChart() {
    chart.frame({
      width: story.room.second, height: story.room.wide ? plane.height : 150, x: [0.01, 10], y: [1e-3, 100], xLog: true, yLog: true,
      xName: "rate, log axis", yName: "radius of the cloud, log axis",
    });
    const { x, y } = chart;
    const rates = Array.from({ length: 121 }, (_, k) => RATES[0] * (1.995 / RATES[0]) ** (k / 120));
    const curve = (rule) => line(rates.map((lr) => [lr, rule(lr, state.batch, state.noise)]), x, y);
    exact.setAttribute("d", curve(RULES.radius));
    thumb.setAttribute("d", curve(RULES.thumb));
    set(spot, { cx: near(x(state.lr)), cy: near(y(story.run.radii[0])) });
    set(exactName, { x: x.ends[1], y: near(y(RULES.radius(1.9, state.batch, state.noise))) + 4 });
    set(thumbName, { x: x.ends[1], y: near(y(RULES.thumb(1.9, state.batch, state.noise))) + 18 });
  }

  function tell() {
    const { path, radii } = story.run;
    const what = `Rate ${state.lr.toPrecision(3)}, batches of ${state.batch}, noise ${state.noise.toFixed(1)}`;
    if (story.frame < SHOWN) {
      const [x, y] = path[Math.max(0, story.frame - 1)];
      return `${what}: position ${story.frame} of the last ${SHOWN}, ${format(Math.hypot(x, y))} from the minimum.`;
    }
    const ratio = radii[0] / radii[2];
    const far = ratio > 1.2 ? `, which is ${format(ratio)} times too small` : "";
    return `${what}: the cloud's radius is ${format(radii[0])}, theory says ${format(radii[1])}, noise times the root of rate over batch ${format(radii[2])}${far}.`;
  }

  function aim() {
    const parts = [found.batch && `by batches of ${found.batch}`, found.lr && `by a rate of ${found.lr}`].filter(Boolean);
    if (parts.length === 2) return [`Target met: half the radius ${parts.join(", and ")}.`, true];
    const goal = `Target: halve the radius of rate ${OPENING.lr} and batches of ${OPENING.batch}, to ${format(half)}, by the batch alone and by the rate alone.`;
    return [parts.length ? `${goal} So far ${parts[0]}.` : goal, false];
  }

  function readFound(text = "") {
    const [batch, lr] = text.split("-").map(Number);
    return { batch: batch >= 1 && batch <= BATCHES[1] ? batch : null, lr: lr >= RATES[0] && lr < OPENING.lr ? lr : null };
  }
}
