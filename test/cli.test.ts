// The command line as a user meets it: a process, its output, its exit code, the file it leaves.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lenet } from "../models/index.js";
import { passes } from "../src/profile/cost.js";
import { describe as network } from "../src/train/network.js";
import { readSafetensors, stateDict } from "../src/index.js";
import { help } from "../src/node/options.js";

const folder = mkdtempSync(join(tmpdir(), "convoy-cli-")), output = join(folder, "weights.safetensors");

beforeAll(() => {
  const built = spawnSync(process.execPath, ["build.mjs", "--only", "cli", "--quiet"], { encoding: "utf8" });
  expect(built.stderr, "build").toBe("");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended { code: number | null; out: string; err: string }
/** Runs dist/src/node/cli.js. `seen` gets all output so far whenever there is more. */
function convoy(args: readonly string[], seen?: (output: string, kill: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, ["dist/src/node/cli.js", ...args], { env: { ...process.env, NO_COLOR: "1" } });
  let out = "", err = "";
  child.stdout.on("data", (text) => { out += text; seen?.(out, () => child.kill("SIGINT")); });
  child.stderr.on("data", (text) => { err += text; });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

const small = [
  "train", "lenet", "--limit", "128", "--batch", "32", "--micro-batch", "12", "--augment", "crop=2,flip",
  "--normalise", "0.286/0.353", "--adapter", "software", "--output", output,
];

test("the help tells all flags and the models", async () => {
  const { code, out, err } = await convoy(["--help"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  for (const flag of [
    "data", "batch", "micro-batch", "epochs", "lr", "momentum", "activation", "seed", "adapter", "output", "keep-best",
    "json", "resume", "recipe", "augment", "normalise", "limit", "quiet",
  ]) expect(out).toContain(`--${flag}`);
  expect(out).toContain("lenet");
  for (const line of help().split("\n")) expect(line.length).toBeLessThanOrEqual(110);
});

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await convoy(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

test("a wrong option is one line and exit code 2", async () => {
  const { code, out, err } = await convoy(["train", "lenet", "--epochs", "-1"]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/^error: --epochs is .*, not "-1"; .*\n$/);
});

test("a slip in the JavaScript of a layer is told with its file and line, also of one it imports", async () => {
  const inner = join(folder, "inner.mjs"), file = join(folder, "layer.mjs");
  writeFileSync(inner, "export const one = 1;\nexport const two = ;\n");
  writeFileSync(file, 'import { two } from "./inner.mjs";\nexport const layer = two;\n');
  const { code, err } = await convoy(["check", file]);
  expect([code, err]).toEqual([1, `error: ${inner}, line 2: Unexpected token ';' (export const two = ;)\n`]);
  writeFileSync(inner, "export const one = 1;\n");
  expect((await convoy(["check", file])).err).toMatch(/layer\.mjs, line 1: .*export named 'two' \(import \{/);
  for (const made of [inner, file]) rmSync(made);
});

test("a small training runs to its end and leaves a checkpoint", { timeout: 120_000 }, async () => {
  const best = join(folder, "best.safetensors"), course = join(folder, "course.json");
  const { code, out, err } = await convoy([...small, "--epochs", "1", "--keep-best", best, "--json", course]);
  expect(code, err).toBe(0);
  for (const told of [
    /^Adapter: .*SwiftShader/m, /software/, /61,706 parameters/, /batches of 32 in parts of 12/,
    /^ +1 +\d\.\d{4} +[\d.]+ % +\d\.\d{4} +[\d.]+ %/m, / loss\n.*┤/, /[✓✗] /, /^Test accuracy: [\d.]+ % of 64 images$/m,
  ]) expect(out).toMatch(told);
  expect(out).toContain(`Saved: ${output}`);
  expect(out).toMatch(/^Best: epoch 1, test loss \d\.\d{4}, in .*best\.safetensors$/m);
  expect(readFileSync(best)).toEqual(readFileSync(output));
  const { command, images, course: [{ epoch, loss }], losses } = JSON.parse(readFileSync(course, "utf8"));
  expect({ model: command.model, epoch, images, steps: losses.length })
    .toEqual({ model: "lenet", epoch: 1, images: { train: 128, test: 64 }, steps: 4 });
  expect(loss).toBeCloseTo(losses.reduce((a: number, b: number) => a + b / 4, 0), 3);
  for (const file of [best, course]) rmSync(file);
  expect(out).not.toContain("\x1b");
  const { metadata } = readSafetensors(readFileSync(output)), tensors = stateDict(readFileSync(output));
  expect([...tensors.keys()].sort()).toEqual([...network(lenet(), [1, 28, 28], 2 ** 27).params.keys()].sort());
  expect(tensors.size).toBe(10);
  expect(tensors.get("0.weight")!.shape).toEqual([6, 1, 5, 5]);
  expect(tensors.get("7.weight")!.shape).toEqual([120, 400]);
  expect(metadata.get("epoch")).toBe("1");

  const more = [...small, "--resume", output, "--quiet"], again = await convoy([...more, "--epochs", "2"]);
  expect(again.code, again.err).toBe(0);
  expect(again.out).toContain(`Resumed: ${output}, goes on in epoch 2 of 2, after 4 steps\n`);
  expect([...again.out.matchAll(/^ +(\d) +\d\.\d{4}/gm)].map(([, epoch]) => epoch)).toEqual(["2"]);
  expect(readSafetensors(readFileSync(output)).metadata.get("steps")).toBe("8");
  const done = await convoy([...more, "--epochs", "2"]);
  const refusal = `error: ${output} has 2 complete epochs already; to go on, give --epochs above 2\n`;
  expect(done).toMatchObject({ code: 1, err: refusal });
});

test("Ctrl-C ends the training and saves what was reached", { timeout: 120_000 }, async () => {
  rmSync(output, { force: true });
  let killed = false;
  const { code, out, err } = await convoy([...small, "--epochs", "5000", "--quiet"], (text, kill) => {
    if (!killed && /^ +1 +\d/m.test(text)) { killed = true; kill(); }
  });
  expect(code, err).toBe(130);
  expect(out).toMatch(/^Stopped in epoch \d+ of 5000, after \d+ steps: loss \d\.\d{4}/m);
  expect(stateDict(readFileSync(output)).size).toBe(10);
  expect(readdirSync(folder), "no drafts are left").toEqual(["weights.safetensors"]);
});

test("a training that fails says why in one line, and writes nothing", { timeout: 120_000 }, async () => {
  rmSync(output, { force: true });
  const { code, err } = await convoy([...small, "--lr", "1e30", "--quiet"]);
  expect(code).toBe(1);
  expect(err).toMatch(/^error: the loss of step \d+ is NaN or infinite .+; lower the learning rate.+$/m);
  expect(err).not.toContain("    at ");
  expect(existsSync(output)).toBe(false);
});

test("a profile is a table, and data", { timeout: 120_000 }, async () => {
  const json = join(folder, "profile.json");
  const { code, out, err } = await convoy(
    ["profile", "lenet", "--batch", "4", "--adapter", "software", "--json", json]);
  expect(code, err).toBe(0);
  for (const told of [
    /^Roofline: [\d.]+ GFLOP\/s, [\d.]+ GB\/s/m, /^0 \(conv2d\) +weight gradient .*%$/m,
    /^\d+ dispatches take [\d.]+ ms/m, /images\/s; the host takes [\d.]+ µs a dispatch\.$/m,
  ]) expect(out).toMatch(told);
  const { rows, batch } = JSON.parse(readFileSync(json, "utf8")) as { rows: { pass: string }[]; batch: number };
  expect(batch).toBe(4);
  expect(new Set(rows.map((r) => r.pass))).toEqual(new Set(passes));
});

test("the commands that measure and compare tell their words, and which is wrong", () => {
  spawnSync(process.execPath, ["build.mjs", "--only", "golden", "--quiet"]);
  for (const [file, usage] of [["dist/golden.js", "npm run golden"], ["test/peers/run.mjs", "npm run bench:peers"]]) {
    const ended = (word: string) => spawnSync(process.execPath, [file, word], { encoding: "utf8" });
    expect(ended("--help")).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(`^${usage} -- `) });
    expect(ended("--odd")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: .*'--odd'/) });
    expect(ended("--odd").stderr).not.toContain("    at ");
  }
});
