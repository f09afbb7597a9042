// The checks, held against layers that are right and layers that are wrong in one place: each fault is found, and the report points to it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { avgPool2d, batchNorm, conv2d, linear, maxPool2d, ones, relu, silu, zeros } from "../src/index.js";
import { check, checkBounds, checkEnds, checkGradients, checkRaces, compare, matchers, type AnyLayer, type Reference } from "../src/check/index.js";
import { defineLayer, elementwise, kernel, tensor, type Shape } from "../src/wgsl/index.js";
import { openTestDevice } from "./support.js";

expect.extend(matchers);
declare module "vitest" { interface Matchers { toBeSound(): void } }

/** y[n,h,w,c] = Σ r,s x[n,h+r−1,w+s−1,c] · weight[r,s,c] + bias[c]: depthwise 3×3, padded by 1. */
const depthwiseText = readFileSync("test/depthwise.wgsl", "utf8");
function depthwise(change: (text: string) => string = (t) => t): AnyLayer {
  const text = change(depthwiseText), [forward, input, params] = ["forward", "input", "params"].map((e) => kernel(text, { entry: `depthwise_${e}` }));
  const dims = ([N, H, W, C]: Shape) => ({ N, H, W, C });
  return defineLayer<"weight" | "bias">({
    name: "depthwise", params: ([, , , C]) => ({ weight: { shape: [3, 3, C], init: ones }, bias: { shape: [C], init: zeros } }),
    forward(rec, { x, weight, bias, y }) { rec.dispatch(forward, { x, weight, bias, y }, dims(x.shape), y.size); },
    backward(rec, { x, weight, dy, dx, dweight, dbias }) {
      if (dx) rec.dispatch(input, { weight, dy, dx }, dims(x.shape), dx.size);
      const other = tensor("unused", [x.shape[3] * 9]);  // for the one that nobody wants
      if (dweight || dbias) rec.dispatch(params, { x, dy, dweight: dweight ?? other, dbias: dbias ?? other }, dims(x.shape), other.size);
    },
  });
}
const depthwiseTwin: Reference = ({ x, weight, bias }, { x: [N, H, W, C] }) => Float64Array.from({ length: N * H * W * C }, (_, i) => {
  const c = i % C, w = Math.floor(i / C) % W, h = Math.floor(i / (C * W)) % H, n = Math.floor(i / (C * W * H));
  let sum = bias[c];
  for (let r = 0; r < 3; r++) for (let s = 0; s < 3; s++) if (h + r >= 1 && h + r <= H && w + s >= 1 && w + s <= W) sum += x[((n * H + h + r - 1) * W + w + s - 1) * C + c] * weight[(r * 3 + s) * C + c];
  return sum;
});

/** y[m,c] = x[m,c] − mean of row m, by a workgroup a row and a tree of sums: a barrier after each level. */
const centerText = `
override WORKGROUP: u32 = 16;
struct Params { C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> held: array<f32, WORKGROUP>;
fn summed(row: u32, lane: u32) -> f32 {
  var sum = 0.0;
  for (var c = lane; c < dim.C; c += WORKGROUP) { sum += x[row * dim.C + c]; }
  return sum;
}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn center(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) row: vec3u) {
  held[lane] = summed(row.x, lane);
  workgroupBarrier();
  for (var span = WORKGROUP / 2; span > 0; span /= 2) {
    if (lane < span) { held[lane] += held[lane + span]; }
    workgroupBarrier();
  }
  let mean = held[0] / f32(dim.C);
  for (var c = lane; c < dim.C; c += WORKGROUP) { y[row.x * dim.C + c] = x[row.x * dim.C + c] - mean; }
}
`;
function center(change: (text: string) => string = (t) => t): AnyLayer {
  const k = kernel(change(centerText));
  return defineLayer<never>({ name: "center",
    forward(rec, { x, y }) { rec.dispatch(k, { x, y }, { C: x.shape[1] }, [x.shape[0], 1, 1]); },
    backward(rec, { dy, dx }) { if (dx) rec.dispatch(k, { x: dy, y: dx }, { C: dy.shape[1] }, [dy.shape[0], 1, 1]); },  // it is its own transpose
  });
}
const swish = (backward: string) => elementwise({ name: "swish", forward: "x / (1 + exp(-x))", backward });
const shapes = [[2, 4, 5, 3]], rows = [[3, 20]];

test.each<[string, AnyLayer, Shape[], Reference?]>([
  ["depthwise", depthwise(), shapes, depthwiseTwin], ["center", center(), rows], ["swish", swish("dy / (1 + exp(-x)) * (1 + x - x / (1 + exp(-x)))"), shapes],
  ["relu, with its kink", relu(), shapes], ["silu", silu(), shapes], ["batchNorm", batchNorm(), shapes], ["linear", linear({ units: 5 }), [[3, 7]]],
  ["conv2d", conv2d({ filters: 3, kernel: 3, padding: 1 }), shapes], ["maxPool2d", maxPool2d({ kernel: 2 }), shapes], ["avgPool2d", avgPool2d({ kernel: 2 }), shapes],
])("%s is right", async (_, layer, shapes, reference) => {
  const device = await openTestDevice();
  expect(await check(layer, shapes, { device, rung: "plain", elements: 16, ...reference && { reference } })).toBeSound();
});

describe("what is wrong is found, and pointed to", () => {
  type Check = (layer: AnyLayer) => Promise<unknown>;
  const gradients = (at = shapes): Check => async (layer) => checkGradients(layer, at, { device: await openTestDevice(), elements: 24 });
  const bounds = (at = shapes): Check => async (layer) => checkBounds(layer, at, { device: await openTestDevice() });
  const values: Check = async (layer) => compare(layer, depthwiseTwin, shapes, { device: await openTestDevice() });
  const ends = (at = shapes): Check => async (layer) => checkEnds(layer, at, { device: await openTestDevice() });
  const races = (at = rows): Check => (layer) => checkRaces(layer, at);
  const once = (a: string, b: string) => (text: string) => { expect(text).toContain(a); return text.replace(a, b); };

  test.each<[string, AnyLayer, Check, RegExp]>([
    ["a transposed index", depthwise(once("dy[place(n, h + 1 - r, w + 1 - s, c)] * weight[(r * 3 + s)", "dy[place(n, h + 1 - r, w + 1 - s, c)] * weight[(s * 3 + r)")), gradients(), /^ {2}dx\[\d, \d, \d, \d\] is .*, differences say .*; \d+ of 24 elements are off/m],
    ["a transposed index, against a twin", depthwise(once("weight[(r * 3 + s)", "weight[(s * 3 + r)")), values, /^ {2}y\[\d, \d, \d, \d\] is .*, expected /m],
    ["a missing bias", depthwise(once("var sum = bias[c];", "var sum = 0.0 * bias[c];")), gradients(), /^ {2}dbias\[\d\] is [-\d.]+, differences say 0: .*; 3 of 3 elements are off$/m],
    ["a missing bias gradient", depthwise(once("dbias[c] = all;", "dbias[c] = 0.0;")), gradients(), /^ {2}dbias\[\d\] is 0, differences say .*; every value is 0; 3 of 3 elements are off$/m],
    ["a pad that is off by one", depthwise(once("h + r <= dim.H &&", "h + r < dim.H &&")), values, /^ {2}y\[\d, [23], \d, \d\] is .* elements are off, all at axis 1 = 2 or 3$/m],
    ["a slope that is wrong", swish("dy / (1 + exp(-x)) * (1 - x - x / (1 + exp(-x)))"), gradients(), /^ {2}dx\[.*\] is .*, differences say /m],
    ["a read past the end", depthwise(once("h + r <= dim.H &&", "h + r <= dim.H + 1 &&")), bounds(), /^ {2}depthwise_forward reads past the end of x \(120 elements\): y\[1, 3, 0, 0\] changes with what lies behind it$/m],
    ["a read past the end, with its line", depthwise(once("h + r <= dim.H &&", "h + r <= dim.H + 1 &&")), races(shapes), /^ {2}depthwise_forward, line 2\d \(if \(h \+ r .*\): invocation \d+ of workgroup 1 reads x\[12\d\], which has 120 elements$/m],
    ["a missing guard", depthwise(once("if (i >= dim.N * dim.H * dim.W * dim.C) { return; }", "")), bounds(), /^ {2}depthwise_forward writes past the end of y: to element 120 of 120, /m],
    ["an element never written", depthwise(once("if (i >= dim.N * dim.H * dim.W * dim.C) { return; }", "if (i + 1 >= dim.N * dim.H * dim.W * dim.C) { return; }")), bounds(), /^ {2}depthwise_forward never writes y\[1, 3, 4, 2\]; 1 of 120 elements keep what was there before$/m],
    ["a missing barrier", center(once("    workgroupBarrier();\n  }", "  }")), races(), /^ {2}center, line 18 \(if \(lane < span\) .*\): invocation \d+ writes byte \d+ of held, which invocation \d+ reads in line 18 \(if .*\); no barrier stands between them$/m],
    ["a missing barrier behind the first store", center(once("lane);\n  workgroupBarrier();", "lane);")), races(), /^ {2}center, line 15 \(held\[lane\] = summed.*\): invocation \d+ writes byte \d+ of held, which invocation \d+ reads in line 17/m],
    ["two workgroups that write one place", center(once("y[row.x * dim.C + c] =", "y[c] =")), races(), /^ {2}center, line 22 .*: workgroup \d writes byte \d+ of y, which workgroup \d writes in line 22 .*; no barrier orders workgroups/m],
    ["a barrier for some", center(once("if (lane < span) { held[lane] += held[lane + span]; }", "if (lane < span) { held[lane] += held[lane + span]; workgroupBarrier(); }")), races(), /some invocations of a workgroup come to this barrier, others do not$/m],
    ["a loop that does not end", depthwise(once("for (var s = 0u; s < 3; s++) {", "for (var s = 0u; s < 3; s += r - r) {")), ends(), /^ {2}depthwise_forward, line 20 \(for \(var r = .*\): this loop does not end; it was left after 1,048,576 turns$/m],
    ["a loop with barriers that does not end, by all checks", center(once("span > 0; span /= 2", "span > 0; span = (span + 1) / 2")), (layer) => openTestDevice().then((device) => check(layer, rows, { device })), /^✗ center: 3 loops of center, 3 loops of center\n {2}center, line 17 \(for \(var span .*\): this loop does not end; it was left after 65,536 turns/],
  ])("%s", async (_, layer, check, want) => {
    const got = await check(layer);
    expect(got).toMatchObject({ ok: false });
    expect(String(got)).toMatch(want);
  });

  test("the matcher tells the report, both ways", async () => {
    const wrong = await races()(center(once("lane);\n  workgroupBarrier();", "lane);")));
    expect(() => expect(wrong).toBeSound()).toThrow("✗ center: ");
    expect(() => expect(wrong).not.toBeSound()).not.toThrow();
  });

  test("a check without a device, without shapes, or of subgroups, says so", async () => {
    await expect(checkBounds(relu(), shapes, {} as never)).rejects.toThrow("device is missing; open one");
    await expect(checkRaces(relu(), [2, 3] as never)).rejects.toThrow("shapes is a list of the inputs' shapes");
    expect(String(await checkRaces(center(once("let mean = held[0]", "let mean = subgroupAdd(held[0])")), rows))).toMatch(/^○ center: \n  races not looked at: center calls subgroup functions/);
  });
});
