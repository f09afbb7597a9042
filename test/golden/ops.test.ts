import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { checked, openTestDevice } from "../support.js";
import type { OpsFile } from "./cases.js";
import { values, type Check } from "./compare.js";
import { checkCase } from "./ops.js";

const file: OpsFile = JSON.parse(readFileSync(new URL("ops.json", import.meta.url), "utf8"));
const checks: Check[] = [];

test("the generator gives the numbers of the golden vectors", () => {
  const got = values({ seed: 1, shape: [2, 2], kind: "signed", scale: 1 });
  expect([...got]).toEqual([0.21640217304229736, 0.10016381740570068, -0.7345445156097412, -0.9850658178329468]);
});

test.each(file.cases)("PyTorch agrees: $op $name", async (c) => {
  const device = await openTestDevice(), found = await checked(device, () => checkCase(device, c));
  checks.push(...found);
  expect(found).not.toEqual([]);
  for (const { name, error, ok, tolerance } of found)
    if (!ok) expect.fail(`${name}: off by ${error.toExponential(1)}, allowed ${tolerance}`);
});

afterAll(() => {
  if (!process.env.CONVOY_WORST) return;
  const worst = checks.toSorted((a, b) => b.error / b.tolerance - a.error / a.tolerance)[0];
  const held = checks.filter((c) => c.ok).length, nearest = `${worst.name}, ${worst.error.toExponential(1)}`;
  console.log(`${held} of ${checks.length} checks hold; nearest to its limit: ${nearest}`);
});
