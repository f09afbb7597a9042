// The benchmark: every case can be played, what it reports is what was run, and a rung that is wrong is seen.
import { expect, test } from "vitest";
import { bench, difference, sections } from "../src/bench/bench.js";
import { cases, hasText, type Case } from "../src/bench/cases.js";
import { benchTable } from "../src/bench/report.js";
import { activation_forward } from "../src/generated/activation.js";
import { Recorder, tensor, type Rung } from "../src/gpu/recorder.js";
import { parse } from "../src/node/options.js";
import { plan } from "../src/plan.js";
import { openTestDevice } from "./support.js";

const roofline = { flops: 1e10, bandwidth: 1e10, dispatch: 1e-6, host: 1e-6, clock: "wall clock" } as const;

test("every case is recorded by every rung, and planned", () => {
  expect(new Set(cases.map(({ operator, shape }) => `${operator} ${shape}`)).size).toBe(cases.length);
  for (const { operator } of cases) expect(operator).toMatch(/^\w+$/);  // a word of the command line
  for (const lanes of [undefined, 4, 8]) for (const { record, operator, shape } of cases) {
    const usual = new Recorder({ lanes });
    record(usual);
    for (const rung of new Set(["", ...usual.steps.flatMap((step) => step.rungs ?? [])])) {
      const rec = new Recorder({ lanes, rung }), { given, made } = record(rec);
      plan([rec.steps], [...new Set([...given.keys(), ...made])].map((whole) => ({ whole, parts: new Map() })));
      const found = sections(rec.steps);
      expect(found.reduce((sum, { steps }) => sum + steps.length, 0), `${operator} ${shape}`).toBe(rec.steps.length);
      if (rung) expect(found.some((section) => section.rung === rung), `${operator} ${shape} ${rung}`).toBe(true);
    }
  }
});

test("rungs are timed and compared, one row for each pass", async () => {
  const small = cases.find(({ operator, shape }) => operator === "linear" && shape.startsWith("LeNet 1"))!;
  const rows = await bench(await openTestDevice(), small, { roofline, rounds: 2 });
  for (const pass of ["forward", "backward"]) {  // all gradients, which one rung makes at once
    const mine = rows.filter((r) => r.pass === pass);
    expect(mine.map((r) => r.rung)).toContain("plain");
    expect(mine.filter((r) => r.taken), pass).toHaveLength(1);
  }
  expect(rows.some((r) => r.rung !== "plain")).toBe(true);
  for (const { pass, rung, flops, bandwidth, fraction, time: { median, low, high }, error } of rows) {
    const least = Math.max(flops / roofline.flops, bandwidth / roofline.bandwidth, roofline.dispatch / median);
    expect(fraction / least).toBeCloseTo(1, 6);
    expect(flops * median / (2 * 64 * 400 * 120)).toBeCloseTo(pass === "forward" ? 1 : 2, 6);
    expect(low).toBeLessThanOrEqual(high);
    if (rung === "plain") expect(error).toBeUndefined(); else expect(error).toBeLessThan(1e-5);
  }
  expect(benchTable(rows, true).split("\n")).toHaveLength(rows.length + 2);
});

test("a rung with other results is told apart from the plain one", async () => {
  const by = (name: string, ACTIVATION: number): Rung<number, "x" | "y"> => ({
    name, fits: () => true,
    record: (rec, t, size) => rec.dispatch(activation_forward, t, { size, ACTIVATION, ALPHA: 1, THRESHOLD: 0 }, size),
  });
  const wrong: Case = { operator: "relu", shape: "100", record(rec) {
    const x = tensor("x", [100]), y = tensor("y", [100]);
    rec.climb([by("wrong", 0), by("right", 1), by("plain", 1)], { x, y }, 100);
    return { given: new Map([[x, "numbers"]]), made: [y] };
  } };
  const rows = await bench(await openTestDevice(), wrong, { roofline, rounds: 1, clock: "wall clock" });
  expect(rows.map(({ rung, taken }) => [rung, taken])).toEqual([["plain", false], ["wrong", true], ["right", false]]);
  expect(rows[1].error).toBeGreaterThan(0.5);
  expect(rows[2].error).toBe(0);
});

test("a rung that loses numbers is told, wherever they stand", () => {
  const want = Float32Array.of(1, -4, 2), zeros = new Float32Array(3);
  expect(difference(Float32Array.of(1, -4, 1), want)).toBe(0.25);
  expect(difference(Float32Array.of(NaN, -4, 2), want)).toBeNaN();
  expect(difference(zeros, zeros)).toBe(0);
});

test("a table tells milliseconds, half the distance of the quartiles, and how many times the plain rung", () => {
  const row = {
    operator: "linear", shape: "8→8", pass: "forward", kernels: [], flops: 2e9, bandwidth: 5e8, fraction: 0.25,
  };
  const times = (median: number) => ({ median, low: 0.9 * median, high: 1.1 * median, best: median });
  const [, , plain, fast] = benchTable([
    { ...row, rung: "plain", taken: false, time: times(0.012) },
    { ...row, rung: "fast", taken: true, time: times(0.004), error: 2e-7 },
  ]).split("\n").map((line) => line.split(/ {2,}/));
  expect(plain).toEqual(["linear", "8→8", "forward", "plain ·", "12", "10 %", "2", "0.5", "25 %"]);
  expect(fast).toEqual(["linear", "8→8", "forward", "fast", "4", "10 %", "2", "0.5", "25 %", "3", "2.0e-7"]);
});

test("the command line knows its commands", () => {
  expect(() => parse(["fly"])).toThrow("only train, profile, tune, bench, roofline and check");
});

test("shapes are chosen by how their words begin", () => {
  const found = (text: string) => cases.filter(({ shape }) => hasText(shape, text)).map(({ shape }) => shape);
  expect(found("lenet").map((shape) => shape.slice(0, 7))).toEqual(["LeNet 1", "LeNet 2", "LeNet 1", "LeNet 3"]);
  expect(found("GoogLeNet")).toHaveLength(1);
  expect(found("")).toHaveLength(cases.length);
  expect(found("64→64")).toHaveLength(2);
  expect(found("→64").length).toBeGreaterThan(2);
  for (const [typed, same] of [["28x28x6", "28×28×6"], ["3x", "3×"], ["batch 64", "Batch 64"]])
    expect(found(typed), typed).toEqual(found(same));
  expect(found("28x28x6").length).toBeGreaterThan(1);
  expect(found("(?<")).toEqual([]);
});
