// The loop of gdcourse/descent.py on two numbers. The arithmetic is the package's own, translated.

// rule(g, ...state, ...settings) gives the update and the next state, one coordinate at a time. first: the state before.
export function descend({ value, gradient }, { rule, memory, first = new Array(memory).fill(0) }, settings, start, steps) {
  let [x, y] = start;
  const givenX = [0, ...first, ...settings];
  const givenY = [...givenX];
  // One coordinate's update; its next state is kept in what the rule is given. No array is made anew: there are many steps.
  const update = (given, g) => {
    given[0] = g;
    const next = rule(...given);
    for (let k = 1; k <= memory; k += 1) given[k] = next[k];
    return memory ? next[0] : next;
  };
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
    x += update(givenX, gx);
    y += update(givenY, gy);
  }
  return { path, values, status };
}
