// Contour lines by marching squares: the level sets of value(x, y) over a window, as the d of one SVG path.

import { near } from "./plot.js";

// Without levels they are quantiles, crowded below: evenly spaced circles on a bowl, and lines everywhere on a steep valley.
export function contours(value, [left, right, low, high], x, y, wanted = null, columns = 160, rows = 120) {
  const across = Float64Array.from({ length: columns + 1 }, (_, i) => left + ((right - left) * i) / columns);
  const up = Float64Array.from({ length: rows + 1 }, (_, j) => low + ((high - low) * j) / rows);
  const wide = columns + 1;
  const grid = new Float64Array(wide * (rows + 1));
  for (let j = 0; j <= rows; j += 1) {
    for (let i = 0; i <= columns; i += 1) grid[j * wide + i] = value(across[i], up[j]);
  }
  const levels = wanted ?? quantiles(grid);
  const px = across.map(x);
  const py = up.map(y);
  let text = "";
  for (let j = 0; j < rows; j += 1) {
    for (let i = 0; i < columns; i += 1) {
      const at = j * wide + i;
      const [a, b, c, d] = [grid[at], grid[at + 1], grid[at + 1 + wide], grid[at + wide]];
      const least = Math.min(a, b, c, d);
      const most = Math.max(a, b, c, d);
      for (let k = 0; k < levels.length; k += 1) {
        if (!(levels[k] > least && levels[k] <= most)) continue; // nearly all of them
        text += cell(a, b, c, d, levels[k], px[i], px[i + 1], py[j], py[j + 1]);
      }
    }
  }
  return text;
}

// Of a part of the grid: sorting all of it would take as long as computing it.
function quantiles(grid) {
  const sorted = Float64Array.from({ length: grid.length >> 2 }, (_, k) => grid[4 * k]).sort();
  return Array.from({ length: 13 }, (_, k) => sorted[Math.floor(((k + 1) / 14) ** 2 * sorted.length)]);
}

// One square: join the two, or in a saddle four, points where its sides cross the level.
function cell(a, b, c, d, level, left, right, low, high) {
  let text = "";
  let pen = "L";
  const side = (from, to, px, py, qx, qy) => {
    if (from < level === to < level) return;
    const t = (level - from) / (to - from);
    pen = pen === "L" ? "M" : "L";
    text += `${pen}${near(px + (qx - px) * t)} ${near(py + (qy - py) * t)}`;
  };
  side(a, b, left, low, right, low);
  side(b, c, right, low, right, high);
  side(c, d, right, high, left, high);
  side(d, a, left, high, left, low);
  return text;
}
