/** The upper half of the product of two words, from products of halves: BigInt takes ten times as long. */
function high(u: number, v: number): number {
  const cross = (u >>> 16) * (v & 0xFFFF) + (((u & 0xFFFF) * (v & 0xFFFF)) >>> 16);
  const other = (u & 0xFFFF) * (v >>> 16) + (cross & 0xFFFF);
  return (u >>> 16) * (v >>> 16) + (cross >>> 16) + (other >>> 16);
}

/**
 * Philox 4×32-10, the counter-based generator of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
 * Four words for a counter of four words and a key of two; shaders/lib/philox.wgsl is the same function.
 */
export function philox(
  counter: readonly [number, number, number, number], key: readonly [number, number],
): [number, number, number, number] {
  let [a, b, c, d] = counter, [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const above = high(0xD2511F53, a), below = Math.imul(0xD2511F53, a);
    a = high(0xCD9E8D57, c) ^ b ^ k0;
    b = Math.imul(0xCD9E8D57, c);
    c = above ^ d ^ k1;
    d = below;
    k0 = (k0 + 0x9E3779B9) | 0;
    k1 = (k1 + 0xBB67AE85) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** A number in [0, 1), with 24 bits. Each call gives the next one. */
export type Random = () => number;

/** The numbers of one stream of a seed. Streams do not overlap: each has 2⁶⁴ counters of its own. */
export function random(seed: number, stream: number): Random {
  const key = [seed | 0, Math.floor(seed / 2 ** 32) | 0] as const;
  let counter = 0, block: readonly number[] = [], taken = 4;
  return () => {
    if (taken === 4) {
      block = philox([counter++ | 0, Math.floor(counter / 2 ** 32), stream | 0, Math.floor(stream / 2 ** 32) | 0], key);
      taken = 0;
    }
    return (block[taken++] >>> 8) / 2 ** 24;
  };
}

/** 0 … n − 1 in an order that seed and epoch decide: Fisher and Yates's shuffle. */
export function permutation(n: number, seed: number, epoch: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: n }, (_, i) => i), next = random(seed, 2 ** 32 + epoch);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1)), held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}
