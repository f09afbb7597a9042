// docs/custom-layers.md, typed in as printed: every file of it is written, every command run, in a folder that knows
// the built package by its name.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { joined } from "./joined.js";

const guide = readFileSync("docs/custom-layers.md", "utf8");
const files = [...guide.matchAll(/^`([\w.-]+)`:\n\n```\w+\n([\s\S]*?)```$/gm)]
  .map(([, name, text]) => [name, text] as const);
let folder = "";

beforeAll(() => {
  execFileSync(process.execPath, ["build.mjs", "--only", "cli", "--quiet"]);
  mkdirSync("dist", { recursive: true });
  folder = mkdtempSync(join("dist", "guide-"));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a file of the guide, or `convoy check` on one, there. */
const run = (...args: string[]) => {
  const env = { ...process.env, NO_COLOR: "1" };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", env });
  return { out: stdout, err: stderr.replace(/^Warning: max.*\n/gm, ""), status };  // Dawn's, about dynamic buffers
};
const convoyCheck = (...args: string[]) => run(join("..", "src/node/cli.js"), "check", ...args);
/** `convoy check` on a file with a change in one place. */
function broken(file: string, from: string, to: string, checked = file) {
  const path = join(folder, file), text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
  try { return convoyCheck(checked); } finally { writeFileSync(path, text); }
}

test("the guide has its files", () => {
  expect(files.map(([name]) => name))
    .toEqual(["swish.mjs", "group-norm.wgsl", "group-norm.mjs", "check.mjs", "train.mjs", "smooth-l1.wgsl",
      "regress.mjs"]);
});

test("both layers pass the checks", () => {
  const swish = convoyCheck("swish.mjs"), norm = convoyCheck("group-norm.mjs"), own = run("check.mjs");
  for (const [checked, told] of [
    [swish, /^✓ swish: .*48 of 200 elements of dx$/m],
    [norm, /^✓ groupNorm: .*all 4 elements of dbias$/m],
    [own, /^✓ groupNorm/],
  ] as const) expect(checked).toMatchObject({ err: "", status: 0, out: expect.stringMatching(told) });
});

test("what the guide breaks is found as the guide says", () => {
  const slope = broken("swish.mjs", "(1 - y)", "(1 + y)");
  const slopeTold = expect.stringMatching(/^✗ swish: .*\n {2}dx\[.*\] is .*, differences say /m);
  expect(slope).toMatchObject({ err: "", status: 1, out: slopeTold });
  const race = broken("group-norm.wgsl", "  workgroupBarrier();\n", "", "group-norm.mjs");
  const raceTold = guide.split("\n").find((line) => line.startsWith("      group_norm_forward, line"))!.trim();
  expect(race).toMatchObject({ status: 1, out: expect.stringContaining(raceTold.split(" reads in")[0]) });
  expect(broken("group-norm.mjs", "dbias: dbias ?? unused", "dbias").out).toMatch(joined(
    /^ {2}without dbias: groupNorm, backward, group_norm_params: nothing is bound to "dbias"/,
    /.*dbias \?\? tensor\("unused", bias\.shape\)$/m));
  expect(broken("group-norm.wgsl", "i / D)", "i % D)", "group-norm.mjs").out)
    .toMatch(/^ {2}y\[\d, \d, \d, \d\] is .*, expected /m);
  const store = "stats[2 * (id.y * dim.G + id.x)] = mean;";
  const bracket = broken("group-norm.wgsl", store, store.replace(")]", ")]]"), "group-norm.mjs");
  const bracketTold = expect.stringContaining('line 54, column 37: "]" closes nothing');
  expect(bracket).toMatchObject({ status: 1, err: bracketTold });
});

test("a command line that is wrong is told in one line", () => {
  expect(convoyCheck()).toMatchObject({
    status: 2, err: "error: check what? A file that exports layers: convoy check my-layer.mjs\n",
  });
  expect(convoyCheck("none.mjs")).toMatchObject({ status: 2, err: "error: none.mjs: there is no such file\n" });
  expect(convoyCheck("swish.mjs", "--shape", "2,3,x")).toMatchObject({
    status: 2, err: 'error: --shape is integers of at least 1, such as 2,5,5,4, not "2,3,x"\n',
  });
  expect(convoyCheck("--help").out).toContain("convoy check FILE.mjs");
});

test("several layers have shapes, ranges and references by name, and one that fails hides none", () => {
  writeFileSync(join(folder, "several.mjs"), `import { elementwise } from "convoy-gpu/wgsl";
export { layer as norm } from "./group-norm.mjs";
import { reference as norm } from "./group-norm.mjs";
export const log = elementwise({ name: "log", forward: "log(x)", backward: "dy / x" });
export const odd = { ...log, name: "odd", shape: () => { throw new Error("no shape will do"); } };
export { swish } from "./swish.mjs";
export const shapes = { norm: [[2, 3, 5, 4]], log: [[2, 9]] }, range = { log: [0.5, 2] };
export const reference = { norm, swish: () => { throw new Error("not at home"); } };
`);
  const { out, err, status } = convoyCheck("several.mjs");
  expect({ err, status }).toEqual({ err: "", status: 1 });
  expect(out.split("\n").map((line) => line.slice(0, 90))).toEqual(expect.arrayContaining([
    expect.stringMatching(/^✓ groupNorm: /), expect.stringMatching(/^✓ log: /), "✗ odd: no shape will do",
    expect.stringMatching(/^✗ swish: its reference threw "not at home"; it gets \(x\) and their shapes by na/),
  ]));
});

test("the network trains, and says so", () => {
  const { out, err, status } = run("train.mjs");
  expect({ err, status }).toEqual({ err: "", status: 0 });
  expect(out).toMatch(/^1 \(groupNorm\)/m);
  const accuracy = Number(/^epoch 2: loss [\d.]+, test accuracy ([\d.]+) %$/m.exec(out)?.[1]);
  expect(accuracy).toBeGreaterThan(40);
});

test("a loss of its own teaches a network to predict numbers", () => {
  const { out, err, status } = run("regress.mjs"), numbers = /^predicted (.*) wanted (.*)$/m.exec(out);
  expect({ err, status }).toEqual({ err: "", status: 0 });
  const [predicted, wanted] = numbers!.slice(1).map((list) => list.split(" ").map(Number));
  expect(predicted).toHaveLength(3);
  predicted.forEach((v, i) => { expect(Math.abs(v - wanted[i])).toBeLessThan(0.2); });
});
