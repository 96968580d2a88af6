// Stopping early beside a penalty: what each keeps of every mode, and the two fits.

import { slider } from "./controls.js";
import { s, set } from "./dom.js";
import { ink, key } from "./key.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { DATA, LR, PENALTIES, RULES, TARGET, TIMES } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 220;
const DASHED = ink(["second", "6 2"]);

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
  return DATA.grid.map((_, j) => kept.reduce((total, part, k) => total + part * (DATA.shapes[k][j] / 1000), 0));
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

export function render(place) {
  let met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { time: (value) => TIMES.includes(value), penalty: PENALTIES },
    share: 0.5,
    compute, numbers,
    revive: (arrays, status) => {
      const [stopped, ridge, early, shrunk, gaps] = arrays.map((array) => [...array]);
      return { status, stopped, ridge, early, shrunk, apart: gaps };
    },
    judge, paint, tell, aim,
    met: () => met?.join("-"),
  });
  const { state } = story;

  function judge({ apart: [gap, ...misses] }) {
    if (story.touched && gap <= TARGET.gap && Math.max(...misses) <= TARGET.miss && !(met?.[0] <= gap)) {
      met = [Number(gap.toPrecision(3)), state.time, state.penalty];
    }
  }

  const kept = panel("What early stopping and the penalty keep of each mode, against its curvature");
  const stopCurve = s("path", { class: "gdw-path" });
  const ridgeCurve = s("path", DASHED);
  const stopDots = DATA.curvatures.map(() => s("circle", { r: 4, class: "gdw-here" }));
  const ridgeDots = DATA.curvatures.map(() => s("rect", { width: 9, height: 9, ...DASHED, "stroke-dasharray": null }));
  kept.inside.append(stopCurve, ridgeCurve);
  kept.above.append(...stopDots, ...ridgeDots);
  const fits = panel("Twenty noisy points of a sine and the two fits");
  const sine = s("path", { class: "gdw-theory" });
  const points = DATA.x.map(() => s("circle", { r: 4, class: "gdw-spot" }));
  const early = s("path", { class: "gdw-path" });
  const shrunk = s("path", DASHED);
  fits.inside.append(sine, ...points, early, shrunk);
  const titles = key(fits.above, [[{ class: "gdw-path" }, "stopped"], [DASHED, "penalty"], [{ class: "gdw-theory" }, "the sine"]]);
  const time = slider({
    label: "Stop after, steps", name: "time", min: 0, max: TIMES.length - 1, step: 1, show: (k) => String(TIMES[k]),
    input: (k) => story.change({ time: TIMES[k] }),
  });
  return story.lay(
    [kept, fits],
    [time, story.slider("penalty", "Penalty", { step: 0.02, scale: "log", show: format }), story.reset],
  );

  function paint() {
    drawKept();
    drawFits();
    time.update(TIMES.indexOf(state.time));
  }

  function drawKept() {
    const { stopped, ridge } = story.run;
    kept.frame({
      width: story.room.first, height: story.room.wide ? HEIGHT : 150, x: [1e-5, 10], y: [0, 1], xLog: true, xName: "curvature, log axis",
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
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: [-1, 1], y: [-2, 2], xName: "x", yName: "y", xTicks: 4,
      yTicks: 4,
    });
    const { x, y } = fits;
    const drawn = (values) => line(values.map((value, j) => [DATA.grid[j], value]), x, y);
    sine.setAttribute("d", drawn(DATA.sine));
    early.setAttribute("d", drawn(story.run.early));
    shrunk.setAttribute("d", drawn(story.run.shrunk));
    points.forEach((point, k) => set(point, { cx: near(x(DATA.x[k])), cy: near(y(DATA.y[k])) }));
    titles(x.ends[0] + 10, y.ends[1] + 8);
  }

  function tell() {
    const [gap, one, other] = story.run.apart.map((value) => value.toFixed(3));
    const product = format(state.penalty * LR * state.time);
    const steps = state.time === 1 ? "1 step" : `${state.time.toLocaleString("en")} steps`;
    return `Stopped after ${steps}, and with a penalty of ${format(state.penalty)}: the fits are ${gap} apart, and miss the sine by ${one} and ${other}. Penalty × rate × steps: ${product}.`;
  }

  function aim() {
    if (met) return [`Target met: the fits are ${met[0].toFixed(3)} apart after ${met[1]} steps and with a penalty of ${format(met[2])}.`, true];
    return [`Target: two fits less than ${TARGET.gap} apart (root mean square), neither more than ${TARGET.miss} from the sine.`, false];
  }

  function readMet(text = "") {
    const [gap, time, penalty] = text.split("-").map(Number);
    return gap > 0 && gap <= TARGET.gap && TIMES.includes(time) && penalty >= PENALTIES[0] ? [gap, time, penalty] : null;
  }
}
