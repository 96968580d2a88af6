// A place in a panel that can be moved.

import { s, set } from "./dom.js";
import { near } from "./plot.js";

// Whether a point is one, and inside a window.
export function within({ length, 0: x, 1: y }, [left, right, low, high]) {
  return length === 2 && x >= left && x <= right && y >= low && y <= high;
}

// The hollow ring. Dragged by a pointer, moved by the arrow keys (finely with Shift), sent home by Home; one that is
// alone in its panel also comes where the panel is clicked.
export function ring({ label, move, home, alone }) {
  const halo = s("circle", { r: 18, class: "gdw-halo" });
  const circle = s("circle", { r: 6.5, class: "gdw-ring" });
  const node = s("g", { tabindex: 0, role: "slider", "aria-label": label, class: "gdw-handle" }, halo, circle);
  let view = null;
  let grip = null;
  const where = (event) => {
    const box = node.ownerSVGElement.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const go = (x, y) => {
    const [left, right] = view.x.domain;
    const [low, high] = view.y.domain;
    move(Math.min(right, Math.max(left, x)), Math.min(high, Math.max(low, y)));
  };
  const put = (px, py) => {
    const round = (scale, pixel) => Number(scale.invert(pixel).toFixed(2));
    go(round(view.x, px), round(view.y, py));
  };
  const click = (event) => {
    const [px, py] = where(event);
    const [[left, right], [bottom, top]] = [view.x.ends, view.y.ends];
    if (node.contains(event.target) || px < left || px > right || py < top || py > bottom) return;
    put(px, py);
    node.focus({ preventScroll: true });
  };
  set(node, {
    pointerdown: (event) => {
      const [px, py] = where(event);
      grip = [px - view.x(view.at[0]), py - view.y(view.at[1])];
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      node.focus({ preventScroll: true });
    },
    pointermove: (event) => {
      if (!grip) return;
      const [px, py] = where(event);
      put(px - grip[0], py - grip[1]);
    },
    pointerup: () => (grip = null),
    pointercancel: () => (grip = null),
    keydown: (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (event.key === "Home") home();
      else if (step) {
        const size = event.shiftKey ? 0.01 : 0.1;
        go(...view.at.map((value, axis) => Number((value + step[axis] * size).toFixed(2))));
      } else return;
      event.preventDefault();
    },
  });
  const update = (next) => {
    if (alone && !view) set(node.ownerSVGElement, { click, style: "cursor: crosshair" });
    view = next;
    const [x, y] = view.at;
    set(node, {
      transform: `translate(${near(view.x(x))} ${near(view.y(y))})`,
      "aria-valuenow": x, "aria-valuemin": view.x.domain[0], "aria-valuemax": view.x.domain[1],
      "aria-valuetext": `x ${x}, y ${y}`,
    });
  };
  return { node, update };
}
