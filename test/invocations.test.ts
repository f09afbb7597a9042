// What kernels ask of an adapter, and how many invocations they take of it: counted from recordings, without a device.
import { expect, test } from "vitest";
import { bake } from "../src/gpu/kernel.js";
import { none, recorded, sizes, subgroups } from "./recorded.js";

const sizeOf: Record<string, number> = {
  f32: 4, u32: 4, i32: 4, vec2f: 8, vec2u: 8, vec4f: 16, vec4u: 16, mat4x4f: 64, Moments: 32, Sums: 32,
};

/** Bytes of workgroup memory that a baked text asks for. */
function workgroupBytes(code: string): number {
  const declared = code.matchAll(/^const (\w+)(?:: u32)? = ([^;]+);/gm);
  const constants = new Map([...declared].map(([, name, value]) => [name, value]));
  const value = (text: string): number => {
    const numbers = text.replace(/[a-z_]\w*/gi, (name) => {
      if (!constants.has(name)) throw new Error(`${name} in ${text}`);
      return String(value(constants.get(name)!));
    });
    if (!/^[\d\s+*\/()-]+u?$/.test(numbers.replace(/(\d)u/g, "$1"))) throw new Error(`cannot work out ${text}`);
    return Number(new Function(`return ${numbers.replace(/(\d)u/g, "$1")}`)());
  };
  const bytesOf = (type: string): number => {
    const array = /^array<(.+),([^,]+)>$/.exec(type.trim());
    const bytes = array ? bytesOf(array[1]) * value(array[2].trim()) : sizeOf[type.trim()];
    if (!(bytes > 0)) throw new Error(`no size is known for ${type}`);
    return bytes;
  };
  return [...code.matchAll(/^var<workgroup> \w+: ([^;]+);/gm)].reduce((total, [, type]) => total + bytesOf(type), 0);
}

test("no kernel asks for more than every adapter has: "
  + "8 storage buffers, 16 KiB of workgroup memory, 256 invocations, or 128 in compatibility mode", () => {
  expect(workgroupBytes(`const TILE: u32 = 16;
const PAD: u32 = TILE + 4;
var<workgroup> a: array<vec4f, TILE * PAD>;
var<workgroup> b: array<array<f32, 4>, TILE>;
`)).toBe(16 * 20 * 16 + 16 * 16);
  const compatible = { ...none, invocations: 128 };
  for (const target of [subgroups, none, compatible]) for (const [family, size] of Object.entries(sizes))
    for (const { kernel, overrides } of recorded(family, size, target).steps) {
      const code = bake(kernel.code, overrides), before = code.slice(0, code.indexOf(`fn ${kernel.entry}(`));
      const constant = (name: string) => new RegExp(`^const ${name}: u32 = (\\d+)`, "m").exec(code)?.[1] ?? name;
      const entry = before.match(/@workgroup_size\(([^)]*)\)/g)!.at(-1)!;
      const invocations = entry.slice(16, -1).split(",").reduce((n, part) => n * Number(constant(part.trim())), 1);
      expect(Object.keys(kernel.bindings).length, kernel.entry).toBeLessThanOrEqual(8);
      expect(workgroupBytes(code), kernel.entry).toBeLessThanOrEqual(16384);
      expect(invocations, kernel.entry).toBeLessThanOrEqual(target.invocations ?? 256);
      expect(invocations, kernel.entry).toBeGreaterThan(0);
    }
});

test("on a GPU no weight gradient of a convolution is left to a few invocations, "
  + "nor LeNet's 150 first weights to 150", () => {
  for (const [family, size] of Object.entries(sizes)) {
    const weights = recorded(family, size, none).steps.filter(({ kernel: { entry }, params: { N, P, Q } }) =>
      /weight/.test(entry) && N * P * Q > 4096);
    expect(weights.length, family).toBeGreaterThan(0);
    for (const { path, kernel: { entry }, grid, overrides } of weights) {
      const invocations = grid[0] * grid[1] * grid[2] * overrides.WORKGROUP;
      expect(invocations, `${family} ${path} ${entry}`).toBeGreaterThan(7_500);
    }
  }
});

test("where there are few rows, no subgroup is there for nothing", () => {
  const forward = [1, 4, 20].flatMap((batch) => recorded("lenet", sizes.lenet, subgroups, batch).steps
    .filter(({ kernel: { entry } }) => /^conv2d_\w+_forward$/.test(entry)).map((step) => ({ batch, ...step })));
  expect(new Set(forward.map(({ batch }) => batch)).size).toBe(3);
  for (const { batch, path, kernel: { entry }, params: { N, P, Q, LANES, PIXELS }, grid, overrides } of forward) {
    const needed = N * P * Math.ceil(Q / PIXELS), there = grid[0] * grid[1] * overrides.WORKGROUP;
    expect(there - needed, `batch ${batch}, ${path} ${entry}`).toBeGreaterThanOrEqual(0);
    expect(there - needed, `batch ${batch}, ${path} ${entry}`).toBeLessThan(needed > 16 ? 16 : LANES);
  }
});
