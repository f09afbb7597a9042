// Which rung a pooling takes, and that it gives what the plain one does: each fits where it says, and nowhere else.
import { expect, test } from "vitest";
import { Bench, probe } from "../../src/check/probe.js";
import { avgPool2d, maxPool2d } from "../../src/index.js";
import type { AvgPool2dOptions } from "../../src/layers/avgPool2d.js";
import type { MaxPool2dOptions } from "../../src/layers/maxPool2d.js";
import { expectClose, openTestDevice } from "../support.js";

test.each<[MaxPool2dOptions, channels: number]>([
  [{ kernel: 17, stride: 1 }, 4],  // 289 taps are more than a byte tells apart
  [{ kernel: 3 }, 8], [{ kernel: 3, stride: 2 }, 4], [{ kernel: [3, 2], stride: 1, dilation: [2, 1] }, 4],
  [{ kernel: 3, stride: [2, 1] }, 4], [{ kernel: 2, padding: 1 }, 3], [{ kernel: [1, 3], stride: [2, 1] }, 3],
])("maxPool2d(%j) of %i channels", async (options, C) => {
  const device = await openTestDevice(), played = async (rung?: string) => {
    const it = probe(maxPool2d(options), [[2, 18, 17, C]], { target: { rung } });
    const [y, dx] = ["y", "dx"].map((name) => it.tensors.get(name)!);
    const bench = await Bench.open(device, [...it.forward, ...it.backward], it.tensors.values());
    const x = it.tensors.get("x")!, values = new Map(it.values);
    if (options.kernel === 17) values.set(x, Float32Array.from({ length: x.size }, (_, i) => i));  // the last tap wins
    try { return await bench.run(values, [y, dx]); } finally { bench.destroy(); }
  };
  const [[y, dx], want] = [await played(), await played("plain")];
  expect(y).toEqual(want[0]);
  expectClose("dx", dx, Float64Array.from(want[1]), 9);
});

test.each<[AvgPool2dOptions, height: number, width: number, kernel: string]>([
  [{ kernel: 2 }, 4, 6, "tiled"], [{ kernel: [1, 3] }, 4, 6, "tiled"], [{ kernel: 2 }, 5, 6, "backward"],
  [{ kernel: 2 }, 4, 7, "backward"], [{ kernel: 2, padding: [1, 0] }, 4, 6, "backward"],
  [{ kernel: 3, padding: [0, 1] }, 6, 6, "backward"], [{ kernel: 2, stride: [2, 1] }, 4, 6, "backward"],
  [{ kernel: 2, ceilMode: true }, 4, 5, "backward"],
])("avgPool2d(%j) of %i × %i goes back by avg_pool2d_%s", (options, H, W, kernel) => {
  const { backward } = probe(avgPool2d(options), [[1, H, W, 4]]);
  expect(backward.map((step) => step.kernel.entry)).toEqual([`avg_pool2d_${kernel}`]);
});
