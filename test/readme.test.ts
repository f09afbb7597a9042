// README's parts of networks, as printed: their shapes, and what their parameters are called.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as convoy from "../src/index.js";

const text = readFileSync("README.md", "utf8");
const block = (name: string) => new RegExp(`^const ${name} =[^\`]*`, "m").exec(text)![0];
/** The value of an expression behind code that uses names of the library. */
const value = (code: string, expression: string) =>
  new Function(...Object.keys(convoy), `${code}; return ${expression};`)(...Object.values(convoy)) as convoy.Part;
const shown = (net: convoy.Part, input: number[]) => convoy.summary(net, {
  input, batch: 2, loss: { ...convoy.meanSquaredError(), check() {} },
}).layers.filter(({ parameters }) => parameters).map(({ path, shape }) => `${path} ${shape}`);

test("a residual block, and parts by name", () => {
  expect(shown(value(block("residual"), "residual(3)"), [3, 8, 8])).toEqual(["0 2,3,8,8", "1 2,3,8,8", "conv 2,3,8,8"]);
  expect(shown(value(block("chain"), "stem"), [3, 32, 32])).toEqual(["conv1 2,64,16,16", "bn1 2,64,16,16"]);
});
