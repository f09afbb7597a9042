import { describe, expect, test } from "vitest";
import { metrics_record } from "../../src/generated/metrics.js";
import * as reference from "../reference/metrics.js";
import { clock, expectClose, random, run, runners, type Runner } from "../support.js";

/** Losses in [0, 2) and hits, one after the other. */
const made = (N: number) => random(1, 2 * N).map((v, i) => i % 2 ? Number(v > 0) : v + 1);

async function recorded(runner: Runner, rows: ArrayLike<number>, row: number, before?: Float64Array) {
  const ring = before ?? new Float64Array(16).fill(-1), given = { clock: clock({ row }), rows, ring };
  const params = { N: rows.length / 2, FURTHER: Number(Boolean(before)) };
  return (await run(runner, metrics_record, given, { ring: 16 }, params, 1)).ring;
}

describe.each(Object.keys(runners))("metrics: %s", (where) => {
  test.each([1, 5, 64, 130])("agree with their twin, %i images", async (N) => {
    const rows = made(N), got = await recorded(runners[where], rows, 2);
    expectClose("row", got.subarray(8, 12), reference.record({ N }, rows), N);
  });

  test.each([0, 1, 3])("write row %i and no other", async (row) => {
    const got = await recorded(runners[where], made(5), row);
    got.forEach((v, i) => expect(v === -1, `element ${i}`).toBe(i < 4 * row || i >= 4 * row + 4));
  });

  test("of a further pass are added to what the row holds, and to no other", async () => {
    const before = random(3, 16).map(Math.abs), rows = made(9), want = before.slice();
    want.set(reference.record({ N: 9 }, rows, before.subarray(8, 12)), 8);
    expectClose("ring", await recorded(runners[where], rows, 2, before), want, 9);
  });

  test("count losses that are no numbers", async () => {
    const rows = made(7);
    rows[0] = NaN;
    rows[6] = Infinity;
    rows[12] = -Infinity;
    rows[4] = 3.4e38;
    expect((await recorded(runners[where], rows, 0))[3]).toBe(3);
    expect(reference.record({ N: 7 }, rows)[3]).toBe(3);
  });
});
