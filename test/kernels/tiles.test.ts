// Tiles of each size, of the tiled rungs.
import { expect, test } from "vitest";
import { Recorder, tensor } from "../../src/gpu/recorder.js";
import * as ladders from "../../src/layers/convolution.js";
import { control, sized } from "./convolution_cases.js";
import { agrees } from "./convolution_rungs.js";

/** What each pass of the tiled rung computes at once: [rows, columns] of a tile, and how many columns an invocation. */
function tiles(d: ladders.Convolution, tasks: number): [rows: number, columns: number, each: number][] {
  const rec = new Recorder({ tasks }), t = (size: number) => tensor("", [size]);
  const { forwardLadder, inputLadder, weightLadder } = ladders, some = t(d.N * d.P * d.Q * d.K);
  const passes = [forwardLadder, inputLadder, weightLadder].map((ladder) => ladder.find((r) => r.name === "tiled")!);
  for (const { record } of passes) record(rec, {
    x: some, weight: some, bias: some, y: some, dy: some, dx: some, dweight: t(d.R * d.S * d.C * d.K), dbias: t(d.K),
  }, d);
  const made = rec.steps.filter(({ kernel: { entry } }) => entry.startsWith("conv2d"));
  return made.map(({ overrides: { TILE_K, TILE_C, FILTERS, CHANNELS } }) => {
    const columns = TILE_K ?? TILE_C, each = TILE_K ? FILTERS : CHANNELS;
    return [512 * each / columns, columns, each];
  });
}

// H × W pixels, as many channels as filters; 3×3 windows.
test.each([
  ["64 × 64", 8, 8, 64, [[64, 64, 8], [64, 64, 8], [64, 64, 8]]],
  ["128 × 32", 16, 8, 32, [[128, 32, 8], [128, 32, 8], [128, 32, 8]]],
  ["32 × 64", 4, 8, 64, [[32, 64, 4], [32, 64, 4], [64, 64, 8]]],
  ["128 × 16", 11, 11, 16, [[128, 16, 4], [128, 16, 4], [128, 16, 4]]],
])("%s: %i×%i pixels, %i channels", async (size, H, W, C, wanted) => {
  const d = sized({ ...control, N: 1, H, W, C, K: C });
  expect(tiles(d, 1)).toEqual(wanted);
  // The smaller ones are what convolution.test.ts plays.
  if (/^64|32$/.test(size)) await agrees(d, ladders, { only: "tiled", tasks: 1 });
});

test("tiles are smaller where a GPU would have little to do, and narrow where there are few filters", () => {
  const tile = (size: number, K: number) => tiles(sized({ ...control, N: 64, H: size, W: size, C: K, K }), 512)[0];
  expect(tile(32, 64)).toEqual([64, 64, 8]);
  expect(tile(4, 128)).toEqual([32, 64, 4]);
  expect(tile(8, 16)).toEqual([128, 16, 4]);
});
