// A schedule drawn by nine handles, the error it leaves on a noisy bowl, and four customary schedules behind it.

import { choice } from "./controls.js";
import { h, s, set } from "./dom.js";
import { sampled } from "./key.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { COUNTS, EVERY, FLAT, KNOTS, PRESETS, RATES, RULES, RUNS, SEEDS, START, STEEP, STEPS, TARGET } from "./rules.js";
import { stage } from "./stage.js";
import { normals } from "./stream.js";

const NAMES = Object.keys(PRESETS);
const LOOKS = {
  constant: "stroke: var(--gdw-fourth); stroke-dasharray: 2 3",
  drops: "stroke: var(--gdw-second); stroke-dasharray: 9 3 2 3",
  inverse: "stroke: var(--gdw-third); stroke-dasharray: 5 3",
  line: "stroke: var(--gdw-gradient); stroke-dasharray: 10 3",
};
const steps = Array.from({ length: STEPS }, (_, t) => t);
const at = steps.filter((t) => t % EVERY === 0).concat(STEPS);
const plans = Object.fromEntries(NAMES.map((name) => [name, steps.map(PRESETS[name].rule)]));
const whole = Object.fromEntries(NAMES.map((name) => [name, at.map((t) => Number(PRESETS[name].rule(t).toFixed(2)))]));

function drawn(rates, count) {
  return steps.map((step) => {
    const t = step % COUNTS[count];
    const k = Math.floor(t / EVERY);
    return RULES.between(rates[k], rates[k + 1], (t - EVERY * k) / EVERY);
  });
}

// The mean error of all runs after each step.
function errors(rates, noise) {
  const { gradient, loss, step } = RULES;
  const x = new Float64Array(RUNS).fill(START);
  const y = new Float64Array(RUNS).fill(START);
  const means = [];
  for (let t = 0; t <= STEPS; t += 1) {
    let total = 0;
    for (let j = 0; j < RUNS; j += 1) total += loss(x[j], y[j]);
    means.push(total / RUNS);
    if (t === STEPS) break;
    const at = 2 * RUNS * t;
    for (let j = 0; j < RUNS; j += 1) {
      x[j] += step(gradient(x[j], STEEP, noise[at + j]), rates[t]);
      y[j] += step(gradient(y[j], FLAT, noise[at + RUNS + j]), rates[t]);
    }
  }
  return means;
}

// What only a new seed changes.
function behind(seed) {
  const noise = normals(seed, 2 * STEPS * RUNS);
  return { seed, noise, presets: NAMES.map((name) => errors(plans[name], noise)) };
}

export function compute({ rates, count, seed }, ready = behind(seed), curve = drawn(rates, count)) {
  return { curve, own: errors(curve, ready.noise), presets: ready.presets, status: "max_steps" };
}

export const numbers = ({ curve, own, presets }) => [...curve, ...own, ...presets.flat()];

export function render(place) {
  let ready = { seed: 0 };
  let wanted = null; // the seed for the next frame
  let last = {};
  let [planned, shown] = [null, null]; // the curve and the presets' errors that are drawn
  let best = readBest(place.page?.settings.met);
  const story = stage(place, {
    domains: {
      rates: (rates) => rates.length === KNOTS && rates.every((rate) => rate >= RATES[0] && rate <= RATES[1]),
      count: COUNTS, seed: [...SEEDS, 1],
    },
    share: 0.55,
    compute: (settings) => {
      const { rates, count, seed } = settings;
      if (ready.seed !== seed) ready = behind(seed);
      if (last.rates !== rates || last.count !== count) last = { rates, count, curve: drawn(rates, count) };
      return compute(settings, ready, last.curve);
    },
    numbers,
    revive: ([curve, own, presets], status) => ({
      curve: [...curve], own: [...own], status,
      presets: NAMES.map((_, k) => [...presets.slice(k * (STEPS + 1), (k + 1) * (STEPS + 1))]),
    }),
    frames: () => STEPS,
    judge, paint, tell, aim,
    met: () => best?.join("-"),
  });
  const { state, opening } = story;
  let mine = state.rates;

  // All runs are new with a seed, so of those that the slider passes within a frame only the last is taken.
  function choose(seed) {
    if (wanted === null) requestAnimationFrame(() => wanted !== null && story.change({ seed: wanted }));
    wanted = seed;
  }

  // The last error as a share of the best preset's.
  function judge(run) {
    wanted = null;
    const last = run.own[STEPS];
    run.share = last / Math.min(...run.presets.map((one) => one[STEPS]));
    if (story.touched && state.count === "run" && run.share < (best?.[0] ?? 1)) best = [Number(run.share.toPrecision(3)), last.toPrecision(3)];
    if (copied() === "own") mine = state.rates;
  }

  const from = choice({
    label: "Set handles to", name: "from",
    options: { own: "my own curve", ...Object.fromEntries(NAMES.map((name) => [name, PRESETS[name].title])) },
    input: (name) => story.change({ rates: name === "own" ? mine : whole[name] }),
  });
  const handles = at.map((step, k) => ring({
    label: `Rate at step ${step}`,
    move: (_, rate) => story.change({ rates: state.rates.map((old, j) => (j === k ? rate : old)) }),
    home: () => story.change({ rates: state.rates.map((old, j) => (j === k ? opening.rates[k] : old)) }),
  }));
  const lines = Object.fromEntries(NAMES.map((name) => {
    const one = () => s("path", { class: "gdw-path", style: `${LOOKS[name]}; stroke-width: 1.2` });
    return [name, { plan: one(), loss: one() }];
  }));
  const marks = [s("circle", { r: 4.5, class: "gdw-here" }), s("circle", { r: 4.5, class: "gdw-here" })];
  const plan = panel("The learning rate at each step, with nine handles, and four customary schedules", "group");
  const curve = s("path", { class: "gdw-path", style: "stroke-width: 2" });
  const knots = s("path", { class: "gdw-theory" });
  plan.inside.append(...NAMES.map((name) => lines[name].plan), knots, curve, marks[0]);
  plan.above.append(...handles.map((handle) => handle.node));
  const loss = panel("The mean error at each step");
  const error = s("path", { class: "gdw-path", style: "stroke-width: 2" });
  loss.inside.append(...NAMES.map((name) => lines[name].loss), error, marks[1]);
  const ends = NAMES.map((name) => sampled(LOOKS[name], ""));
  return story.lay(
    [plan, loss],
    h("p", { style: "line-height: 1.8" }, ...ends),
    [
      from, story.choice("count", "Steps counted", { run: "over the run", epoch: "anew each epoch" }),
      story.slider("seed", "Noise", { show: (seed) => `no. ${seed}`, input: choose }),
    ],
    [story.player],
  );

  function copied() {
    return NAMES.find((name) => whole[name].every((rate, k) => rate === state.rates[k])) ?? "own";
  }

  function paint() {
    drawPlan();
    drawLoss();
    from.update(copied());
  }

  function drawPlan() {
    const fresh = plan.frame({
      width: story.room.first, height: 230, x: [0, STEPS], y: RATES, xName: "step", yName: "learning rate; drag the rings",
    });
    const { x, y } = plan;
    if (fresh) for (const name of NAMES) lines[name].plan.setAttribute("d", line(plans[name], x, y));
    if (fresh || planned !== story.run.curve) {
      planned = story.run.curve;
      curve.setAttribute("d", line(planned, x, y));
      knots.setAttribute("d", state.count === "run" ? "" : line(state.rates.map((rate, k) => [at[k], rate]), x, y));
      handles.forEach((handle, k) => handle.update({ at: [at[k], state.rates[k]], x, y }));
    }
    mark(0, x, y, story.run.curve[Math.min(story.frame, STEPS - 1)]);
  }

  function mark(k, x, y, value) {
    set(marks[k], { cx: near(x(story.frame)), cy: near(y(value)), visibility: k === 0 && story.frame === STEPS ? "hidden" : null });
  }

  function drawLoss() {
    const { own, presets } = story.run;
    const fresh = loss.frame({
      width: story.room.second, height: story.room.wide ? 230 : 150, x: [0, STEPS], y: [1e-3, 10], yLog: true,
      xName: "step", yName: `mean error of ${RUNS} runs, log axis`, xTicks: 4,
    });
    const { x, y } = loss;
    if (fresh || shown !== presets) {
      shown = presets;
      NAMES.forEach((name, k) => {
        lines[name].loss.setAttribute("d", line(presets[k], x, y));
        ends[k].lastChild.data = ` ${PRESETS[name].title} ${format(presets[k][STEPS])} `;
      });
    }
    error.setAttribute("d", line(own, x, y));
    mark(1, x, y, own[story.frame]);
  }

  function tell() {
    const { curve: rates, own, presets, share } = story.run;
    if (story.frame < STEPS) {
      return `Step ${story.frame}: the rate is ${rates[story.frame].toFixed(3)}, the mean error of ${RUNS} runs ${format(own[story.frame])}.`;
    }
    const beaten = presets.filter((one) => one[STEPS] > own[STEPS]).length;
    const again = state.count === "run" ? "" : ` The count of updates begins again every ${EVERY} steps, so only the first stretch of the curve is used.`;
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / STEPS;
    return `Your curve, of mean rate ${mean.toFixed(4)}, ends at an error of ${format(own[STEPS])}, ${format(share)} of the best preset's; it beats ${beaten} of 4.${again}`;
  }

  function aim() {
    const least = best && `${best[0]} of the best preset's, at an error of ${best[1]}`;
    if (best?.[0] <= TARGET) return [`Target met: ${least}.`, true];
    const goal = `Target: end at ${TARGET} of the best preset's error or less, counting over the whole run.`;
    return [best ? `${goal} So far ${least}.` : goal, false];
  }

  function readBest(text = "") {
    const [share, last] = text.split("-").map(Number);
    return share > 0 && share < 1 && last > 0 ? [share, last] : null;
  }

}
