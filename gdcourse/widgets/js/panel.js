// A panel: one SVG with two axes, a clipped inside and an unclipped top. It is drawn in CSS pixels, so that type
// has the same size at every width.

import { s, set, unique } from "./dom.js";
import { axes, linear, log } from "./plot.js";

const MARGIN = { left: 46, right: 14, top: 24, bottom: 40 };

export function panel(label, role = "img") {
  const id = unique("clip");
  const hole = s("rect");
  const inside = s("g", { "clip-path": `url(#${id})` });
  const above = s("g");
  let names = s("g");
  const node = s("svg", { role, "aria-label": label }, s("defs", {}, s("clipPath", { id }, hole)), names, inside, above);
  let key = "";
  const self = { node, inside, above, x: null, y: null };
  // Place the axes; true if that changed anything. height is that of the inside, ratio its width over its height.
  self.frame = ({ width, height, ratio, x, y, xLog, yLog, ...rest }) => {
    const next = JSON.stringify([width, height, ratio, x, y, rest]);
    if (next === key) return false;
    key = next;
    const inner = width - MARGIN.left - MARGIN.right;
    const tall = height ?? Math.round(inner / ratio);
    const full = tall + MARGIN.top + MARGIN.bottom;
    set(node, { width, height: full, viewBox: `0 0 ${width} ${full}` });
    set(hole, { x: MARGIN.left, y: MARGIN.top, width: inner, height: tall });
    self.x = (xLog ? log : linear)(x, [MARGIN.left, MARGIN.left + inner]);
    self.y = (yLog ? log : linear)(y, [MARGIN.top + tall, MARGIN.top]);
    self.height = tall;
    const fresh = axes({ x: self.x, y: self.y, ...rest });
    names.replaceWith(fresh);
    names = fresh;
    return true;
  };
  return self;
}

// The widths of two panels side by side, or one below the other where the room is narrow.
export function columns(el, share = 0.6) {
  const width = Math.floor(el.clientWidth) || 600;
  const wide = width >= 560;
  return { wide, first: wide ? Math.round(width * share) : width, second: wide ? width - Math.round(width * share) : width };
}
