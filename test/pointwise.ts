// A layer of two kernels for tests of the checks: what each does with element i is given.
import { defineLayer, kernel, type LayerDefinition, type Tensor } from "../src/wgsl/index.js";
import type { AnyLayer } from "../src/check/index.js";

const head = `override WORKGROUP: u32 = 64;
struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
`;
const entry = (name: string, body: string, guard: string) => `@compute @workgroup_size(WORKGROUP, 1, 1)
fn ${name}(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  ${guard}
  ${body}
}
`;
const guard = "if (i >= dim.size) { return; }";

/** The shader of y ← forward, dx ← backward. */
export const pointwiseText = (
  forward = "y[i] = 2.0 * x[i];", backward = "dx[i] = 2.0 * dy[i];",
  { before = "", forwardGuard = guard, backwardGuard = guard } = {},
) =>
  head + before + entry("t_forward", forward, forwardGuard) + entry("t_backward", backward, backwardGuard);

/** The layer of such a shader. `more`: what its definition says otherwise. */
export function pointwise(text = pointwiseText(), more: Partial<LayerDefinition> = {}): AnyLayer {
  const [f, b] = ["t_forward", "t_backward"].map((name) => kernel(text, { entry: name }));
  const take = (k: typeof f, t: object) =>
    Object.fromEntries(Object.keys(k.bindings).map((name) => [name, (t as Record<string, Tensor>)[name]]));
  return defineLayer({ name: "t",
    forward(rec, t) { rec.dispatch(f, take(f, t), { size: t.y.size }, t.y.size); },
    backward(rec, t) { if (t.dx) rec.dispatch(b, take(b, t), { size: t.dx.size }, t.dx.size); },
    ...more });
}
