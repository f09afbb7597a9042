import { expect, test } from "vitest";
import {
  avgPool2d, conv2d, flatten, forward, linear, maxPool2d, relu, sequential, type Part, type StateDict,
} from "../src/index.js";
import { openTestDevice } from "./support.js";

interface Values { shape: readonly number[]; data: ArrayLike<number> }
const counting = (shape: readonly number[], from = 0) =>
  ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => from + i) });
const state = (of: Readonly<Record<string, Values>>): StateDict =>
  new Map(Object.entries(of).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]));

const twoChannels = { shape: [1, 2, 3, 3], data: [...counting([9]).data, ...counting([9], 1).data] };
const kernel = { shape: [1, 2, 2, 2], data: [0, 1, 2, 3, 1, 2, 3, 4] };

// Small integers: every adapter and rung gives exactly these.
test.each<[string, Part, x: Values, weights: StateDict | undefined, shape: number[], data: number[]]>([
  ["padding 1, strides 3 and 2", conv2d({ filters: 1, kernel: 2, padding: 1, stride: [3, 2], bias: false }),
    counting([1, 1, 3, 3]), state({ weight: counting([1, 1, 2, 2]) }), [1, 1, 2, 2], [0, 8, 6, 8]],
  ["two channels", conv2d({ filters: 1, kernel: 2, bias: false }),
    twoChannels, state({ weight: kernel }), [1, 1, 2, 2], [56, 72, 104, 120]],
  ["bias, several filters and images", conv2d({ filters: 2, kernel: 1 }),
    counting([2, 1, 1, 2]),
    state({ weight: { shape: [2, 1, 1, 1], data: [1, -1] }, bias: { shape: [2], data: [10, 0] } }),
    [2, 2, 1, 2], [10, 11, 0, -1, 12, 13, -2, -3]],
  ["groups", conv2d({ filters: 2, kernel: 2, groups: 2, bias: false }),
    twoChannels, state({ weight: { shape: [2, 1, 2, 2], data: kernel.data } }),
    [1, 2, 2, 2], [19, 25, 37, 43, 37, 47, 67, 77]],
  ["max pooling", maxPool2d({ kernel: 2, stride: 1 }),
    counting([1, 1, 3, 3]), undefined, [1, 1, 2, 2], [4, 5, 7, 8]],
  ["average pooling", avgPool2d({ kernel: 2, stride: 1 }),
    counting([1, 1, 3, 3]), undefined, [1, 1, 2, 2], [2, 3, 5, 6]],
  ["a network, features in PyTorch's order",
    sequential(conv2d({ filters: 2, kernel: 1, bias: false }), relu(), flatten()),
    counting([1, 1, 1, 3], -1), state({ "0.weight": { shape: [2, 1, 1, 1], data: [1, -2] } }),
    [1, 6], [0, 0, 1, 2, 0, 0]],
  ["a view alone", flatten(), twoChannels, undefined, [1, 18], [...twoChannels.data]],
])("forward: %s", async (_, part, x, weights, shape, want) => {
  const device = await openTestDevice();
  for (const rung of ["plain", undefined]) {
    const y = await forward(part, { device, x, weights, rung });
    expect(y.shape).toEqual(shape);
    expect([...y.data]).toEqual(want);
  }
});

test("forward draws first values from a seed, and leaves no buffer behind", async () => {
  const device = await openTestDevice(), create = device.gpu.createBuffer.bind(device.gpu);
  const alive = new Set<GPUBuffer>();
  let made = 0;
  device.gpu.createBuffer = (d) => {
    const b = create(d), destroy = b.destroy.bind(b);
    alive.add(b);
    made++;
    b.destroy = () => { alive.delete(b); return destroy(); };
    return b;
  };
  const part = conv2d({ filters: 4, kernel: 3 }), x = counting([1, 1, 4, 4]);
  const drawn = (seed: number) => forward(part, { device, x, seed });
  const [a, b, c] = [await drawn(1), await drawn(1), await drawn(2)];
  device.gpu.createBuffer = create;
  expect(a.data).toEqual(b.data);
  expect(a.data).not.toEqual(c.data);
  expect([made > 0, alive.size]).toEqual([true, 0]);
  expect((await forward(part, { device, x, rung: "plain" })).kernels).toEqual(["conv2d_forward"]);
});

test("forward says what does not fit", async () => {
  const device = await openTestDevice();
  const says = (part: Part, x: Values, weights?: StateDict) =>
    forward(part, { device, x, weights }).then(() => "nothing", (e: Error) => e.message);
  expect(await says(relu(), { shape: [3, 3], data: [] })).toBe("x is [N, C, H, W], not [3, 3]");
  expect(await says(relu(), { shape: [1, 1, 3, 3], data: [1] })).toBe("x of [1, 1, 3, 3] has 9 values, not 1");
  expect(await says(conv2d({ filters: 1, kernel: 5 }), counting([1, 1, 3, 3])))
    .toMatch(/^conv2d: a 5×5 window does not fit \[1, 1, 3, 3\]/);
  expect(await says(sequential(flatten(), linear({ units: 2 })), counting([1, 1, 1, 2]), state({})))
    .toBe("the state is of another network: it lacks 1.weight, 1.bias");
});
