// Concatenations that need not run, alone: what becomes of steps made by hand. That bits stay: test/fuse.test.ts.
import { describe, expect, test } from "vitest";
import { concat_backward, concat_forward } from "../src/generated/concat.js";
import type { Kernel } from "../src/gpu/kernel.js";
import { tensor, type Step, type Tensor } from "../src/gpu/recorder.js";
import { inPlace } from "../src/layers/concatInPlace.js";

/** Rows of so many channels. */
const t = (name: string, C: number, of?: Tensor) => tensor(name, [6, C], of);
const step = (kernel: Kernel, tensors: Step["tensors"], params = {}, overrides = {}): Step =>
  ({ path: "", kernel, tensors, params, overrides, grid: [5, 1, 1] });
/** A kernel that reads x and others, and writes y; some of these may be channels of longer rows. */
const kernel = (pitches = "x y", others: string[] = [], more = ["pitch", "offset"]): Kernel => ({
  code: "", entry: "make", overrides: {},
  params: Object.fromEntries(pitches.split(" ").flatMap((name) => more.map((what) => [`${name}_${what}`, "u32"]))),
  bindings: {
    x: [0, "read"], y: [1, "read_write"], ...Object.fromEntries(others.map((name, i) => [name, [2 + i, "read"]])),
  },
});
const make = (x: Tensor, y: Tensor, by = kernel(), overrides = {}) => step(by, { x, y }, {}, overrides);
const extents = (K: number, offset: number, parts: readonly Tensor[]) => {
  const [C0, C1 = 0, C2 = 0, C3 = 0] = parts.map(({ shape }) => shape[1]);
  return { K, C0, C1, C2, C3, offset };
};
const join = (y: Tensor, parts: readonly Tensor[], offset = 0): Step => {
  const [x0, x1 = x0, x2 = x0, x3 = x0] = parts, params = extents(y.shape[1], offset, parts);
  return { ...step(concat_forward, { x0, x1, x2, x3, y }, params, { WIDTH: 4 }), grid: [5, 3, parts.length] };
};
const none = t("-", 4);
const cut = (dy: Tensor, [dx0, dx1]: readonly Tensor[], offset = 0, overrides = {}) => step(concat_backward,
  { dy, z: dy, dx0, dx1, dx2: none, dx3: none }, extents(dy.shape[1], offset, [dx0, dx1]), { WIDTH: 4, ...overrides });
/** Steps in words: "make x y y_pitch 8". */
const told = (steps: readonly Step[]) => steps.map(({ kernel: { entry }, tensors, params, overrides, grid }) => {
  const words = (of: object) => Object.entries(of).flat(), names = Object.values(tensors).map(({ name }) => name);
  return [entry, ...names, ...words(params), ...words(overrides), ...grid[1] > 1 ? grid : []].join(" ");
});
const joined = (...steps: Step[]) => told(inPlace.after!(steps));
const sloped = (...steps: Step[]) => told(inPlace.before!(steps, []));
const copy = (parts: string, K: number, C: string, offset: number, z = 1) => {
  const [C0, C1 = 0, C2 = 0, C3 = 0] = C.split(" ");
  return `concat_forward ${parts} K ${K} C0 ${C0} C1 ${C1} C2 ${C2} C3 ${C3} offset ${offset} WIDTH 4 5 3 ${z}`;
};

const [x, a, b, c, d, e, f, g] = [..."xabcdefg"].map((name) => t(name, 4)), [y, long] = [t("y", 8), t("long", 12)];
const A = "make x y y_pitch 8", B = `${A} y_offset 4`;
const made = (...parts: Tensor[]) => parts.map((part) => make(x, part));

describe("forward", () => {
  test("parts are written to their channels, and read there, also of a part of another", () => {
    expect(joined(...made(a, b), make(a, c), join(y, [a, b]), make(b, d), make(y, e)))
      .toEqual([A, B, "make y c x_pitch 8", "make y d x_pitch 8 x_offset 4", "make y e"]);
    const more = t("more", 16), at = ["8", "12", "4", "0"].map((n) => `make x more y_pitch 16 y_offset ${n}`);
    expect(joined(...made(a, b), join(y, [a, b]), ...made(c, d), join(long, [c, y]), join(more, [d, long])))
      .toEqual([...at.slice(0, 3), "make x more y_pitch 16"]);
  });

  test("more than four parts begin where the dispatch before ends, also within another", () => {
    const five = t("five", 20), all = t("all", 24);
    const joins = [join(five, [a, b, c, d]), join(five, [e], 16), join(all, [f, five])];
    const to = [4, 8, 12, 16, 20, 0].map((at) => `make x all y_pitch 24${at ? ` y_offset ${at}` : ""}`);
    expect(joined(...made(a, b, c, d, e, f, g), ...joins)).toEqual([...to, "make x g"]);
    expect(joined(...[a, b, c, d, e].map((part) => make(x, part, kernel("x"))), make(x, f), ...joins).slice(5))
      .toEqual([to[5], copy("a b c d all", 24, "4 4 4 4", 4, 4), copy("e e e e all", 24, "4", 20)]);
  });

  test.each<[string, Step[], string[]]>([
    ["whose kernel cannot", [make(x, a), make(x, b, kernel("x"))], [A, "make x b", copy("b b b b y", 8, "4", 4)]],
    ["that somebody reads who cannot", [...made(a, b), make(a, c, kernel("y"))],
      ["make x a", B, "make a c", copy("a a a a y", 8, "4", 0)]],
    ["that no step writes", made(b), [B, copy("a a a a y", 8, "4", 0)]],
  ])("a part %s is copied", (_, steps, want) => expect(joined(...steps, join(y, [a, b]))).toEqual(want));

  test("what is fused needs its place where it is on; the first part needs no offset", () => {
    const fused = (overrides: object, pitches = "y") => joined(...made(a, b),
      step(kernel(pitches, ["addend", "z"]), { x, y: c, addend: b, z: b }, {}, overrides), join(y, [a, b]));
    expect(fused({ ADDEND: 0, SLOPE: 0 })).toEqual([A, B, "make x c y y ADDEND 0 SLOPE 0"]);
    for (const on of [{ ADDEND: 1, SLOPE: 0 }, { ADDEND: 0, SLOPE: 1 }])
      expect(fused(on).toSpliced(2, 1)).toEqual([A, "make x b", copy("b b b b y", 8, "4", 4)]);
    expect(fused({ ADDEND: 1, SLOPE: 0 }, "y addend")[2])
      .toBe("make x c y y addend_pitch 8 addend_offset 4 ADDEND 1 SLOPE 0");
    const first = (part: Tensor) => joined(...made(a, b), make(part, c, kernel("x", [], ["pitch"])), join(y, [a, b]));
    expect([first(a), first(b)].map((steps) => steps.slice(2)))
      .toEqual([["make y c x_pitch 8"], ["make b c", copy("b b b b y", 8, "4", 4)]]);
  });

  test("by four channels, where rows and places divide by four; by one, anywhere", () => {
    const [one, seven, five] = [t("one", 1), t("seven", 7), t("five", 5)];
    const steps = (left: Tensor, right: Tensor, whole: Tensor, overrides = {}) =>
      joined(...[left, right].map((part) => make(x, part, kernel(), overrides)), join(whole, [left, right]));
    const some = [A, "make x seven", copy("seven seven seven seven y", 8, "7", 1)];
    expect(steps(one, seven, y)).toEqual(some);
    expect(steps(one, seven, y, { WIDTH: 4 })[2]).toBe(some[2]);
    expect(steps(one, seven, y, { WIDTH: 1 })[1]).toBe("make x y y_pitch 8 y_offset 1 WIDTH 1");
    expect(steps(a, one, five)).toEqual(["make x a", "make x one", copy("a one a a five", 5, "4 1", 0, 2)]);
    expect(steps(a, one, five, { WIDTH: 1 })).toHaveLength(2);
  });

  test("one dispatch copies parts that lie side by side; where others lie between, all are copied", () => {
    const steps = (...parts: Tensor[]) => joined(...made(a, b, c), join(long, parts)), kept = told(made(a, b, c));
    expect(steps(a, a, b))
      .toEqual([kept[0], "make x long y_pitch 12 y_offset 8", kept[2], copy("a a a a long", 12, "4 4", 0, 2)]);
    expect(steps(b, a, a)[3]).toBe(copy("a a a a long", 12, "4 4", 4, 2));
    expect(steps(a, b, a)).toEqual([...kept, copy("a b a a long", 12, "4 4 4", 0, 3)]);
    const view = t("view", 4, a);
    expect(steps(view, b, c)[3], "a view").toBe(copy("view view view view long", 12, "4", 0));
    expect(joined(...made(b), join(t("wide", 16), [b, d, a, e]))[1]).toBe(copy("d a e d wide", 16, "4 4 4", 4, 3));
  });
});

describe("backward", () => {
  const [dy, dlong] = [t("dy", 8), t("dlong", 24)], [da, db, p, q] = ["da", "db", "p", "q"].map((name) => t(name, 4));
  const whole = (z: string, dx: string) => `concat_backward dy ${z} ${dx} - - K 8 C0 4 C1 4 C2 0 C3 0 offset 0 WIDTH 4`;

  test("gradients are read where the whole has them: all, or none", () => {
    const steps = [make(da, p), make(db, q)], apart = [make(da, p), make(db, q, kernel("y"))];
    expect(joined(cut(dy, [da, db]), ...steps, make(db, c)))
      .toEqual(["make dy p x_pitch 8", "make dy q x_pitch 8 x_offset 4", "make dy c x_pitch 8 x_offset 4"]);
    expect(joined(cut(dlong, [da, db], 16), ...steps))
      .toEqual(["make dlong p x_pitch 24 x_offset 16", "make dlong q x_pitch 24 x_offset 20"]);
    for (const all of [[cut(dy, [da, db]), ...apart], [cut(dy, [da, db], 0, { SLOPE: 1 }), ...steps]])
      expect(joined(...all)).toEqual(told(all));
  });

  const bindings = { dy: [0, "read"], z: [1, "read"], dx: [2, "read_write"] } as const;
  const slope: Kernel = { ...kernel(), entry: "activation_backward", bindings };
  const back = (of: Tensor, z: Tensor, dx: Tensor, overrides = {}) =>
    step(slope, { dy: of, z, dx }, {}, { SLOPE: 5, ALPHA: 0, THRESHOLD: 0, ...overrides });
  const forth = join(y, [a, b]), [L, R] = [back(da, a, p), back(db, b, q)];

  test("the slope that all parts came through is taken of the whole", () => {
    const once = (dx: string) => `${whole("y", dx)} SLOPE 5 ALPHA 0 THRESHOLD 0`;
    expect(sloped(forth, cut(dy, [da, db]), L, R, make(p, c)).slice(1)).toEqual([once("p q"), "make p c"]);
    expect(sloped(forth, cut(dy, [da, db]), R)[1], "a part that does not learn").toBe(once("da q"));
    expect(sloped(forth, join(t("whole", 24), [a, b], 8), cut(dlong, [da, db], 8), L, R)[2])
      .toMatch(/^concat_backward dlong whole p q /);
  });

  test.each<[string, Step[]]>([
    ["other slopes", [L, back(db, b, q, { SLOPE: 2 })]], ["other alphas", [L, back(db, b, q, { ALPHA: 1 })]],
    ["other thresholds", [L, back(db, b, q, { THRESHOLD: 1 })]], ["another value", [L, back(db, c, q)]],
    ["a slope of what was before", [back(da, a, p, { SLOPE: 6 }), back(db, b, q, { SLOPE: 6 })]],
    ["a second reader", [L, make(db, c), R]], ["another kernel", [L, make(db, q)]], ["no reader", []],
  ])("%s: each by itself", (_, steps) => {
    const all = [forth, cut(dy, [da, db]), ...steps];
    expect(sloped(...all)).toEqual(told(all));
  });
});
