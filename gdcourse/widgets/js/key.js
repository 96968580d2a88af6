// Which line is which: strokes, and a key in a panel or in a sentence.

import { h, s, set } from "./dom.js";

export const ink = ([color, dash]) => ({ class: "gdw-path", style: `stroke: var(--gdw-${color})`, "stroke-dasharray": dash });

// A key in a panel, of rows [attributes of the line, its name]; place it by its upper left corner.
export function key(group, rows) {
  const lines = rows.map(([look]) => s("path", look));
  const names = rows.map(([, name]) => s("text", { "aria-hidden": "true" }, name));
  group.append(...lines, ...names);
  return (left, top) => rows.forEach((_, k) => {
    lines[k].setAttribute("d", `M${left} ${top + 15 * k}h22`);
    set(names[k], { x: left + 28, y: top + 15 * k + 4 });
  });
}

// A short piece of a line, for a text to show which it is about.
export function sample(style) {
  return s("svg", { width: 24, height: 8, style: "display: inline", "aria-hidden": "true" },
    s("path", { d: "M0 5H24", class: "gdw-path", style: `${style}; stroke-width: 2` }));
}

export function sampled(style, text) {
  return h("span", { style: "display: inline-block; margin-right: 18px" }, sample(style), ` ${text} `);
}
