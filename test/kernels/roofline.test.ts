import { expect, test } from "vitest";
import { roofline_copy, roofline_fma, roofline_nothing } from "../../src/generated/roofline.js";
import { expectClose, random, run, runners } from "../support.js";

test.each(
  Object.entries(runners),
)("what the roofline's kernels are timed at, they do: on the %s", async (_, runner) => {
  const size = 70, rounds = 2, a = 1.03, b = 0.25, x = random(1, 16 * 128);
  for (const FUSED of [0, 1]) {
    const { sums } = await run(runner, roofline_fma, {}, { sums: size }, { size, rounds, a, b, FUSED });
    const want = Float64Array.from({ length: size }, (_, i) => Array.from({ length: 16 }, (_, j) => {
      let v = i + j;
      for (let t = 0; t < 8 * rounds; t++) v = a * v + b;
      return v;
    }).reduce((p, q) => p + q));
    expectClose("sums", sums, want, 16 * 16);
  }
  const { y } = await run(runner, roofline_copy, { x }, { y: x.length }, { size: 128, rounds, a, b, FUSED: 1 }, 128);
  expect([...y]).toEqual([...Float32Array.from(x)]);
  await run(runner, roofline_nothing, {}, {}, { size: 1, rounds, a, b, FUSED: 1 }, 1);
});

