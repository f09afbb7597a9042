// The interpreter of checkRaces(): whole variables, components and pointers are watched, and what WGSL has is
// understood.
import { describe, expect, test } from "vitest";
import { check, checkBounds, checkRaces } from "../src/check/index.js";
import { defineLayer, kernel } from "../src/wgsl/index.js";
import { joined } from "./joined.js";
import { pointwise, pointwiseText } from "./pointwise.js";
import { openTestDevice } from "./support.js";

/** y[m,c] = x[m,c] − m, by a workgroup a row: `body` finds m. */
function rows(declared: string, body: string) {
  const k = kernel(`override WORKGROUP: u32 = 16;
struct Params { C: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${declared}
@compute @workgroup_size(WORKGROUP, 1, 1)
fn total(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) row: vec3u) {
  ${body}
  for (var c = lane; c < dim.C; c += WORKGROUP) { y[row.x * dim.C + c] = x[row.x * dim.C + c] - m / f32(dim.C); }
}`);
  return defineLayer({
    name: "rows",
    forward(rec, { x, y }) { rec.dispatch(k, { x, y }, { C: x.shape[1] }, [x.shape[0], 1, 1]); },
    backward(rec, { dy, dx }) {
      if (dx) rec.dispatch(k, { x: dy, y: dx }, { C: dy.shape[1] }, [dy.shape[0], 1, 1]);
    },
  });
}
const sum = "var s = 0.0;\n  for (var c = lane; c < dim.C; c += WORKGROUP) { s += x[row.x * dim.C + c]; }\n  ";
const gathered = "var m = 0.0;\n  for (var k = 0u; k < 16; k++) { m += ";
const put = "fn put(p: ptr<workgroup, array<f32, 16>>, i: u32, v: f32) { (*p)[i] = v; }\n";
const raced = async (declared: string, body: string) => String(await checkRaces(rows(declared, body), [[3, 20]]));

test.each<[what: string, declared: string, before: string, after: string]>([
  ["a scalar", "var<workgroup> a: f32;", "if (lane == 0u) { a = x[row.x * dim.C]; }", "let m = a;"],
  ["a component", "var<workgroup> a: vec2f;", "if (lane == 15u) { a.y = x[row.x * dim.C]; }", "let m = a.y;"],
  ["a vector, read by component", "var<workgroup> a: vec2f;",
    "if (lane == 0u) { a = vec2f(x[row.x * dim.C], 0.0); }", "let m = a.x;"],
  ["a scalar by pointer", "var<workgroup> a: f32;\nfn set(p: ptr<workgroup, f32>, v: f32) { *p = v; }",
    "if (lane == 0u) { set(&a, x[row.x * dim.C]); }", "let m = a;"],
  ["an array by pointer", `${put}var<workgroup> h: array<f32, 16>;`, `${sum}put(&h, lane, s);`, `${gathered}h[k]; }`],
  ["a pointer to an element", "var<workgroup> h: array<f32, 16>;",
    `${sum}let p = &h[lane];\n  *p = s;`, `${gathered}h[k]; }`],
  ["members of structs", "struct Q { s: f32, n: f32 }\nvar<workgroup> h: array<Q, 16>;",
    `${sum}h[lane].s = s;`, `${gathered}h[k].s; }`],
])("%s: a barrier is missed where it is missing, and only there", async (_, declared, before, after) => {
  expect(await raced(declared, `${before}\n  workgroupBarrier();\n  ${after}`))
    .toMatch(/^✓ rows: \d+ accesses of total/);
  expect(await raced(declared, `${before}\n  ${after}`)).toMatch(joined(
    /^ {2}total, line \d+ \(.*\): invocation \d+ writes byte \d+ of [ah], /,
    /which invocation \d+ reads in line \d+ .*no barrier stands between them$/m));
});
test("all write one scalar", async () => {
  const declared = "var<workgroup> n: atomic<u32>;\nvar<workgroup> a: u32;";
  const told = await raced(declared, "atomicAdd(&n, 1u);\n  a = 3u;\n  let m = f32(a);");
  const writes = told.match(/writes byte 0 of a, which invocation \d+ writes/g);
  expect(writes, "once, though both passes do it").toHaveLength(1);
});

test.each([
  ["counts in place between barriers", "var<workgroup> next: u32;", `var m = 0.0;
  for (var t = 0u; t < 3u; t++) {
    let base = next;
    workgroupBarrier();
    m += x[row.x * dim.C + base + lane];
    if (lane == 0u) { next += 2u; }
    workgroupBarrier();
  }`],
  ["workgroupUniformLoad() is two barriers and a load", "var<workgroup> a: f32;",
    `if (lane == 0u) { a = x[row.x * dim.C]; }
  let m = workgroupUniformLoad(&a);
  if (lane == 1u) { a = 3.0; }`],
  ["memory of a workgroup begins as zeros", "var<workgroup> n: atomic<i32>;",
    "atomicAdd(&n, 1);\n  workgroupBarrier();\n  let m = x[u32(atomicLoad(&n)) - 16u];"],
])("%s", async (_, declared, body) => { expect(await raced(declared, body)).toMatch(/^✓ rows/); });

describe("WGSL is understood", () => {
  test.each([
    ["&& does not look at its right side",
      "var e = 0.0; if (i > 0u && x[i - 1u] > 0.0) { e = 1.0; } y[i] = 2.0 * x[i] + 0.0 * e;"],
    ["nor does ||", "var e = 0.0; if (i == 0u || x[i - 1u] > 0.0) { e = 1.0; } y[i] = 2.0 * x[i] + 0.0 * e;"],
    ["a phony assignment", "_ = x[i]; y[i] = 2.0 * x[i];"],
    ["an assertion, a private variable, a name that its caller has too",
      "acc += 2.0 * x[i]; var v = 3.0; nothing(4.0); y[i] = acc; acc = 9.0; y[i] += 0.0 * x[u32(v)];",
      "const_assert 1 < 2;\nvar<private> acc: f32 = 0.0;\nfn nothing(v: f32) { acc += 0.0 * v; }\n"],
    ["integers wrap", "let k = i * 2654435769u * 340573321u; y[k] = 2.0 * x[k];"],
    ["++ of an element", "var a: array<u32, 2>; a[1]++; y[i] = 2.0 * x[i] + 0.0 * x[a[1]];"],
    ["arrayLength", "y[i] = 2.0 * x[i];", "", "if (i >= arrayLength(&y)) { return; }"],
  ])("%s", async (_, body, before = "", forwardGuard?: string) => {
    const layer = pointwise(pointwiseText(body, undefined, { before, ...forwardGuard && { forwardGuard } }));
    const device = await openTestDevice();
    expect(String(await checkRaces(layer, [[1, 4, 4, 4]]))).toMatch(/^✓ t: \d+ accesses of t_forward/);
    expect(String(await checkBounds(layer, [[1, 5, 3, 3]], { device }))).toMatch(/^✓ t/);
  });

  test("arrayLength() of vectors, and a guard by it that is off by one", async () => {
    const guarded = (by: string) => {
      const forwardGuard = `if (i >= 4 * arrayLength(&x)${by}) { return; }`;
      const text = pointwiseText("let v = x[i / 4][i % 4]; y[i] = 2.0 * v;", undefined, { forwardGuard });
      return pointwise(text.replace("read> x: array<f32>", "read> x: array<vec4f>"));
    };
    const device = await openTestDevice();
    expect(String(await checkBounds(guarded(""), [[1, 5, 3, 4]], { device }))).toMatch(/^✓ t/);
    expect(String(await checkBounds(guarded(" + 1"), [[1, 5, 3, 4]], { device })))
      .toMatch(/t_forward writes past the end of y/);
  });

  test("what is not is a note, and hides no other finding", async () => {
    const layer = pointwise(pointwiseText("let m = modf(1.5); y[i] = 4.0 * m.fract * x[i];", "dx[i] = 3.0 * dy[i];"));
    const report = await check(layer, [[1, 4, 4, 4]], { device: await openTestDevice() });
    const note = expect.stringMatching(/^races not looked at: t_forward cannot be interpreted \(/);
    expect(report).toMatchObject({ ok: false, notes: [note] });
    expect(String(report)).toMatch(/^✗ t: .*\n {2}dx\[.*\n {2}races not looked at/);
  });
});
