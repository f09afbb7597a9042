// Lines that errors and findings name are the source's, imports or not;
// and inputs that a layer is not meant for are told as such.
import { expect, test } from "vitest";
import { checkBounds, checkEnds, checkGradients, checkRaces, compare } from "../src/check/index.js";
import { elementwise } from "../src/wgsl/index.js";
import { pointwise, pointwiseText } from "./pointwise.js";
import { openTestDevice } from "./support.js";

const shapes = [[2, 4, 3, 2]];
const imported = (body: string) => `// #import philox\n// #import curves\n${pointwiseText(body)}`;
const at = imported("HERE").split("\n").findIndex((line) => line.includes("HERE")) + 1;

test("lines are the source's where the text imports", async () => {
  const device = await openTestDevice();
  await expect(checkBounds(pointwise(imported("y[i] = 2.0 * xx[i];")), shapes, { device })).rejects.toThrow(new RegExp(
    `t_forward does not compile: ${at}:\\d+ unresolved value 'xx' \\(y\\[i\\] = 2.0 \\* xx\\[i\\];\\)`));
  expect(String(await checkRaces(pointwise(imported("y[i / 2u] = 2.0 * x[i];")), shapes)))
    .toContain(`t_forward, line ${at} (y[i / 2u] = 2.0 * x[i];)`);
  const endless = pointwise(imported("while (x[i] < 9e9) { } y[i] = 1.0;"));
  expect(String(await checkEnds(endless, shapes, { device }))).toContain(`t_forward, line ${at} (while`);
});

test("a layer over positive inputs is checked over a range, and without one the report says how", async () => {
  const device = await openTestDevice(), log = elementwise({ name: "log", forward: "log(x)", backward: "dy / x" });
  const reference = ({ x }: Readonly<Record<string, Float64Array>>) => x.map(Math.log);
  expect(String(await checkGradients(log, shapes, { device, reference }))).toMatch(
    /; if the layer is not meant for such inputs, draw others: range: \[low, high\], such as \[0\.5, 2\]$/);
  for (const range of [[0.5, 2], [0.1, 1]] as const) {
    expect(String(await checkGradients(log, shapes, { device, range }))).toMatch(/^✓ log/);
    expect(String(await compare(log, reference, shapes, { device, range }))).toMatch(/^✓ log/);
  }
  await expect(checkGradients(log, shapes, { device, range: [2, 1] }))
    .rejects.toThrow("range is a number above 0, or [low, high], not [2,1]");
  await expect(compare(log, () => undefined as never, shapes, { device, range: [1, 2] }))
    .rejects.toThrow("log: its reference gave undefined; it returns y, a list of numbers");
});
