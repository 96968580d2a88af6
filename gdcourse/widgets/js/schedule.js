// A schedule drawn by nine handles, the error it leaves on a noisy bowl, and four customary schedules behind it.

import { choice, slider } from "./controls.js";
import { h, s, set } from "./dom.js";
import { columns, panel } from "./panel.js";
import { playback } from "./playback.js";
import { format, line, near } from "./plot.js";
import { ring } from "./ring.js";
import { COUNTS, EVERY, FLAT, KNOTS, PRESETS, RATES, RULES, RUNS, SEEDS, START, STEEP, STEPS, TARGET } from "./rules.js";
import { sentence, session } from "./session.js";
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
const whole = (name) => at.map((t) => Number(PRESETS[name].rule(t).toFixed(2)));

function drawn(rates, count) {
  return steps.map((step) => {
    const t = step % COUNTS[count];
    const k = Math.floor(t / EVERY);
    return RULES.between(rates[k], rates[k + 1], (t - EVERY * k) / EVERY);
  });
}

// The mean error of all runs after each step.
function errors(rates, noise) {
  const x = new Float64Array(RUNS).fill(START);
  const y = new Float64Array(RUNS).fill(START);
  const means = [];
  for (let t = 0; t <= STEPS; t += 1) {
    let total = 0;
    for (let j = 0; j < RUNS; j += 1) {
      total += RULES.loss(x[j], y[j]);
      if (t === STEPS) continue;
      x[j] += RULES.step(RULES.gradient(x[j], STEEP, noise[2 * t * RUNS + j]), rates[t]);
      y[j] += RULES.step(RULES.gradient(y[j], FLAT, noise[(2 * t + 1) * RUNS + j]), rates[t]);
    }
    means.push(total / RUNS);
  }
  return means;
}

// What only a new seed changes.
function behind(seed) {
  const noise = normals(seed, 2 * STEPS * RUNS);
  return { seed, noise, presets: NAMES.map((name) => errors(steps.map(PRESETS[name].rule), noise)) };
}

export function compute({ rates, count, seed }, ready = behind(seed)) {
  const curve = drawn(rates, count);
  return { curve, own: errors(curve, ready.noise), presets: ready.presets, status: "max_steps" };
}

export const numbers = ({ curve, own, presets }) => [...curve, ...own, ...presets.flat()];

export function render({ model, el, page, python }) {
  let frame = STEPS;
  let room = null;
  let ready = { seed: 0 };
  let mine = null;
  let best = readBest(page?.settings.met);

  const story = session({ model, page, python }, {
    names: ["rates", "count", "seed"],
    valid: (name, value) => {
      if (name === "count") return value in COUNTS;
      if (name === "seed") return Number.isInteger(value) && value >= SEEDS[0] && value <= SEEDS[1];
      return value.length === KNOTS && value.every((rate) => rate >= RATES[0] && rate <= RATES[1]);
    },
    compute: (settings) => {
      if (ready.seed !== settings.seed) ready = behind(settings.seed);
      return measured(compute(settings, ready));
    },
    numbers,
    revive: ([curve, own, presets], status) => measured({
      curve: [...curve], own: [...own], status,
      presets: NAMES.map((_, k) => [...presets.slice(k * (STEPS + 1), (k + 1) * (STEPS + 1))]),
    }),
    changed: () => {
      frame = STEPS;
      draw();
    },
    note: () => (best ? { met: best.join("-") } : {}),
  });
  const { state, opening } = story;

  // The last error as a share of the best preset's.
  function measured(run) {
    const last = run.own[STEPS];
    run.share = last / Math.min(...run.presets.map((one) => one[STEPS]));
    if (state.count === "run" && run.share < (best?.[0] ?? 1)) best = [Number(run.share.toPrecision(3)), last.toPrecision(3)];
    return run;
  }

  const same = (one, other) => one.every((rate, k) => rate === other[k]);
  const copied = () => NAMES.find((name) => same(state.rates, whole(name))) ?? "own";
  const change = (settings) => {
    player.pause();
    story.change(settings);
    if (copied() === "own") mine = state.rates;
  };
  const plan = panel({ role: "group" });
  const loss = panel();
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const key = h("p", { style: "line-height: 1.8" });
  const controls = {
    from: choice({
      label: "Handles", name: "from",
      options: { own: "my own curve", ...Object.fromEntries(NAMES.map((name) => [name, `as ${PRESETS[name].title}`])) },
      input: (name) => change({ rates: name === "own" ? (mine ?? opening.rates) : whole(name) }),
    }),
    count: choice({
      label: "Count updates", name: "count", options: { run: "over the run", epoch: "anew each epoch" },
      input: (count) => change({ count }),
    }),
    seed: slider({
      label: "Noise", name: "seed", min: SEEDS[0], max: SEEDS[1], step: 1, show: (seed) => `no. ${seed}`,
      input: (seed) => change({ seed }),
    }),
  };
  const player = playback({
    frames: () => STEPS,
    frame: () => frame,
    show: (k, moving) => {
      frame = k;
      draw(moving);
    },
    reset: () => change(opening),
  });
  const handles = at.map((step, k) => ring({
    label: `Rate at step ${step}`,
    move: (_, rate) => change({ rates: state.rates.map((old, j) => (j === k ? rate : old)) }),
    home: () => change({ rates: state.rates.map((old, j) => (j === k ? opening.rates[k] : old)) }),
  }));

  const lines = Object.fromEntries(NAMES.map((name) => {
    const one = () => s("path", { class: "gdw-path", style: `${LOOKS[name]}; stroke-width: 1.2` });
    return [name, { plan: one(), loss: one() }];
  }));
  const curve = s("path", { class: "gdw-path", style: "stroke-width: 2" });
  const knots = s("path", { class: "gdw-theory" });
  const error = s("path", { class: "gdw-path", style: "stroke-width: 2" });
  const marks = [s("circle", { r: 4.5, class: "gdw-here" }), s("circle", { r: 4.5, class: "gdw-here" })];
  plan.inside.append(...NAMES.map((name) => lines[name].plan), knots, curve, marks[0]);
  plan.above.append(...handles.map((handle) => handle.node));
  loss.inside.append(...NAMES.map((name) => lines[name].loss), error, marks[1]);
  el.replaceChildren(
    h("div", { class: "gdw-panels" }, plan.node, loss.node),
    key,
    h("div", { class: "gdw-row" }, controls.from.node, controls.count.node, controls.seed.node),
    h("div", { class: "gdw-row" }, player.node),
    target, live.node, story.node,
  );

  function draw(moving = false) {
    room = columns(el, 0.55);
    drawPlan();
    drawLoss();
    controls.from.update(copied());
    for (const name of ["count", "seed"]) controls[name].update(state[name]);
    const text = tell();
    live.say(text, moving);
    plan.node.setAttribute("aria-label", "The learning rate at each step, with nine handles, and four customary schedules");
    loss.node.setAttribute("aria-label", `The mean error at each step. ${text}`);
    target.textContent = tellTarget();
    target.classList.toggle("gdw-met", best?.[0] <= TARGET);
  }

  function drawPlan() {
    plan.frame({
      width: room.first, height: 230, x: [0, STEPS], y: RATES, xName: "step", yName: "learning rate; drag the rings",
    });
    const { x, y } = plan;
    for (const name of NAMES) lines[name].plan.setAttribute("d", line(steps.map((t) => [t, PRESETS[name].rule(t)]), x, y));
    curve.setAttribute("d", line(story.run.curve.map((rate, t) => [t, rate]), x, y));
    knots.setAttribute("d", state.count === "run" ? "" : line(state.rates.map((rate, k) => [at[k], rate]), x, y));
    handles.forEach((handle, k) => handle.update({ at: [at[k], state.rates[k]], x, y }));
    mark(0, x, y, story.run.curve[Math.min(frame, STEPS - 1)]);
  }

  function mark(k, x, y, value) {
    set(marks[k], { cx: near(x(frame)), cy: near(y(value)), visibility: k === 0 && frame === STEPS ? "hidden" : null });
  }

  function drawLoss() {
    const { own, presets } = story.run;
    loss.frame({
      width: room.second, height: room.wide ? 230 : 150, x: [0, STEPS], y: [1e-3, 10], yLog: true,
      xName: "step", yName: `mean error of ${RUNS} runs, log axis`, xTicks: 4,
    });
    const { x, y } = loss;
    NAMES.forEach((name, k) => lines[name].loss.setAttribute("d", line(presets[k].map((value, t) => [t, value]), x, y)));
    error.setAttribute("d", line(own.map((value, t) => [t, value]), x, y));
    mark(1, x, y, own[frame]);
    key.replaceChildren(...NAMES.map((name, k) => h("span", { style: "display: inline-block; margin-right: 18px" },
      s("svg", { width: 24, height: 8, style: "display: inline", "aria-hidden": "true" },
        s("path", { d: "M0 5H24", class: "gdw-path", style: `${LOOKS[name]}; stroke-width: 2` })),
      ` ${PRESETS[name].title} ${format(presets[k][STEPS])} `)));
  }

  function tell() {
    const { curve: rates, own, presets, share } = story.run;
    if (frame < STEPS) {
      return `Step ${frame}: the rate is ${rates[frame].toFixed(3)}, the mean error of ${RUNS} runs ${format(own[frame])}.`;
    }
    const beaten = presets.filter((one) => one[STEPS] > own[STEPS]).length;
    const again = state.count === "run" ? "" : ` The count of updates begins again every ${EVERY} steps, so only the first stretch of the curve is used.`;
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / STEPS;
    return `Your curve, of mean rate ${mean.toFixed(4)}, ends at an error of ${format(own[STEPS])}, ${format(share)} of the best preset's; it beats ${beaten} of 4.${again}`;
  }

  function tellTarget() {
    const least = best && `${best[0]} of the best preset's, at an error of ${best[1]}`;
    if (best?.[0] <= TARGET) return `Target met: ${least}.`;
    const goal = `Target: end at ${TARGET} of the best preset's error or less, counting over the whole run.`;
    return best ? `${goal} So far ${least}.` : goal;
  }

  function readBest(text = "") {
    const [share, last] = text.split("-").map(Number);
    return share > 0 && share < 1 && last > 0 ? [share, last] : null;
  }

  mine = state.rates;
  story.open();
  const watcher = new ResizeObserver(() => columns(el, 0.55).first !== room.first && draw());
  watcher.observe(el);
  return () => {
    player.pause();
    watcher.disconnect();
    story.close();
  };
}
