// A path in a panel: its line, a dot at each step, and where it is now.

import { s, set } from "./dom.js";
import { line, near } from "./plot.js";

const FAR = 50000; // pixels; a path that has gone so far is not followed any further

export function trail(group) {
  const way = s("path", { class: "gdw-path" });
  const dots = s("path", { class: "gdw-dots" });
  const here = s("circle", { r: 4.5, class: "gdw-here" });
  group.append(way, dots, here);
  return (path, frame, x, y) => {
    const shown = path.slice(0, frame + 1);
    const lost = shown.findIndex(([a, b]) => Math.abs(x(a)) > FAR || Math.abs(y(b)) > FAR);
    const d = line(lost < 0 ? shown : shown.slice(0, lost + 1), x, y);
    way.setAttribute("d", d);
    dots.setAttribute("d", `${d.replaceAll("L", "h0M")}h0`);
    set(here, { cx: near(x(shown[frame][0])), cy: near(y(shown[frame][1])) });
  };
}
