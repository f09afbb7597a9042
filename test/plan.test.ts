// The planner alone: how tensors are packed, which of them share a slot, how a plan grows, and what no plan may do.
import { expect, test } from "vitest";
import { activation_forward } from "../src/generated/activation.js";
import { tensor, type Arena, type Step, type Tensor } from "../src/gpu/recorder.js";
import { arenas, plan, single } from "../src/plan.js";

const t = (name: string, size = 64) => tensor(name, [size]);
const step = (x: Tensor, y: Tensor): Step =>
  ({ path: "layer", kernel: activation_forward, tensors: { x, y }, params: {}, overrides: {}, grid: [1, 1, 1] });
const [x, y, u, v, w] = ["x", "y", "u", "v", "w"].map((name) => t(name)), kept = [x, y].map(single);

test("an arena is full where the next tensor does not fit; its last may end short of an alignment", () => {
  const [a, b, c, d] = [t("a"), t("b", 60), t("c", 4), t("d", 100)];
  const packed = (limit: number, ...tensors: Tensor[]) => arenas("parameters", tensors, 4 * limit)
    .map(({ whole: { name, size }, parts }) => [name, size, ...parts.values()]);
  expect(packed(130, a, b, c, d))
    .toEqual([["parameters 0", 128, 0, 64], ["parameters 1", 64, 0], ["parameters 2", 128, 0]]);
  expect(packed(126, a, b)).toEqual([["parameters", 126, 0, 64]]);
  expect(() => packed(99, a, d)).toThrow("d [100] takes 400 bytes; this device binds at most 396");
});

test("a plan that grows keeps its slots: what is larger than one takes another", () => {
  const first = plan([[step(x, u), step(u, y)]], kept), { slots: [slot] } = first;
  expect([first.buffers, first.places.get(u)]).toEqual([[256, 256, 256], { buffer: slot, offset: 0, bytes: 256 }]);
  const large = t("large", 100), more = plan([[step(x, large), step(large, v), step(v, y)]], [], 2 ** 27, first);
  expect(more.buffers).toEqual([256, 256, 256, 400]);
  expect([large, v].map((t) => more.places.get(t)!.buffer)).toEqual([3, slot]);
  expect(more.places.get(u)).toEqual(first.places.get(u));
  const { buffers } = plan([[step(x, u), step(u, y)], [step(x, large), step(large, y)]], kept);
  expect(buffers, "one that is only planned grows").toEqual([256, 256, 400]);
});

test("what has a place keeps it when a plan grows, and a view lies in its root's", () => {
  const whole = t("whole", 256), part = t("part", 128), more = t("more");
  const view: Tensor = { ...t("view"), of: part, offset: 64 };
  const table: Tensor = { ...t("table"), values: new Uint32Array(64) };
  const first = plan([[step(table, y)], [step(view, y)]], [{ whole, parts: new Map([[part, 128]]) }, ...kept]);
  expect(first.buffers).toEqual([1024, 256, 256, 256]);
  expect(first.places.get(view)).toEqual({ buffer: 0, offset: 4 * 192, bytes: 256 });
  const grown = plan([[step(table, y), step(more, y)]], [{ whole, parts: new Map([[more, 64]]) }], 2 ** 27, first);
  expect(grown.buffers).toEqual(first.buffers);
  expect(grown.places.get(more)).toEqual({ buffer: 0, offset: 4 * 64, bytes: 256 });
});

test("what no binding can hold is refused, be it kept, constant or passing", () => {
  const large = t("large", 100), table: Tensor = { ...large, values: new Uint32Array(100) };
  const passing = () => plan([[step(x, large), step(large, y)]], kept, 396);
  for (const f of [() => plan([], [single(large)], 396), () => plan([[step(table, y)]], kept, 396), passing])
    expect(f).toThrow("large [100] takes 400 bytes; this device binds at most 396");
});

test("tensors whose lives meet in one step do not share a slot", () => {
  const { places, slots } = plan([[step(x, u), step(u, v), step(v, w), step(w, y)]], kept);
  expect(slots).toHaveLength(2);
  expect(places.get(u)!.buffer).toBe(places.get(w)!.buffer);
});

test.each<[string, Step[], Arena[]]>([
  ["step 0 (layer activation_forward): it reads u, which no step has written", [step(u, y)], kept],
  ["step 2 (layer activation_forward): it reads v, which u has replaced", [step(x, u), step(u, y), step(v, y)], kept],
  ["it reads x from the buffer that it writes y to", [step(x, y)],
    [{ whole: t("both", 128), parts: new Map([[x, 0], [y, 64]]) }]],
])("%s: no such plan is made", (why, steps, arenas) => {
  expect(() => plan([steps], arenas)).toThrow(`${why}; this is a bug in a layer or in the planner`);
});
