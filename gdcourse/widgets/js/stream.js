// The noise of gdcourse/widgets/stream.py: sums of twelve of Park and Miller's numbers.

const MODULUS = 2147483647;

export function normals(seed, count) {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    let total = 0;
    for (let k = 0; k < 12; k += 1) {
      state = (16807 * state) % MODULUS;
      total += state / MODULUS;
    }
    return total - 6;
  });
}
