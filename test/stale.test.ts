// checkBounds() finds what is read before it is written: in training another tensor's values lie there.
import { expect, test } from "vitest";
import { checkBounds } from "../src/check/index.js";
import { kernel, tensor } from "../src/wgsl/index.js";
import { pointwise, pointwiseText } from "./pointwise.js";
import { openTestDevice } from "./support.js";

const shapes = [[2, 4, 5, 3]];
const check = async (layer: ReturnType<typeof pointwise>) =>
  String(await checkBounds(layer, shapes, { device: await openTestDevice() }));
const scratchText = pointwiseText().replace("y[i] = 2.0 * x[i];", "y[i] = 2.0 * x[i] + 0.001 * dy[i];");
const scratch = pointwise(scratchText, {
  forward(rec, { x, y }) {
    const dy = tensor("scratch", x.shape), f = kernel(scratchText, { entry: "t_forward" });
    rec.dispatch(f, { x, y, dy }, { size: y.size }, y.size);
  },
});

test.each([
  ["a gradient that is added to", pointwise(pointwiseText(undefined, "dx[i] += 2.0 * dy[i];")), new RegExp(
    "^ {2}t_backward reads dx before it has written it \\(\\+= \\?\\): dx\\[0, 0, 0, 0\\] changes with what was there "
      + "before; kernels overwrite, never add$", "m")],
  ["a sum begun by what was there, in one element",
    pointwise(pointwiseText("y[i] = 2.0 * x[i]; if (i == 7u) { y[i] = y[8] + x[i]; }")),
    /^ {2}t_forward reads y before it has written it \(\+= \?\): y\[0, 0, 2, 1\] changes/m],
  ["scratch that nothing writes", scratch,
    /^ {2}t_forward reads elements of scratch that nothing has written yet: y\[0, 0, 0, 0\] changes/m],
])("%s", async (_, layer, want) => { expect(await check(layer)).toMatch(want); });

test("a sum that begins with its own zero, and a result read behind its write, are well", async () => {
  const own = pointwise(pointwiseText("y[i] = 0.0; for (var k = 0u; k < 2u; k++) { y[i] += x[i]; }"));
  expect(await check(own)).toMatch(/^✓ t/);
});
