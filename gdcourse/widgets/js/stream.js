// The noise of gdcourse/widgets/stream.py: sums of twelve of Park and Miller's numbers.

const MODULUS = 2147483647;

export function normals(seed, count) {
  const drawn = new Float64Array(count);
  let state = seed;
  for (let at = 0; at < count; at += 1) {
    let total = 0;
    for (let k = 0; k < 12; k += 1) {
      state = next(state);
      total += state / MODULUS;
    }
    drawn[at] = total - 6;
  }
  return drawn;
}

// 16807 s modulo 2^31 - 1 in whole numbers, ten times as fast as a division: what is above 31 bits counts once more below.
function next(state) {
  const high = Math.imul(16807, state >>> 16);
  const sum = Math.imul(16807, state & 0xffff) + ((high & 0x7fff) << 16) + (high >>> 15) | 0; // 32 bits, and no sign
  return (sum & 0x7fffffff) + (sum >>> 31);
}
