// Stopping early beside a penalty: what each keeps of every mode, and the two fits.

import { slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { DATA, LR, PENALTIES, RULES, TARGET, TIMES } from "./rules.js";
import { sentence, session } from "./session.js";

const HEIGHT = 220;
const ORANGE = "stroke: var(--gdw-second); fill: none";
const DASH = "6 2";

function power(base, count) {
  let result = 1;
  while (count) {
    if (count % 2) result *= base;
    base *= base;
    count = Math.floor(count / 2);
  }
  return result;
}

const stop = (curvature, time) => RULES.stopped(power(RULES.factor(LR, curvature), time));

function fit(kept) {
  return DATA.grid.map((_, j) => kept.reduce((total, part, k) => total + part * DATA.shapes[k][j], 0));
}

function apart(one, other) {
  return Math.sqrt(one.reduce((total, a, j) => total + (a - other[j]) * (a - other[j]), 0) / one.length);
}

export function compute({ time, penalty }) {
  const stopped = DATA.curvatures.map((curvature) => stop(curvature, time));
  const ridge = DATA.curvatures.map((curvature) => RULES.ridge(curvature, penalty));
  const [early, shrunk] = [fit(stopped), fit(ridge)];
  return { status: "fitted", stopped, ridge, early, shrunk, apart: [apart(early, shrunk), apart(early, DATA.sine), apart(shrunk, DATA.sine)] };
}

export const numbers = ({ stopped, ridge, early, shrunk, apart }) => [...stopped, ...ridge, ...early, ...shrunk, ...apart];

export function render({ model, el, page, python }) {
  let room = null;
  let met = readMet(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["time", "penalty"],
    valid: (name, value) => (name === "time" ? TIMES.includes(value) : value >= PENALTIES[0] && value <= PENALTIES[1]),
    compute: (settings) => measured(compute(settings)),
    numbers,
    revive: (arrays, status) => {
      const [stopped, ridge, early, shrunk, gaps] = arrays.map((array) => [...array]);
      return { status, stopped, ridge, early, shrunk, apart: gaps };
    },
    changed: () => draw(),
    note: () => (met ? { met: met.join("-") } : {}),
  });
  const { state } = story;

  function measured(run) {
    const [gap, ...misses] = run.apart;
    if (gap <= TARGET.gap && Math.max(...misses) <= TARGET.miss && !(met?.[0] <= gap)) {
      met = [Number(gap.toPrecision(3)), state.time, state.penalty];
    }
    return run;
  }

  const kept = panel();
  const fits = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const controls = {
    time: slider({
      label: "Stop after, steps", name: "time", min: 0, max: TIMES.length - 1, step: 1, show: (k) => String(TIMES[k]),
      input: (k) => story.change({ time: TIMES[k] }),
    }),
    penalty: slider({
      label: "Penalty", name: "penalty", min: PENALTIES[0], max: PENALTIES[1], step: 0.02, scale: "log", show: format,
      input: (penalty) => story.change({ penalty }),
    }),
  };

  const stopCurve = s("path", { class: "gdw-path" });
  const ridgeCurve = s("path", { style: ORANGE, "stroke-width": 1.5, "stroke-dasharray": DASH });
  const stopDots = DATA.curvatures.map(() => s("circle", { r: 4, class: "gdw-here" }));
  const ridgeDots = DATA.curvatures.map(() => s("rect", { width: 9, height: 9, style: ORANGE, "stroke-width": 1.5 }));
  kept.inside.append(stopCurve, ridgeCurve);
  kept.above.append(...stopDots, ...ridgeDots);
  const sine = s("path", { class: "gdw-theory" });
  const points = DATA.x.map(() => s("circle", { r: 4, class: "gdw-spot" }));
  const early = s("path", { class: "gdw-path" });
  const shrunk = s("path", { style: ORANGE, "stroke-width": 2, "stroke-dasharray": DASH });
  const keys = [["gdw-path", "stopped"], ["", "penalty"], ["gdw-theory", "the sine"]].map(([name, text], k) => [
    s("path", name ? { class: name } : { style: ORANGE, "stroke-width": 2, "stroke-dasharray": DASH }),
    s("text", { "aria-hidden": "true" }, text), k,
  ]);
  fits.inside.append(sine, ...points, early, shrunk);
  fits.above.append(...keys.flatMap(([sample, text]) => [sample, text]));
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, kept.node, fits.node),
    h("div", { class: "gdw-row", style: "grid-template-columns: 1fr 1fr" }, controls.time.node, controls.penalty.node),
    target, live.node, story.node,
  );

  function draw() {
    room = columns(el, 0.5);
    drawKept();
    drawFits();
    controls.time.update(TIMES.indexOf(state.time));
    controls.penalty.update(state.penalty);
    const text = tell();
    live.say(text);
    kept.node.setAttribute("aria-label", "What early stopping and the penalty keep of each mode, against its curvature");
    fits.node.setAttribute("aria-label", `Twenty noisy points of a sine and the two fits. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", Boolean(met));
  }

  function drawKept() {
    const { stopped, ridge } = story.run;
    kept.frame({
      width: room.first, height: room.wide ? HEIGHT : 150, x: [1e-5, 10], y: [0, 1], xLog: true, xName: "curvature, log axis",
      yName: "part of the mode kept", xTicks: 6, yTicks: 4,
    });
    const { x, y } = kept;
    const along = Array.from({ length: 121 }, (_, k) => 10 ** (-5 + k / 20)).filter((curvature) => LR * curvature <= 1);
    stopCurve.setAttribute("d", line(along.map((curvature) => [curvature, stop(curvature, state.time)]), x, y));
    ridgeCurve.setAttribute("d", line(along.map((curvature) => [curvature, RULES.ridge(curvature, state.penalty)]), x, y));
    DATA.curvatures.forEach((curvature, k) => {
      const cx = near(x(curvature));
      set(stopDots[k], { cx, cy: near(y(stopped[k])) });
      set(ridgeDots[k], { x: cx - 4.5, y: near(y(ridge[k])) - 4.5 });
    });
  }

  function drawFits() {
    fits.frame({
      width: room.second, height: room.wide ? HEIGHT : 150, x: [-1, 1], y: [-2, 2], xName: "x", yName: "y", xTicks: 4,
      yTicks: 4,
    });
    const { x, y } = fits;
    const drawn = (values) => line(values.map((value, j) => [DATA.grid[j], value]), x, y);
    sine.setAttribute("d", drawn(DATA.sine));
    early.setAttribute("d", drawn(story.run.early));
    shrunk.setAttribute("d", drawn(story.run.shrunk));
    points.forEach((point, k) => set(point, { cx: near(x(DATA.x[k])), cy: near(y(DATA.y[k])) }));
    for (const [sample, text, k] of keys) {
      const [left, up] = [x.ends[0] + 10, y.ends[1] + 8 + 16 * k];
      sample.setAttribute("d", `M${left} ${up}h24`);
      set(text, { x: left + 30, y: up + 4 });
    }
  }

  function tell() {
    const [gap, one, other] = story.run.apart.map((value) => value.toFixed(3));
    const product = format(state.penalty * LR * state.time);
    const steps = state.time === 1 ? "1 step" : `${state.time.toLocaleString("en")} steps`;
    return `Stopped after ${steps}, and with a penalty of ${format(state.penalty)}: the fits are ${gap} apart, and miss the sine by ${one} and ${other}. Penalty × rate × steps: ${product}.`;
  }

  function tellTarget() {
    if (met) return `Target met: the fits are ${met[0].toFixed(3)} apart after ${met[1]} steps and with a penalty of ${format(met[2])}.`;
    return `Target: two fits less than ${TARGET.gap} apart (root mean square), neither more than ${TARGET.miss} from the sine.`;
  }

  function readMet(text = "") {
    const [gap, time, penalty] = text.split("-").map(Number);
    return gap > 0 && gap <= TARGET.gap && TIMES.includes(time) && penalty >= PENALTIES[0] ? [gap, time, penalty] : null;
  }

  story.open();
  const watcher = new ResizeObserver(() => columns(el, 0.5).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    watcher.disconnect();
    story.close();
  };
}
