import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { max_pool2d_backward, max_pool2d_forward, max_pool2d_tiled } from "../../src/generated/max_pool2d.js";
import { max_pool2d_column_backward, max_pool2d_column_forward } from "../../src/generated/max_pool2d_column.js";
import {
  max_pool2d_wide_backward, max_pool2d_wide_forward, max_pool2d_wide_tiled,
} from "../../src/generated/max_pool2d_wide.js";
import type { Kernel } from "../../src/gpu/kernel.js";
import type { Grid } from "../../src/gpu/recorder.js";
import { byX, byY, rowGrid } from "../../src/layers/window.js";
import * as reference from "../reference/max_pool2d.js";
import {
  epilogue, expectClose, expectGradient, gpu, random, run, runners, threefold, type Runner,
} from "../support.js";
import { cases, control, inputs, sized, type Dim } from "./max_pool2d_cases.js";
import { anyExtents } from "./pools.js";

/** Forward picks and must agree exactly; backward adds. */
async function agrees(runner: Runner, d: Dim, { x, dy } = inputs(d), folded = false) {
  const want = reference.forward(d, x), n = dy.length, work = (grid: Grid) => folded ? threefold(grid) : grid;
  const { y, index } = await run(runner, max_pool2d_forward, { x }, { y: n, index: n }, { ...d }, work(byY(d, 1)));
  expect([...y]).toEqual([...want.y]);
  expect([...index]).toEqual([...want.index]);
  const given = { chosen: want.index, dy }, scale = reference.backward(d, want.index, dy.map(Math.abs));
  const { dx } = await run(runner, max_pool2d_backward, given, { dx: x.length }, { ...d }, work(byX(d, 1)));
  const exact = reference.backward(d, want.index, dy);
  expectClose("dx", dx, exact, d.R * d.S, scale);
  if (d.WINDOWS_H * d.WINDOWS_W > 1) return;
  const { down, across } = blocksOf(d), grid = work(rowGrid(d.N * down, across * d.C)), behind = epilogue(x.length);
  for (const [t, params, wanted] of [[{}, {}, exact], [behind.values, behind.params, behind.of(exact)]] as const) {
    const tiled = await run(runner, max_pool2d_tiled, { ...given, ...t }, { dx: x.length }, { ...d, ...params }, grid);
    expectClose("dx, tiled", tiled.dx, wanted, 1, scale);
  }
}

/** Blocks of pixels that begin where windows do. */
const blocksOf = (d: Dim) => ({
  down: Math.ceil((d.H + d.padding_h) / d.STRIDE_H), across: Math.ceil((d.W + d.padding_w) / d.STRIDE_W),
});

/**
 * "max_pool2d_wide", "max_pool2d_column": four channels an invocation, and their winners in one word.
 * On the GPU alone: the interpreter's select knows no vectors.
 */
async function widelyAgrees(d: Dim, x = inputs(d).x) {
  const { dy } = inputs(d), want = reference.forward(d, x), n = dy.length / 4, behind = epilogue(x.length);
  const packed = Uint32Array.from({ length: n }, (_, i) =>
    [3, 2, 1, 0].reduce((word, j) => word * 256 + want.index[4 * i + j] % 256, 0));
  const picked = { y: 4 * n, index: n }, sizes = { dx: x.length }, taps = d.R * d.S;
  const { y, index } = await run(gpu, max_pool2d_wide_forward, { x }, picked, { ...d }, byY(d, 4));
  expect([...y]).toEqual([...want.y]);
  expect([...index]).toEqual([...packed]);

  const given = { chosen: packed, dy }, dx = reference.backward(d, want.index, dy);
  const scale = reference.backward(d, want.index, dy.map(Math.abs)), fused = { ...d, ...behind.params };
  const wide = await run(gpu, max_pool2d_wide_backward, given, sizes, { ...d }, byX(d, 4));
  expectClose("dx", wide.dx, dx, taps, scale);
  const both = { ...given, ...behind.values };
  const widely = await run(gpu, max_pool2d_wide_backward, both, sizes, fused, byX(d, 4));
  expectClose("dx, fused", widely.dx, behind.of(dx), taps);

  const ways = [[{}, {}, dx], [behind.values, behind.params, behind.of(dx)]] as const;
  const blocks = blocksOf(d);
  for (const span of d.WINDOWS_H > 1 ? [1, 2, 8] : [1]) {  // rows an invocation
    const down = (extent: number, along: number) => rowGrid(d.N * Math.ceil(extent / span), along * d.C / 4);
    const back = async (what: string, kernel: Kernel, grid: Grid) => {
      for (const [t, params, wanted] of ways) {
        const got = await run(gpu, kernel, { ...given, ...t }, sizes, { ...d, ...params, rows: span }, grid);
        expectClose(what, got.dx, wanted, taps, scale);
      }
    };
    if (d.WINDOWS_H <= 2 && d.WINDOWS_W <= 2)
      await back("dx, tiled", max_pool2d_wide_tiled, down(blocks.down, blocks.across));
    if (d.R !== 3 || d.STRIDE_H > 2 || d.DILATION_H > 1) continue;
    const column = await run(gpu, max_pool2d_column_forward, { x }, picked, { ...d, rows: span }, down(d.P, d.Q));
    expect([...column.y]).toEqual([...want.y]);
    expect([...column.index]).toEqual([...packed]);
    if (d.STRIDE_H === 1) await back("dx, column", max_pool2d_column_backward, down(d.H, d.W));
  }
  const plain = await run(gpu, max_pool2d_backward, { ...both, chosen: want.index }, sizes, fused, byX(d, 1));
  expectClose("dx, fused, plain", plain.dx, behind.of(dx), taps);
}

describe.each(Object.keys(cases))("max_pool2d, %s", (name) => {
  const d = sized({ ...control, ...cases[name] }), folded = name === "grid folded into y";

  if (!folded) test("the twin's gradient agrees with finite differences", () => {
    const { x, dy } = inputs(d), { index } = reference.forward(d, x);
    expectGradient("dx", () => reference.forward(d, x).y, dy, x, reference.backward(d, index, dy));
  });

  test.each(Object.keys(runners))("agrees with its twin: %s", (where) => agrees(runners[where], d, inputs(d), folded));

  if (!folded) test("four channels an invocation, agrees with its twin", () =>
    widelyAgrees({ ...d, C: d.C > 8 ? 68 : 8 }));
});

describe.each(Object.keys(runners))("max_pool2d: %s", (where) => {
  const d = sized({ ...control, R: 3, S: 3, padding_h: 1, padding_w: 1 });

  test("of equal values the first wins, below zero too", async () => {
    const { x, dy } = inputs(d), coarse = (v: number) => Math.floor(v * 2) - 3;
    await agrees(runners[where], d, { x: x.map(coarse), dy });
    if (where === "gpu") await widelyAgrees({ ...d, C: 4 }, random(1, d.N * d.H * d.W * 4).map(coarse));
  });

  test.each([
    ["NaN wins over numbers", NaN], ["−∞ is an element, unlike padding", -Infinity],
  ])("%s", async (_, value) => {
    const { x } = inputs(d), some = [0, 40, 100, 101, 102];
    x.forEach((_, i) => {
      if (value === -Infinity ? i < d.H * d.W * d.C : [...some, x.length - 1].includes(i)) x[i] = value;
    });
    const want = reference.forward(d, x), n = want.y.length;
    const { y, index } = await run(runners[where], max_pool2d_forward, { x }, { y: n, index: n }, { ...d }, byY(d, 1));
    expect([...y]).toEqual([...want.y]);
    expect([...index]).toEqual([...want.index]);
    if (where !== "gpu") return;
    const e = { ...d, C: 4 }, four = random(1, e.N * e.H * e.W * 4), m = e.N * e.P * e.Q;
    four.forEach((_, i) => { if (value === -Infinity ? i < e.H * e.W * 4 : some.includes(i)) four[i] = value; });
    for (const kernel of [max_pool2d_wide_forward, max_pool2d_column_forward]) {
      const { y } = await run(gpu, kernel, { x: four }, { y: 4 * m, index: m }, { ...e }, byY(e, 4));
      expect([...y]).toEqual([...reference.forward(e, four).y]);
    }
  });
});

test("max_pool2d agrees with its twin for any extents", async () => {
  const pools = anyExtents(control, [
    {}, { R: 3, S: 3, STRIDE_H: 1 }, { R: 2, S: 3, STRIDE_H: 3, STRIDE_W: 1, DILATION_H: 2 },
    { R: 1, S: 4, DILATION_W: 2 },
  ]);
  await fc.assert(fc.asyncProperty(pools, (c) => agrees(gpu, sized(c))), { numRuns: 25, seed: 1 });
});
