// What the tests of losses share.
import { expect } from "vitest";
import type { Kernel } from "../../src/gpu/kernel.js";
import { record } from "../reference/metrics.js";
import { clock, expectClose, gpu, random, run } from "../support.js";

/**
 * Holds the kernel that takes a whole step's rows at once against the one that takes them one by one: the same bits,
 * and their sums in the step's row of the ring, with none else touched. One loss of 64 is no number.
 */
export async function recordsRow(whole: Kernel, forward: Kernel, N: number, params: Record<string, number> = {}) {
  const d = { ...params, N, K: 10, images: N }, x = random(1, N * d.K);
  const labels = Uint32Array.from({ length: N }, (_, n) => n % d.K);
  if (N === 64) x[20] = NaN;
  const ring = new Float64Array(16).fill(-1), sizes = { probs: x.length, dx: x.length };
  const given = { x, labels, clock: clock({ row: 2 }), ring };
  const got = await run(gpu, whole, given, { ring: 16, ...sizes }, d, [1, 1, 1]);
  const want = await run(gpu, forward, { x, labels }, { rows: 2 * N, ...sizes }, d, N);
  const row = record(d, Float64Array.from(want.rows));
  expect([got.probs, got.dx]).toEqual([want.probs, want.dx]);
  if (N === 64) expect(got.ring[8]).toBeNaN(); else expectClose("loss", got.ring.subarray(8, 9), row.subarray(0, 1), N);
  expect([...got.ring.subarray(9, 12)]).toEqual([...row.subarray(1)]);
  got.ring.forEach((v, i) => { expect(v === -1, `element ${i}`).toBe(i < 8 || i >= 12); });
}
