// Contour lines by marching squares: the level sets of value(x, y) over a window, as the d of one SVG path.

import { near } from "./plot.js";

// Without levels they are quantiles, crowded below: evenly spaced circles on a bowl, and lines everywhere on a steep valley.
export function contours(value, [left, right, low, high], x, y, wanted = null, columns = 160, rows = 120) {
  const across = (i) => left + ((right - left) * i) / columns;
  const up = (j) => low + ((high - low) * j) / rows;
  const grid = Array.from({ length: rows + 1 }, (_, j) =>
    Float64Array.from({ length: columns + 1 }, (__, i) => value(across(i), up(j))),
  );
  const levels = wanted ?? quantiles(grid);
  const px = Float64Array.from({ length: columns + 1 }, (_, i) => x(across(i)));
  const py = Float64Array.from({ length: rows + 1 }, (_, j) => y(up(j)));
  const pieces = [];
  for (let j = 0; j < rows; j += 1) {
    const [lower, upper] = [grid[j], grid[j + 1]];
    for (let i = 0; i < columns; i += 1) {
      const least = Math.min(lower[i], lower[i + 1], upper[i + 1], upper[i]);
      const most = Math.max(lower[i], lower[i + 1], upper[i + 1], upper[i]);
      for (const level of levels) {
        if (!(level > least && level <= most)) continue; // nearly all of them
        cell(pieces, [lower[i], lower[i + 1], upper[i + 1], upper[i]], level, [px[i], px[i + 1]], [py[j], py[j + 1]]);
      }
    }
  }
  return pieces.join("");
}

function quantiles(grid) {
  const sorted = new Float64Array(grid.length * grid[0].length);
  grid.forEach((row, j) => sorted.set(row, j * row.length));
  sorted.sort();
  return Array.from({ length: 13 }, (_, k) => sorted[Math.floor(((k + 1) / 14) ** 2 * sorted.length)]);
}

// One square: join the two, or in a saddle four, points where its sides cross the level.
function cell(pieces, corners, level, px, py) {
  const places = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const crossings = [];
  for (let side = 0; side < 4; side += 1) {
    const a = corners[side];
    const b = corners[(side + 1) % 4];
    if (a < level === b < level) continue;
    const t = (level - a) / (b - a);
    const [ax, ay] = places[side];
    const [bx, by] = places[(side + 1) % 4];
    crossings.push(
      `${near(px[0] + (px[1] - px[0]) * (ax + t * (bx - ax)))} ${near(py[0] + (py[1] - py[0]) * (ay + t * (by - ay)))}`,
    );
  }
  for (let k = 0; k + 1 < crossings.length; k += 2) pieces.push(`M${crossings[k]}L${crossings[k + 1]}`);
}
