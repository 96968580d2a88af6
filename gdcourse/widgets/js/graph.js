// A small graph: its values forward, and its slopes as the reader clicks the nodes in order.

import { s, set } from "./dom.js";
import { near } from "./plot.js";
import { FORMULAS, LIMIT, MOST, OPERATIONS, PLACES } from "./rules.js";
import { stage } from "./stage.js";

const [LEFT, RIGHT, TOP, ROW, RADIUS] = [44, 50, 44, 80, 20];
const INPUTS = [-LIMIT, LIMIT, 0.5];
const BEND = [2.6, -0.6]; // where the arrow from x to J turns
const text = (x) => String(x + 0).replace("-", "−");
const namesOf = (twice) => Object.keys(PLACES).filter((name) => name !== "w" || twice === "no");
const usersOf = (twice, name) => Object.entries(FORMULAS[twice]).filter(([, [, ...parents]]) => parents.includes(name)).map(([user]) => user);

function record(clicks, twice) {
  const paid = [];
  let wrong = 0;
  let last = null;
  for (const name of clicks) {
    if (!namesOf(twice).includes(name) || paid.includes(name)) continue;
    const waits = usersOf(twice, name).filter((user) => !paid.includes(user));
    last = { name, waits };
    if (waits.length) wrong += 1;
    else paid.push(name);
  }
  return { paid, wrong, last };
}

export function compute({ x, y, z, twice, clicks }) {
  const values = { x, y, z, w: x };
  for (const [name, [sign, a, b]] of Object.entries(FORMULAS[twice])) values[name] = OPERATIONS[sign].value(values[a], values[b]);
  const slopes = { x: 0, y: 0, z: 0, w: 0, p: 0, m: 0, J: 1 };
  const edges = [];
  for (const [name, [sign, ...parents]] of Object.entries(FORMULAS[twice]).reverse()) {
    const local = OPERATIONS[sign].slopes(values[parents[0]], values[parents[1]]);
    parents.forEach((parent, k) => {
      slopes[parent] += local[k] * slopes[name];
      edges.push({ parent, name, local: local[k] });
    });
  }
  const book = record(clicks, twice);
  return { status: book.paid.length < namesOf(twice).length ? "open" : "paid", twice, values, slopes, edges, ...book };
}

export const numbers = ({ twice, values, slopes, paid, wrong }) => {
  const names = namesOf(twice);
  return [...names.map((name) => values[name] + 0), ...names.map((name) => slopes[name] + 0), ...names.map((name) => Number(paid.includes(name))), wrong];
};

export function render(place) {
  let met = [6, 7].includes(Number(place.page?.settings.met)) ? Number(place.page.settings.met) : 0;
  const story = stage(place, {
    domains: {
      x: INPUTS, y: INPUTS, z: INPUTS, twice: FORMULAS,
      clicks: (value, { twice }) => value.length <= MOST && [...value].every((one) => namesOf(twice).includes(one)),
    },
    share: 1,
    compute, numbers,
    revive: ([values, slopes], status) => {
      const names = namesOf(story.state.twice);
      const table = (array) => Object.fromEntries(names.map((name, k) => [name, array[k]]));
      return { ...compute(story.state), status, values: table(values), slopes: table(slopes) };
    },
    judge: (run) => {
      if (run.status === "paid" && run.wrong === 0) met = run.paid.length;
    },
    paint, tell, aim,
    met: () => met && String(met),
  });
  const { state } = story;

  const anew = (settings) => story.change({ ...settings, clicks: "" });
  const click = (name) => {
    if (story.run.paid.includes(name) || state.clicks.length >= MOST) return;
    story.change({ clicks: state.clicks + name });
  };
  const arrows = s("g", { "aria-hidden": "true" });
  const nodes = Object.keys(PLACES).map((name) => {
    const circle = s("circle", { r: RADIUS, class: "gdw-ring" });
    const value = s("text", { y: 4, "text-anchor": "middle", class: "gdw-name" });
    const label = s("text", { y: -RADIUS - 6, "text-anchor": "middle", class: "gdw-name" });
    const slope = s("text", { y: RADIUS + 16, "text-anchor": "middle" });
    const halo = s("circle", { r: RADIUS + 4, class: "gdw-halo" });
    const node = s("g", {
      role: "button", tabindex: 0, style: "cursor: pointer; outline: none", class: "gdw-node", click: () => click(name),
      keydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        click(name);
      },
      focus: () => node.matches(":focus-visible") && set(halo, { stroke: "currentColor", "stroke-width": 2 }),
      blur: () => set(halo, { stroke: null, "stroke-width": null }),
    }, halo, circle, value, label, slope);
    return { name, node, circle, value, label, slope };
  });
  const drawing = s("svg", { role: "group" }, arrows, ...nodes.map(({ node }) => node));
  return story.lay(
    [{ node: drawing }],
    ["x", "y", "z"].map((name) => story.slider(name, name, { show: text, input: (value) => anew({ [name]: value }) })),
    [
      story.choice("twice", "Use x", { no: "once", yes: "twice" }, (value) => anew({ twice: value })), story.reset,
    ],
  );

  function paint() {
    const width = story.room.first;
    const height = TOP + 3 * ROW + 46;
    set(drawing, { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": `The graph of ${formula()}` });
    const { values, slopes, paid } = story.run;
    const there = namesOf(state.twice);
    for (const { name, node, circle, value, label, slope } of nodes) {
      const [x, y] = spot(...PLACES[name]);
      const done = paid.includes(name);
      const sign = FORMULAS[state.twice][name] ? ` ${OPERATIONS[FORMULAS[state.twice][name][0]].sign}` : "";
      set(node, {
        transform: `translate(${near(x)} ${near(y)})`, display: there.includes(name) ? null : "none",
        "aria-label": `${name}${sign}, value ${text(values[name])}, ${done ? "slope " + text(slopes[name]) : "not paid"}`,
      });
      set(circle, { style: done ? "fill: none" : "stroke: var(--gdw-quiet); stroke-width: 1.2" });
      value.textContent = there.includes(name) ? text(values[name]) : "";
      label.textContent = there.includes(name) ? name + sign : "";
      set(slope, { visibility: done ? null : "hidden" }).textContent = done ? `slope ${text(slopes[name])}` : "";
    }
    const drawn = story.run.edges.map((edge) => arrow(edge, paid.includes(edge.name)));
    arrows.replaceChildren(...drawn.map(([way]) => way), ...drawn.flatMap(([, rate]) => rate ?? []));
  }

  function aim() {
    if (met) return [`Target met: ${met} nodes paid without a wrong click.`, true];
    return ["Target: pay every node, from the result back, without a wrong click.", false];
  }

  function spot(column, row) {
    return [LEFT + (column * (story.room.first - LEFT - RIGHT)) / 3, TOP + row * ROW];
  }

  // Grey and forward until its child is paid; then the payment comes back along it, times the local derivative.
  function arrow({ parent, name, local }, done) {
    const [from, to] = [spot(...PLACES[parent]), spot(...PLACES[name])];
    const bent = parent === "x" && name === "J";
    const by = bent ? spot(...BEND) : from.map((a, k) => (a + to[k]) / 2);
    const edge = (end) => {
      const far = Math.hypot(by[0] - end[0], by[1] - end[1]);
      const [ux, uy] = [(by[0] - end[0]) / far, (by[1] - end[1]) / far];
      return [end[0] + ux * (RADIUS + 3), end[1] + uy * (RADIUS + 3), ux, uy];
    };
    const [start, end] = [edge(from), edge(to)];
    const [x, y, ux, uy] = done ? start : end;
    const head = `M${near(x + 8 * ux - 4 * uy)} ${near(y + 8 * uy + 4 * ux)}L${near(x)} ${near(y)}L${near(x + 8 * ux + 4 * uy)} ${near(y + 8 * uy - 4 * ux)}`;
    const d = `M${near(start[0])} ${near(start[1])}Q${near(by[0])} ${near(by[1])} ${near(end[0])} ${near(end[1])}${head}`;
    const way = s("path", { d, class: "gdw-path", style: done ? null : "stroke: var(--gdw-quiet); stroke-width: 1" });
    if (!done) return [way];
    const share = { p: 0.5, m: 0.55, J: 0.65 }[name];
    const along = (k) => (bent ? (from[k] + 2 * by[k] + to[k]) / 4 : from[k] + share * (to[k] - from[k]));
    return [way, s("text", { x: near(along(0)), y: near(along(1)) + 1, "text-anchor": "middle" }, `×${text(local)}`)];
  }

  function formula() {
    return `J = max(x × y, z) + ${state.twice === "yes" ? "x" : "w"}`;
  }

  function tell() {
    const { values, slopes, paid, wrong, last, status } = story.run;
    const forward = `${formula()} = ${text(values.J)} with x ${text(state.x)}, y ${text(state.y)}, z ${text(state.z)}.`;
    if (!last) return `${forward} Nobody has been paid yet: click the node that comes first.`;
    const mistakes = wrong === 0 ? "no wrong click" : wrong === 1 ? "1 wrong click" : `${wrong} wrong clicks`;
    if (last.waits.length) return `${forward} Not ${last.name} yet: ${last.waits.join(" and ")} will pay it, and ${last.waits.length > 1 ? "have" : "has"} not been paid. So far ${mistakes}.`;
    const parts = story.run.edges.filter(({ parent }) => parent === last.name).map(({ name, local }) => `${text(slopes[name])} × ${text(local)} from ${name}`);
    const what = last.name === "J" ? "J starts with 1" : `${last.name} gets ${parts.join(" and ")}${parts.length > 1 ? ", together " + text(slopes[last.name]) : ""}`;
    if (status === "paid") return `${forward} ${what}. All ${paid.length} are paid with ${mistakes}.`;
    return `${forward} ${what}. Paid: ${paid.length}, ${mistakes}.`;
  }
}
