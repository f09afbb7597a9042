// The checks, held against layers that are right and layers that are wrong in one place: each fault is found, and the
// report points to it.
import { describe, expect, test } from "vitest";
import { avgPool2d, batchNorm, conv2d, linear, maxPool2d, relu, silu } from "../src/index.js";
import {
  check, checkBounds, checkEnds, checkGradients, checkRaces, compare, matchers, type AnyLayer, type Reference,
} from "../src/check/index.js";
import { probe } from "../src/check/probe.js";
import { worst } from "../src/check/report.js";
import type { Shape } from "../src/wgsl/index.js";
import { joined } from "./joined.js";
import { center, depthwise, depthwiseTwin, swish } from "./specimens.js";
import { openTestDevice } from "./support.js";

expect.extend(matchers);
declare module "vitest" { interface Matchers { toBeSound(): void } }

const shapes = [[2, 4, 5, 3]], rows = [[3, 20]];

test.each<[string, AnyLayer, Shape[], Reference?]>([
  ["depthwise", depthwise(), shapes, depthwiseTwin], ["center", center(), rows], ["swish", swish(), shapes],
  ["relu, with its kink", relu(), shapes], ["silu", silu(), shapes],
  ["batchNorm", batchNorm(), shapes], ["linear", linear({ units: 5 }), [[3, 7]]],
  ["conv2d", conv2d({ filters: 3, kernel: 3, padding: 1 }), shapes],
  ["maxPool2d", maxPool2d({ kernel: 2 }), shapes], ["avgPool2d", avgPool2d({ kernel: 2 }), shapes],
])("%s is right", async (_, layer, shapes, reference) => {
  const device = await openTestDevice();
  const options = { device, rung: "plain", elements: 16, ...reference && { reference } };
  expect(await check(layer, shapes, options)).toBeSound();
});

describe("what is wrong is found, and pointed to", () => {
  type Check = (layer: AnyLayer) => Promise<unknown>;
  const gradients: Check = async (layer) =>
    checkGradients(layer, shapes, { device: await openTestDevice(), elements: 24 });
  const bounds: Check = async (layer) => checkBounds(layer, shapes, { device: await openTestDevice() });
  const values: Check = async (layer) => compare(layer, depthwiseTwin, shapes, { device: await openTestDevice() });
  const ends: Check = async (layer) => checkEnds(layer, shapes, { device: await openTestDevice() });
  const races = (at = rows): Check => (layer) => checkRaces(layer, at);
  const once = (a: string, b: string) => (text: string) => { expect(text).toContain(a); return text.replace(a, b); };

  test.each<[string, AnyLayer, Check, RegExp]>([
    ["a transposed index",
      depthwise(once("dy[place(n, h + 1 - r, w + 1 - s, c)] * weight[(r * 3 + s)",
        "dy[place(n, h + 1 - r, w + 1 - s, c)] * weight[(s * 3 + r)")), gradients,
      /^ {2}dx\[\d, \d, \d, \d\] is .*, differences say .*; \d+ of 24 elements are off/m],
    ["a transposed index, against a twin", depthwise(once("weight[(r * 3 + s)", "weight[(s * 3 + r)")), values,
      /^ {2}y\[\d, \d, \d, \d\] is .*, expected /m],
    ["a missing bias", depthwise(once("var sum = bias[c];", "var sum = 0.0 * bias[c];")), gradients,
      /^ {2}dbias\[\d\] is [-\d.]+, differences say 0: .*; 3 of 3 elements are off$/m],
    ["a missing bias gradient", depthwise(once("dbias[c] = all;", "dbias[c] = 0.0;")), gradients,
      /^ {2}dbias\[\d\] is 0, differences say .*; every value is 0; 3 of 3 elements are off$/m],
    ["a pad that is off by one", depthwise(once("h + r <= dim.H &&", "h + r < dim.H &&")), values,
      /^ {2}y\[\d, [23], \d, \d\] is .* elements are off, all at axis 1 = 2 or 3$/m],
    ["a slope that is wrong", swish("dy / (1 + exp(-x)) * (1 - x - x / (1 + exp(-x)))"), gradients,
      /^ {2}dx\[.*\] is .*, differences say /m],
    ["a read past the end", depthwise(once("h + r <= dim.H &&", "h + r <= dim.H + 1 &&")), bounds,
      joined(/^ {2}depthwise_forward reads past the end of x \(120 elements\): /,
        /y\[1, 3, 0, 0\] changes with what lies behind it$/m)],
    ["a read past the end, with its line",
      depthwise(once("h + r <= dim.H &&", "h + r <= dim.H + 1 &&")), races(shapes),
      joined(/^ {2}depthwise_forward, line 22 \(sum \+= x\[place.*\): /,
        /invocation \d+ of workgroup 1 reads x\[12\d\], which has 120 elements$/m)],
    ["a missing guard", depthwise(once("if (i >= dim.N * dim.H * dim.W * dim.C) { return; }", "")), bounds,
      /^ {2}depthwise_forward writes past the end of y: to element 120 of 120$/m],
    ["an element never written",
      depthwise(once("if (i >= dim.N * dim.H * dim.W * dim.C) { return; }",
        "if (i + 1 >= dim.N * dim.H * dim.W * dim.C) { return; }")), bounds,
      joined(/^ {2}depthwise_forward never writes y\[1, 3, 4, 2\]; /,
        /1 of 120 elements keep what was there before$/m)],
    ["a missing barrier", center(once("    workgroupBarrier();\n  }", "  }")), races(),
      joined(/^ {2}center, line 18 \(if \(lane < span\) .*\): invocation \d+ writes byte \d+ of held, /,
        /which invocation \d+ reads in line 18 \(if .*\); no barrier stands between them$/m)],
    ["a missing barrier behind the first store", center(once("lane);\n  workgroupBarrier();", "lane);")), races(),
      joined(/^ {2}center, line 15 \(held\[lane\] = summed.*\): invocation \d+ writes byte \d+ of held, /,
        /which invocation \d+ reads in line 17/m)],
    ["two workgroups that write one place", center(once("y[row.x * dim.C + c] =", "y[c] =")), races(),
      joined(/^ {2}center, line 22 .*: workgroup \d writes byte \d+ of y, /,
        /which workgroup \d writes in line 22 .*; no barrier orders workgroups/m)],
    ["a barrier for some",
      center(once("if (lane < span) { held[lane] += held[lane + span]; }",
        "if (lane < span) { held[lane] += held[lane + span]; workgroupBarrier(); }")), races(),
      /some invocations of a workgroup come to this barrier, others do not$/m],
    ["a loop that does not end",
      depthwise(once("for (var s = 0u; s < 3; s++) {", "for (var s = 0u; s < 3; s += r - r) {")), ends,
      joined(/^ {2}depthwise_forward, line 20 \(for \(var r = .*\): /,
        /this loop does not end; it was left after 1,048,576 turns$/m)],
    ["a loop with barriers that does not end, by all checks",
      center(once("span > 0; span /= 2", "span > 0; span = (span + 1) / 2")),
      async (layer) => check(layer, rows, { device: await openTestDevice() }),
      joined(/^✗ center: 3 loops of center, 3 loops of center\n {2}center, line 17 \(for \(var span .*\): /,
        /this loop does not end; it was left after 65,536 turns/)],
  ])("%s", async (_, layer, check, want) => {
    const got = await check(layer);
    expect(got).toMatchObject({ ok: false });
    expect(String(got)).toMatch(want);
  });

  test("what is right, but reads or writes rows apart, is hinted at, with its line", async () => {
    const slow = depthwise(once("let c = i % dim.C; let w = i / dim.C % dim.W;\n  let h = i / (dim.C * dim.W) % dim.H;",
      "let w = i % dim.W; let h = i / dim.W % dim.H;\n  let c = i / (dim.W * dim.H) % dim.C;"));
    const right = depthwise(), at = [[2, 8, 8, 8]], { hints, ok } = await checkRaces(slow, at);
    expect([ok, (await checkRaces(right, at)).hints]).toEqual([true, []]);
    expect(hints).toHaveLength(1);
    expect(hints[0].message).toMatch(joined(/^depthwise_forward, line 22 \(sum \+= x\[.*\): right, but slow on GPUs: /,
      /32 neighbouring invocations read x in \d\d sectors of 32 bytes, where 4 would do; let neighbours/));
  });

  test("the worst element is told first; where no value is right, still", () => {
    const found = (got: number[], want: number[]) =>
      worst("value", { tensor: "y", shape: [got.length], at: [...got.keys()], got, want }, 1e-3)
        .map(({ index, message }) => [index, message]);
    expect(found([1, 2, 0, 4], [1, 2.1, 5, 4])).toEqual([[[2], expect.stringContaining("2 of 4 elements are off")]]);
    expect(found([0, NaN], [0, 0])).toEqual([[[1], expect.stringContaining("1 of 2 elements are off")]]);
    expect(found([0, 0], [0, 0])).toEqual([]);
  });

  test("inputs are drawn from the range that is given", () => {
    const drawn = (range: number | readonly [number, number]) => {
      const { values, tensors } = probe(relu(), [[2, 500]], { range }), x = values.get(tensors.get("x")!)!;
      return [Math.min(...x), Math.max(...x)].map((v) => Math.round(50 * v) / 50);
    };
    expect([drawn(2), drawn([2, 3])]).toEqual([[-2, 2], [2, 3]]);
  });

  test("the matcher tells the report, both ways", async () => {
    const wrong = await races()(center(once("lane);\n  workgroupBarrier();", "lane);")));
    expect(() => expect(wrong).toBeSound()).toThrow("✗ center: ");
    expect(() => expect(wrong).not.toBeSound()).not.toThrow();
  });

  test("what the interpreter says of itself is caught, and only that", async () => {
    const { error, log } = console;
    await checkRaces(relu(), shapes);
    expect([console.error, console.log]).toEqual([error, log]);
  });

  test("a check without a device, without shapes, or of subgroups, says so", async () => {
    await expect(checkBounds(relu(), shapes, {} as never)).rejects.toThrow("device is missing; open one");
    await expect(checkRaces(relu(), shapes, { range: [2, 1] })).rejects.toThrow("range is a number above 0, or [low");
    await expect(checkRaces(relu(), [2, 3] as never)).rejects.toThrow("shapes is a list of the inputs' shapes");
    const grouped = await checkRaces(center(once("let mean = held[0]", "let mean = subgroupAdd(held[0])")), rows);
    expect(String(grouped)).toMatch(/^○ center: \n {2}races not looked at: center calls subgroup functions/);
  });
});
