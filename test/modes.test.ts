// check() records a layer as networks do: where a gradient is not wanted, where parameters are frozen, in evaluation;
// and layers that draw numbers.
import { expect, test } from "vitest";
import { batchNorm, dropout, linear, ones } from "../src/index.js";
import { check, checkBounds, checkGradients, checkModes, checkRaces, type AnyLayer } from "../src/check/index.js";
import { defineLayer, kernel, tensor, type Recorder, type Shape, type Tensor } from "../src/wgsl/index.js";
import { pointwise } from "./pointwise.js";
import { openTestDevice } from "./support.js";

const shapes = [[2, 4, 3, 2]], text = `override WORKGROUP: u32 = 64;
struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;
@compute @workgroup_size(WORKGROUP, 1, 1)
fn scaled(@builtin(global_invocation_id) id: vec3u) { if (id.x < dim.size) { y[id.x] = w[0] * x[id.x]; } }
@compute @workgroup_size(WORKGROUP, 1, 1)
fn summed(@builtin(global_invocation_id) id: vec3u) {
  if (id.x > 0) { return; }
  var s = 0.0;
  for (var i = 0u; i < dim.size; i++) { s += dy[i] * x[i]; }
  dw[0] = s;
}`;
const [scaled, summed] = ["scaled", "summed"].map((entry) => kernel(text, { entry }));
type Tensors = Record<string, Tensor>;
type Pass = (rec: Recorder, t: Tensors, mode: { training: boolean }) => void;
const forward: Pass = (rec, { x, w, y }) => { rec.dispatch(scaled, { x, w, y }, { size: y.size }, y.size); };
const input: Pass = (rec, { x, w, dy, dx }) => { rec.dispatch(scaled, { x: dy, w, y: dx }, { size: x.size }, x.size); };
const weight: Pass = (rec, { x, dy, dw }) => { rec.dispatch(summed, { x, dy, dw }, { size: x.size }, 1); };
const backward: Pass = (rec, t, mode) => { if (t.dx) input(rec, t, mode); if (t.dw) weight(rec, t, mode); };
/** y = w · x. */
const scale = (more: { forward?: Pass; backward?: Pass; saved?: (x: Shape) => object } = {}): AnyLayer =>
  defineLayer({
    name: "scale", params: () => ({ w: { shape: [1], init: ones } }), forward, backward, ...more,
  } as never);

/** A layer of two inputs. */
const two = (needed = false): AnyLayer => defineLayer<never, never, "a" | "b">({
  name: "two", inputs: ["a", "b"],
  forward(rec, { a, b, y }) { rec.dispatch(scaled, { x: a, w: b, y }, { size: y.size }, y.size); },
  backward(rec, { a, b, dy, da, db }) {
    if (da) rec.dispatch(scaled, { x: dy, w: b, y: da }, { size: a.size }, a.size);
    if (db || needed) rec.dispatch(scaled, { x: dy, w: a, y: db! }, { size: b.size }, b.size);
  },
});

test("each input, and each rung, is looked at", () => {
  expect(String(checkModes(two(true), [...shapes, ...shapes])))
    .toMatch(/^ {2}without db: .*; db is not wanted here, as in the first layer of a network: write if \(db\)$/m);
  const plain = scale({ forward(rec, t, mode) { if (!rec.target.rung || mode.training) forward(rec, t, mode); } });
  expect([{}, { rung: "plain" }].map((options) => checkModes(plain, shapes, options).ok)).toEqual([true, false]);
});

test("what is right has nothing told", async () => {
  const device = await openTestDevice();
  const layers = [scale(), pointwise(), batchNorm(), dropout()].map((layer) => checkModes(layer, shapes));
  expect([...layers, checkModes(linear({ units: 3 }), [[2, 5]]), checkModes(two(), [...shapes, ...shapes])].map(String))
    .toEqual([
      "✓ scale: 3 other recordings", "✓ t: 1 other recording", "✓ batchNorm: 5 other recordings",
      "✓ dropout: 1 other recording", "✓ linear: 5 other recordings", "✓ two: 3 other recordings",
    ]);
  expect(String(await check(scale(), shapes, { device }))).toMatch(/^✓ scale: .*3 other recordings/);
});

test.each<[string, Parameters<typeof scale>[0], RegExp]>([
  ["no if (dx)", { backward(rec, t, mode) { input(rec, t, mode); if (t.dw) weight(rec, t, mode); } }, new RegExp(
    '^ {2}without dx: scale, backward, scaled: nothing is bound to "y"; the shader names x, w, y, '
      + "dispatch\\(\\) got x, w; dx is not wanted here, as in the first layer of a network: write if \\(dx\\)$", "m")],
  ["no if (dw)", { backward(rec, t, mode) { if (t.dx) input(rec, t, mode); weight(rec, t, mode); } }, new RegExp(
    '^ {2}with w frozen: .*nothing is bound to "dw".*; there no parameter\'s gradient is wanted: write if \\(dw\\); '
      + "and mode\\.training is false", "m")],
  ["an extent of nothing", { backward(rec, t, mode) { if (t.dx.size) backward(rec, t, mode); } },
    /^ {2}without dx: scale throws "Cannot read/m],
  ["no y in evaluation", { forward(rec, t, mode) { if (mode.training) forward(rec, t, mode); } }, new RegExp(
    "^ {2}in evaluation: scale, forward in evaluation: no dispatch writes y; nothing was dispatched; "
      + "there mode.training is false", "m")],
  ["frozen, forward does not save what backward reads", {
    saved: (x) => ({ kept: x }),
    forward(rec, t, mode) {
      forward(rec, t, mode);
      if (mode.training) forward(rec, { ...t, y: t.kept }, mode);
    },
    backward(rec, t, mode) {
      backward(rec, t, mode);
      if (t.dx) weight(rec, { ...t, x: t.kept, dw: tensor("unused", [1]) }, mode);
    },
  }, new RegExp(
    "^✗ scale: 3 other recordings\n {2}with w frozen: summed reads kept, which nothing has written; "
      + "there .* mode.training is false in both passes: forward saves what backward reads, too$")],
])("%s", (_, more, want) => { expect(String(checkModes(scale(more), shapes))).toMatch(want); });

test("layers that draw numbers are checked, by a clock that stands", async () => {
  const device = await openTestDevice(), noisy = `override WORKGROUP: u32 = 64;
// #import clock
// #import philox
struct Params { size: u32, stream: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
fn factor(i: u32) -> f32 {
  return f32(philox(vec4u(i, clock.step, dim.stream, 7u), vec2u(clock.seed, 0u)).x >> 8u) / 16777216.0;
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn noise(@builtin(global_invocation_id) id: vec3u) { if (id.x < dim.size) { y[id.x] = factor(id.x) * x[id.x]; } }
`, k = kernel(noisy);
  const noise = defineLayer({
    name: "noise",
    forward(rec, { x, y }, { clock, stream }) {
      const w = { ...tensor("one", [1]), values: Uint32Array.of(0x3f800000) };
      if (clock) rec.dispatch(k, { clock, x, y }, { size: y.size, stream: stream! }, y.size);
      else rec.dispatch(scaled, { x, w, y }, { size: y.size }, y.size);
    },
    backward(rec, { dy, dx }, { clock, stream }) {
      if (dx) rec.dispatch(k, { clock: clock!, x: dy, y: dx }, { size: dx.size, stream: stream! }, dx.size);
    },
  });
  for (const layer of [noise, dropout()]) {
    expect(String(await check(layer, shapes, { device }))).toMatch(/^✓ /);
    for (const report of [
      await checkBounds(layer, shapes, { device }),
      await checkGradients(layer, shapes, { device }),
      await checkRaces(layer, shapes),
    ]) expect(String(report)).toMatch(/^✓ /);
  }
});
