// A point on a loss, its gradient, a direction to turn, and the slope in every direction.

import { contours } from "./contour.js";
import { s, set } from "./dom.js";
import { panel } from "./panel.js";
import { format, line, near } from "./plot.js";
import { ring, within } from "./ring.js";
import { AXES, NORMS, RULES, SINES, TARGET, WINDOW } from "./rules.js";
import { stage } from "./stage.js";

const RADIUS = 0.8; // of the dial, in units of the axes
const LENGTH = 0.3; // of an arrow, for a gradient of length 1
const DEGREES = Array.from({ length: 360 }, (_, k) => k);

// The unit vector at a whole angle, by quarter turns of one table.
function direction(angle) {
  const rise = SINES[angle % 90];
  const run = SINES[90 - (angle % 90)];
  return [[run, rise], [-rise, run], [-run, -rise], [rise, -run]][Math.floor(angle / 90)];
}

export function compute({ point, norm }) {
  const gradient = RULES.gradient(...point);
  const lengths = DEGREES.map((angle) => NORMS[norm](...direction(angle)));
  const slopes = DEGREES.map((angle) => RULES.slope(...gradient, ...direction(angle), lengths[angle]));
  return { gradient, slopes, lengths, status: "measured" };
}

export const numbers = (run) => [...run.gradient, ...run.slopes];

export function render(place) {
  let moved = false;
  let met = readMet(place.page?.settings.met);
  const story = stage(place, {
    domains: { point: (point) => within(point, WINDOW), angle: [0, 359, 1], axes: AXES, norm: NORMS },
    compute, numbers,
    revive: ([gradient, slopes], status) => ({ ...compute(story.state), gradient: [...gradient], slopes: [...slopes], status }),
    judge, paint, tell, aim,
    met: () => met?.toString(),
  });
  const { state, opening } = story;

  // The slope as a share of the gradient's length, whatever the norm.
  function judge(run) {
    const [gx, gy] = run.gradient;
    const [u, v] = direction(state.angle);
    const size = Math.hypot(gx, gy);
    run.share = size ? (gx * u + gy * v) / size : null;
    run.steepest = run.slopes.indexOf(Math.max(...run.slopes));
    if (story.touched && run.share !== null && Math.abs(run.share) <= TARGET.share) met = state.angle;
  }

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const handle = ring({
    alone: true,
    label: "Point",
    move: (x, y) => {
      moved = true;
      story.change({ point: [clamp(x, WINDOW[0], WINDOW[1]), clamp(y, WINDOW[2], WINDOW[3])] });
    },
    home: () => story.change({ point: opening.point }),
  });
  const map = panel("Contour lines of the loss, its gradient at some places, and the direction at the point", "group");
  const contour = s("path", { class: "gdw-contour" });
  const field = s("path", { class: "gdw-blue", "stroke-opacity": 0.45 });
  const ball = s("path", { class: "gdw-theory" });
  const arrow = s("path", { class: "gdw-blue", style: "stroke-width: 2.5" });
  const ray = s("path", { class: "gdw-path", style: "stroke-width: 2.5" });
  const hint = s("text", { "text-anchor": "middle", "aria-hidden": "true" }, "drag");
  map.inside.append(contour, field, ball, arrow, ray);
  map.above.append(hint, handle.node);
  const wave = panel("The slope in every direction");
  const zero = s("path", { class: "gdw-theory" });
  const curve = s("path", { class: "gdw-blue" });
  const top = s("path", { class: "gdw-blue", "stroke-dasharray": "3 2" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  const topName = s("text", { "aria-hidden": "true", "text-anchor": "middle" }, "steepest");
  wave.inside.append(zero, top, curve);
  wave.above.append(topName, mark);
  return story.lay(
    [map, wave],
    [story.slider("angle", "Direction", { show: (angle) => `${angle}°` })],
    [
      story.choice("axes", "Axes", { equal: "equal", unequal: "y twice as long" }),
      story.choice("norm", "Steps measured by", { euclid: "Euclid", sum: "sum of parts", largest: "largest part" }), story.reset,
    ],
  );

  function paint() {
    drawMap();
    drawWave();
  }

  function aim() {
    const little = `${100 * TARGET.share} % of the gradient's length.`;
    if (met === null) return [`Target: a direction in which nothing changes, to within ${little}`, false];
    return [`Target met: at ${met}° the slope was under ${little}`, true];
  }

  // An arrow with its head, in pixels; a short one is left out.
  function arrowTo([px, py], [dx, dy]) {
    const [ax, ay, bx, by] = [map.x(px), map.y(py), map.x(px + dx), map.y(py + dy)];
    const long = Math.hypot(bx - ax, by - ay);
    if (long < 3) return "";
    const [cos, sin] = [((bx - ax) / long) * 5, ((by - ay) / long) * 5];
    const wing = (side) => `${near(bx - cos - (side * sin) / 2)} ${near(by - sin + (side * cos) / 2)}`;
    return `M${near(ax)} ${near(ay)}L${near(bx)} ${near(by)}M${wing(1)}L${near(bx)} ${near(by)}L${wing(-1)}`;
  }

  function drawMap() {
    const wide = AXES[state.axes];
    const window = [WINDOW[0] * wide, WINDOW[1] * wide, WINDOW[2], WINDOW[3]];
    const fresh = map.frame({
      width: story.room.first, ratio: 1.5, x: window.slice(0, 2), y: window.slice(2), xName: "x", yName: "y", xTicks: 6, yTicks: 4,
    });
    const { x, y } = map;
    if (fresh) {
      contour.setAttribute("d", contours(RULES.value, window, x, y));
      let arrows = "";
      for (let px = -4; px <= 4; px += 0.8 * wide) {
        for (const py of [-1.2, -0.6, 0, 0.6, 1.2]) arrows += arrowTo([px, py], RULES.gradient(px, py).map((part) => part * 0.1));
      }
      field.setAttribute("d", arrows);
    }
    const { gradient, lengths } = story.run;
    const [px, py] = state.point;
    const onBall = (angle) => direction(angle).map((part, axis) => state.point[axis] + (part / lengths[angle]) * RADIUS);
    ball.setAttribute("d", `${line(DEGREES.map(onBall), x, y)}Z`);
    arrow.setAttribute("d", arrowTo(state.point, gradient.map((part) => part * LENGTH)));
    ray.setAttribute("d", line([state.point, onBall(state.angle)], x, y));
    handle.update({ at: state.point, x, y });
    set(hint, { x: near(x(px)), y: near(y(py)) + (py < -1 ? -14 : 24), visibility: moved ? "hidden" : null });
  }

  function drawWave() {
    const { slopes, steepest } = story.run;
    const most = [1, 2, 5, 10, 20].find((size) => Math.max(...slopes) <= size);
    wave.frame({
      width: story.room.second, height: story.room.wide ? map.height : 130, x: [0, 360], y: [-most, most],
      xName: "direction (degrees)", yName: "slope", xTicks: 4, yTicks: 4,
    });
    const { x, y } = wave;
    zero.setAttribute("d", `M${x.ends[0]} ${near(y(0))}H${x.ends[1]}`);
    top.setAttribute("d", `M${near(x(steepest))} ${y.ends[0]}V${y.ends[1]}`);
    set(topName, { x: near(Math.min(Math.max(x(steepest), x.ends[0] + 30), x.ends[1] - 26)), y: y.ends[0] - 6 });
    curve.setAttribute("d", line([...slopes, slopes[0]], x, y));
    set(mark, { cx: near(x(state.angle)), cy: near(y(slopes[state.angle])) });
  }

  // The angle between the direction and the gradient's arrow, as they are drawn.
  function between() {
    const up = AXES[state.axes];
    const [u, v] = direction(state.angle);
    const [gx, gy] = story.run.gradient;
    const turn = Math.atan2(up * v, u) - Math.atan2(up * gy, gx);
    return Math.round(Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn))) * (180 / Math.PI));
  }

  function tell() {
    const { slopes, steepest, share } = story.run;
    const what = `From (${state.point.map(format).join(", ")}) at ${state.angle}°`;
    if (share === null) return `${what}: the gradient is zero here, and so is every slope.`;
    const parts = `${Math.round((100 * slopes[state.angle]) / slopes[steepest])} % of the steepest, which is at ${steepest}°`;
    return `${what}: slope ${format(slopes[state.angle])}, ${parts}. It is drawn ${between()}° from the gradient's arrow.`.replace(" -", " −");
  }

  function readMet(text) {
    return /^\d{1,3}$/.test(text) && Number(text) < 360 ? Number(text) : null;
  }
}
