// An error over the steps, on a panel with a log axis: its curve, where the run is now, and the target to get below.

import { s, set } from "./dom.js";
import { line, near } from "./plot.js";

export function course(plot) {
  const goal = s("path", { class: "gdw-theory" });
  const name = s("text", { "aria-hidden": "true" }, "target");
  const curve = s("path", { class: "gdw-path" });
  const mark = s("circle", { r: 4.5, class: "gdw-here" });
  plot.inside.append(goal, curve);
  plot.above.append(name, mark);
  // Below the error by this step, or at any; early: the curve is at the left, where the target's name would stand.
  return (errors, frame, { error, steps = Infinity }, early = false) => {
    const { x, y } = plot;
    const [left, right] = x.ends;
    const [bottom, top] = y.ends;
    const [by, below] = [near(x(Math.min(steps, x.domain[1]))), near(y(error))];
    const aside = right - by > 60;
    goal.setAttribute("d", `M${left} ${below}H${by}${by < right ? "V" + bottom : ""}`);
    set(name, {
      x: aside ? by + 6 : early ? by - 6 : left + 6,
      y: aside ? bottom - 7 : below + (bottom - below > 20 ? 15 : -6),
      "text-anchor": early && !aside ? "end" : "start",
    });
    curve.setAttribute("d", line(errors, x, y));
    set(mark, { cx: near(x(frame)), cy: Math.max(top, near(y(errors[frame]))) });
  };
}
