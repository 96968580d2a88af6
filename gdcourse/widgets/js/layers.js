// Activations and gradients layer by layer: theory as lines, measured networks as dots.

import { s } from "./dom.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { ALPHABET, DEPTHS, EVERY, LETTERS, RULES, SCALES, TANH, TARGET, UNIT } from "./rules.js";
import { stage } from "./stage.js";

const HEIGHT = 230;
const NAMES = { tanh: "tanh", relu: "ReLU" };
const NO = { no: "no", yes: "yes" };

function moments(activation, s) {
  if (activation === "relu") return RULES.relu(s);
  const place = RULES.place(s);
  const k = Math.min(Math.floor(place), TANH.length - 2);
  const [squares, slopes] = [0, 1].map((which) => RULES.blend(TANH[k][which], TANH[k + 1][which], place - k));
  return [RULES.squares(squares, s), slopes, 0];
}

export function compute({ depth, activation, scale, skip, norm }) {
  const [keep, weight] = [skip === "yes" ? 1 : 0, scale * scale];
  const forward = [1];
  const factors = [];
  let varies = 1;
  for (let k = 0; k < depth; k += 1) {
    const [squares, slopes, mean] = moments(activation, norm === "yes" ? 1 : forward[k]);
    factors.push(RULES.factor(keep, weight, slopes, norm === "yes" ? varies : 1));
    forward.push(RULES.spread(forward[k], keep, weight, squares));
    varies = RULES.spread(varies, keep, weight, squares - mean);
  }
  const backward = [1];
  for (const factor of factors.reverse()) backward.push(backward[backward.length - 1] * factor);
  return { status: "predicted", forward, backward: backward.reverse() };
}

export const numbers = ({ forward, backward }) => [...forward, ...backward];

// What was measured, in decades: its distance from theory is carried as letters, for the deepest network.
function measure({ depth, activation, scale, skip, norm }) {
  const count = DEPTHS[1] / EVERY + 1;
  const from = 2 * count * Math.round(10 * (scale - SCALES[0]));
  const away = [...LETTERS[`${activation}-${skip[0]}-${norm[0]}`].slice(from, from + 2 * count)].map((one) => UNIT * (ALPHABET.indexOf(one) - 32));
  const { forward, backward } = compute({ depth: DEPTHS[1], activation, scale, skip, norm });
  const logs = (values, start) => Array.from({ length: count }, (_, k) => Math.log10(values[EVERY * k]) / 2 + away[start + k]);
  const [ahead, back] = [logs(forward, 0), logs(backward, count)];
  const last = depth / EVERY;
  return [ahead, back.map((value) => value - back[last])].map((values) => values.slice(0, last + 1));
}

export function render(place) {
  const met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { depth: [...DEPTHS, EVERY], activation: NAMES, scale: SCALES, skip: NO, norm: NO },
    share: 0.5,
    compute, numbers,
    revive: ([forward, backward], status) => ({ status, forward: [...forward], backward: [...backward] }),
    judge, paint, tell, aim,
    met: () => [...met].map((found) => found.flat().join("-")).join(),
  });
  const { state } = story;

  function judge(run) {
    run.ratio = Math.sqrt(run.backward[1]);
    if (story.touched && state.depth >= TARGET.depth && run.ratio <= TARGET.factor && run.ratio >= 1 / TARGET.factor) {
      met.set(state.activation, [Number(run.ratio.toPrecision(3)), state.scale]);
    }
  }

  const ways = ["activations", "gradients"].map((name) => {
    const plot = panel(`The spread of ${name} at each layer, in theory and measured`);
    const theory = s("path", { class: "gdw-theory" });
    const bounds = s("path", { class: "gdw-contour" });
    const dots = s("g");
    plot.inside.append(bounds, theory);
    plot.above.append(dots);
    return { name, plot, theory, bounds, dots };
  });
  return story.lay(
    ways.map(({ plot }) => plot),
    [story.slider("depth", "Layers"), story.slider("scale", "Weight scale", { step: 0.1, show: (x) => x.toFixed(1) }), story.reset],
    [story.choice("skip", "Skip connections", NO), story.choice("norm", "Batch norm", NO), story.choice("activation", "Activation", NAMES)],
  );

  function paint() {
    const found = measure(state);
    drawWay(ways[0], story.run.forward, found[0], story.room.first);
    drawWay(ways[1], story.run.backward, found[1], story.room.second);
  }

  function drawWay({ name, plot, theory, bounds, dots }, squares, found, width) {
    const roots = squares.map(Math.sqrt);
    const all = [...roots.map(Math.log10), ...found];
    const low = Math.min(-2, Math.floor(Math.min(...all) / 2) * 2);
    const high = Math.max(2, Math.ceil(Math.max(...all) / 2) * 2);
    plot.frame({
      width, height: story.room.wide ? HEIGHT : 150, x: [0, state.depth], y: [10 ** low, 10 ** high], yLog: true, xName: "layer",
      yName: `spread of ${name}, log axis`, xTicks: 5, yTicks: 5, of: name,
    });
    const { x, y } = plot;
    theory.setAttribute("d", line(roots, x, y));
    if (name === "gradients") bounds.setAttribute("d", [1 / TARGET.factor, TARGET.factor].map((value) => `M${x.ends[0]} ${near(y(value))}H${x.ends[1]}`).join(""));
    dots.replaceChildren(...found.map((value, k) => s("circle", {
      r: 4, class: name === "gradients" ? "gdw-spot" : "gdw-here", cx: near(x(k * EVERY)), cy: near(y(10 ** value)),
    })));
  }

  function tell() {
    const { forward, ratio } = story.run;
    const { depth, scale } = state;
    const extras = [state.skip === "yes" && "skips", state.norm === "yes" && "batch norm"].filter(Boolean).join(" and ");
    const what = `${depth} layers of ${NAMES[state.activation]}${extras && " with " + extras}, scale ${scale.toFixed(1)}`;
    return `${what}: the last activation is ${format(Math.sqrt(forward[depth]))} times the input, the first layer's gradient ${format(ratio)} times the last one's. Lines are theory, dots means of three networks of width 128.`;
  }

  function aim() {
    const list = [...met].map(([name, [ratio, scale]]) => `${NAMES[name]} ${ratio} at scale ${scale.toFixed(1)}`).join(", ");
    if (met.size === 2) return [`Target met: first gradient over last ${list}, at depth ${TARGET.depth} or more.`, true];
    const goal = `Target: at depth ${TARGET.depth}, the first layer's gradient within a factor of ${TARGET.factor} of the last one's, for tanh and for ReLU.`;
    return [list ? `${goal} So far: ${list}.` : goal, false];
  }

  function readMet(text = "") {
    const parts = text.split(",").map((part) => part.split("-"));
    return new Map(parts.filter(([name, ratio, scale]) => name in NAMES && ratio > 0 && scale > 0).map(([name, ...found]) => [name, found.map(Number)]));
  }
}
