// Scales, axes and numbers. A scale is a function from data to pixels that knows its ends and its ticks.

import { s } from "./dom.js";

export function linear([from, to], [start, end]) {
  const slope = (end - start) / (to - from);
  return Object.assign((x) => start + (x - from) * slope, {
    invert: (pixel) => from + (pixel - start) / slope,
    ticks: (about) => linearTicks(from, to, about),
    label: (x) => minus(String(Number(x.toPrecision(6)))),
    ends: [start, end],
    domain: [from, to],
  });
}

// A scale of decades: from and to are powers of ten. Values outside stay at the ends, so that zero can be drawn.
export function log([from, to], [start, end]) {
  const low = Math.log10(from);
  const slope = (end - start) / (Math.log10(to) - low);
  const top = Math.log10(to);
  return Object.assign((x) => start + (x > from ? Math.min(Math.log10(x), top + 1) - low : 0) * slope, {
    ticks: (about) => decades(low, top, about),
    label: (x) => `10${superscript(Math.round(Math.log10(x)))}`,
    ends: [start, end],
    domain: [from, to],
  });
}

function linearTicks(from, to, about) {
  const rough = (to - from) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k += 1) ticks.push(k * step);
  return ticks;
}

function decades(low, top, about) {
  const step = [1, 2, 3, 4, 6, 8, 12, 24, 48, 96].find((size) => (top - low) / size <= about) ?? 96;
  const ticks = [];
  for (let power = Math.ceil(low / step) * step; power <= top; power += step) ticks.push(10 ** power);
  return ticks;
}

function superscript(power) {
  return String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]));
}

function minus(text) {
  return text.replace("-", "−");
}

// A number for a sentence: three significant digits, 0.0123 or 1.23e-7.
export function format(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (!Number.isFinite(x)) return minus(String(x).replace("Infinity", "∞"));
  if (size < 1e-4 || size >= 1e5) return minus(x.toExponential(2)).replace("e+", "e");
  return minus(size >= 100 ? x.toFixed(0) : x.toPrecision(3));
}

// A line through points, or through numbers at 0, 1, 2, ...
export function line(points, x, y) {
  let text = "";
  let [left, top] = [NaN, NaN];
  for (let k = 0; k < points.length; k += 1) {
    const point = points[k];
    const plain = typeof point === "number";
    const px = near(x(plain ? k : point[0]));
    const py = near(y(plain ? point : point[1]));
    if (px === left && py === top) continue; // as most steps of a run that has arrived
    text += `${text ? "L" : "M"}${px} ${py}`;
    [left, top] = [px, py];
  }
  return text;
}

// The mark of a minimum.
export function cross(point, x, y) {
  return `M${near(x(point[0]))} ${near(y(point[1]))}m-5 0h10m-5 -5v10`;
}

export function inSteps(count) {
  return `${count} ${count === 1 ? "step" : "steps"}`;
}

// Tenths of a pixel, and never so far away that a renderer gives up.
export function near(pixel) {
  return Math.round(Math.max(-99999, Math.min(99999, pixel)) * 10) / 10;
}

// The two axes of a panel: ticks, their numbers, and a name at the end of each axis.
export function axes({ x, y, xName, yName, xTicks = 5, yTicks = 5 }) {
  const [left, right] = x.ends;
  const [bottom, top] = y.ends;
  const group = s("g", { class: "gdw-axes", "aria-hidden": "true" });
  let ticks = "";
  const text = (content, at) => group.append(s("text", at, content));
  for (const value of x.ticks(xTicks)) {
    ticks += `M${near(x(value))} ${bottom}v4`;
    text(x.label(value), { x: near(x(value)), y: bottom + 19, "text-anchor": "middle" });
  }
  for (const value of y.ticks(yTicks)) {
    ticks += `M${left} ${near(y(value))}h-4`;
    text(y.label(value), { x: left - 7, y: near(y(value)) + 4, "text-anchor": "end" });
  }
  text(xName, { x: (left + right) / 2, y: bottom + 35, "text-anchor": "middle", class: "gdw-name" });
  text(yName, { x: left, y: top - 8, "text-anchor": "start", class: "gdw-name" });
  group.prepend(s("path", { d: `M${left} ${top}V${bottom}H${right}${ticks}` }));
  return group;
}
