// Six training runs, each with one thing wrong: look, order a test, name the sickness.

import { button } from "./controls.js";
import { h, s, set } from "./dom.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { ALPHABET, ANSWERS, EPOCHS, LN10, MOST, RUNS, SIGNS, TARGET, TESTS } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 200;
const KEYS = Object.fromEntries(SIGNS.map(([name], k) => ["abcdefgh"[k], name]));
const CHOICES = { "": "choose one", ...KEYS };
const pairs = (notes) => notes.match(/../g) ?? [];

function curve([low, high, letters]) {
  return [...letters].map((one) => 10 ** (low + ((high - low) * ALPHABET.indexOf(one)) / 63));
}

export function compute({ notes }) {
  const tests = new Set();
  const named = {};
  let wrong = 0;
  for (const [patient, what] of pairs(notes)) {
    if (what in TESTS) tests.add(patient + what);
    else if (named[patient] !== ANSWERS[patient]) {
      named[patient] = what;
      if (what !== ANSWERS[patient]) wrong += 1;
    }
  }
  const right = Object.keys(named).filter((patient) => named[patient] === ANSWERS[patient]);
  return { status: right.length === TARGET.right ? "done" : "open", right, named, tests, wrong };
}

export const numbers = ({ right, tests, wrong }) => [right.length, tests.size, wrong];

export function render(place) {
  let met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: {
      patient: RUNS, epochs: [1, EPOCHS, 1], guess: CHOICES, notes: (value) => value.length <= 2 * MOST && /^([A-F][1-4a-h])*$/.test(value),
    },
    share: 0.5,
    compute, numbers,
    revive: (_, status) => ({ ...compute(story.state), status }),
    judge, paint, tell, aim,
    met: () => met?.toString(),
  });
  const { state } = story;

  function judge(run) {
    const cost = run.tests.size + run.wrong;
    if (run.status === "done" && !(met <= cost && met !== null)) met = cost;
  }

  const write = (what) => {
    if (state.notes.length < 2 * MOST) story.change({ notes: state.notes + state.patient + what });
  };
  const order = Object.entries(TESTS).map(([key, name]) => set(button(name[0].toUpperCase() + name.slice(1), () => write(key)), { style: "flex: 1 0 auto" }));
  const course = panel();
  const known = s("path", { class: "gdw-theory" });
  const losses = s("path", { class: "gdw-path" });
  const verdict = s("text", { class: "gdw-name", "text-anchor": "end", "aria-hidden": "true" });
  course.inside.append(losses, known); // which some losses never leave
  course.above.append(verdict);
  const result = panel("The result of a test");
  const bound = s("path", { class: "gdw-theory" });
  const values = s("path", { class: "gdw-blue" });
  const dot = s("circle", { r: 5, class: "gdw-spot" });
  const says = s("text", { class: "gdw-name", "aria-hidden": "true" });
  result.inside.append(bound, values);
  result.above.append(dot, says);
  const wrap = "grid-column: 1 / -1; flex-wrap: wrap";
  const patients = Object.fromEntries(Object.keys(RUNS).map((name) => [name, name]));
  const diagnose = button("Diagnose", () => write(state.guess));
  return story.lay(
    [course, result],
    [h("div", { class: "gdw-buttons", style: wrap, role: "group", "aria-label": "Order a test" }, ...order)],
    [story.choice("patient", "Patient", patients, (patient) => story.change({ patient, guess: "" })), story.slider("epochs", "Epochs shown"), story.choice("guess", "Your diagnosis", CHOICES)],
    [h("div", { class: "gdw-buttons", style: wrap },
      diagnose, ...story.reset.children)],
  );

  // What the last test of this patient was.
  function ordered() {
    return pairs(state.notes).findLast(([one, what]) => one === state.patient && what in TESTS)?.[1];
  }

  function paint() {
    drawCourse();
    drawResult(ordered());
    diagnose.disabled = state.guess === "";
    course.node.setAttribute("aria-label", `The loss of patient ${state.patient} at each update, on a log axis`);
  }

  function decades(all) {
    return [10 ** Math.floor(Math.log10(Math.min(...all))), 10 ** Math.ceil(Math.log10(Math.max(...all)))];
  }

  function every(list) {
    return list.map((value, k) => [((k + 0.5) * 22 * EPOCHS) / list.length, value]);
  }

  function level(plot, value) {
    return `M${plot.x.ends[0]} ${near(plot.y(value))}H${plot.x.ends[1]}`;
  }

  function drawCourse() {
    const run = RUNS[state.patient];
    const all = curve(run.loss);
    course.frame({
      width: story.room.first, height: story.room.wide ? HEIGHT : 150, x: [0, 22 * state.epochs], y: decades([...all, LN10]), yLog: true,
      xName: "update", yName: "loss, log axis; dashed: ln 10", xTicks: 5, yTicks: 4,
    });
    known.setAttribute("d", level(course, LN10));
    losses.setAttribute("d", line(every(all), course.x, course.y));
    const done = story.run.right.includes(state.patient);
    set(verdict, { x: course.x.ends[1] - 4, y: course.y.ends[1] + 12 });
    verdict.textContent = done ? `✓ ${KEYS[ANSWERS[state.patient]]}` : state.guess ? `${state.patient}: ${KEYS[state.guess]}?` : state.patient;
  }

  function drawResult(shown) {
    const run = RUNS[state.patient];
    const flat = shown === "1" || shown === "4";
    const all = shown === "2" ? curve(run.norm) : shown === "3" ? curve(run.few) : [];
    const ends = flat ? { 1: [1, 1000], 4: [1e-10, 10] }[shown] : shown ? decades([...all, LN10]) : [0.01, 10];
    result.frame({
      width: story.room.second, height: story.room.wide ? HEIGHT : 150, x: flat ? [0, 1] : [0, 22 * state.epochs], y: ends, yLog: true,
      xName: flat ? "" : "update", xTicks: flat ? 0.5 : 5, yTicks: 5,
      yName: shown ? `${TESTS[shown]}, log axis` : "no test ordered yet",
    });
    const { x, y } = result;
    const limit = { 1: LN10, 3: LN10, 4: 1e-5 }[shown];
    set(bound, { d: limit ? level(result, limit) : "M0 0" });
    values.setAttribute("d", all.length ? line(every(all), x, y) : "M0 0");
    const value = shown === "1" ? run.first : run.check;
    const at = flat ? [near(x(0.5)), near(y(value))] : [-99, -99];
    set(dot, { cx: at[0], cy: at[1], visibility: flat ? null : "hidden" });
    set(says, { x: at[0] + 12, y: Math.max(y.ends[1] + 12, at[1] - 8), visibility: flat ? null : "hidden" }).textContent = flat ? number(shown, value) : "";
  }

  function number(shown, value) {
    return shown === "1" ? String(value) : value.toExponential(0).replace("-", "−");
  }

  function tell() {
    const [run, shown] = [RUNS[state.patient], ordered()];
    const letter = state.patient;
    const last = pairs(state.notes).at(-1);
    const said = story.run.named[letter];
    const shows = {
      1: () => `The first loss is ${run.first}; ln 10 is 2.303.`,
      2: () => `The gradient's norm goes from ${format(curve(run.norm)[0])} to ${format(curve(run.norm).at(-1))}.`,
      3: () => `On twenty examples alone the loss ends at ${format(curve(run.few).at(-1))}.`,
      4: () => `The gradient check gives ${number("4", run.check)}.`,
    };
    const ended = `Patient ${letter}, ${state.epochs} of ${EPOCHS} epochs shown: the loss ends at ${format(curve(run.loss).at(-1))}.`;
    const found = shown ? " " + shows[shown]() : "";
    if (said === ANSWERS[letter]) return `${ended}${found} Yes, ${KEYS[said]}: ${Object.fromEntries(SIGNS)[KEYS[said]]}`;
    if (said && last?.[1] === said && last[0] === letter && state.guess === said) return `${ended}${found} Not ${KEYS[said]}. There, ${Object.fromEntries(SIGNS)[KEYS[said]]}`;
    const guess = KEYS[state.guess] ?? "";
    const asked = guess && ` ${guess[0].toUpperCase()}${guess.slice(1)}?`;
    return ended + found + asked;
  }

  function aim() {
    const { right, tests, wrong } = story.run;
    if (met !== null && met <= TARGET.cost) return [`Target met: six right for ${met} tests and wrong answers together.`, true];
    const goal = `Target: all six right for at most ${TARGET.cost} tests and wrong answers together.`;
    const so = `${right.length} right, ${tests.size} ${tests.size === 1 ? "test" : "tests"}, ${wrong} wrong.`;
    return [state.notes || met !== null ? `${goal} So far: ${so}` : goal, false];
  }

  function readMet(text = "") {
    return /^\d{1,2}$/.test(text) ? Number(text) : null;
  }
}
