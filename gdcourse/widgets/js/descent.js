// The loop of gdcourse/descent.py on two numbers. The arithmetic is the package's own, translated.

// rule(g, ...state, ...settings) gives the update and the next state, one coordinate at a time. first: the state before.
export function descend({ value, gradient }, { rule, memory, first = new Array(memory).fill(0) }, settings, start, steps) {
  let [x, y] = start;
  let stateX = first;
  let stateY = first;
  const path = [];
  const values = [];
  let status = "max_steps";
  for (let t = 0; t <= steps; t += 1) {
    const f = value(x, y);
    const [gx, gy] = gradient(x, y);
    const norm = Math.sqrt(gx * gx + gy * gy);
    if (!Number.isFinite(f + norm)) {
      status = "diverged";
      break;
    }
    path.push([x, y]);
    values.push(f);
    if (t === steps) break;
    if (norm === 0) {
      status = "converged";
      break;
    }
    let updateX = rule(gx, ...stateX, ...settings);
    let updateY = rule(gy, ...stateY, ...settings);
    if (memory) {
      [updateX, ...stateX] = updateX;
      [updateY, ...stateY] = updateY;
    }
    x += updateX;
    y += updateY;
  }
  return { path, values, status };
}
