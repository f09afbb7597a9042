// The golden vectors on the adapter at hand. With a rung, or with each of them in turn (--rung each), that one is taken
// wherever it fits, whatever the adapter would take by itself.
import { parseArgs } from "node:util";
import { readdirSync, readFileSync } from "node:fs";
import { ConvoyError, FormatError } from "../../src/errors.js";
import { openDevice, type Device } from "../../src/gpu/device.js";
import { openDevice as openDeviceInNode } from "../../src/node/device.js";
import type { OpsFile } from "./cases.js";
import type { Check } from "./compare.js";
import { checkModel, type ModelFile } from "./models.js";
import { checkOps } from "./ops.js";

const FOLDER = "test/golden";
const usage = "npm run golden -- [--rung NAME | --rung each] FILE... (default: all of test/golden)";
const { values: { rung, help }, positionals: said } = words();
const NEEDED = ["family", "options", "input", "labels", "layerShapes", "parameters", "logits", "grads", "losses"];

function words() {
  try {
    return parseArgs({
      allowPositionals: true, options: { rung: { type: "string" }, help: { type: "boolean" } },
    });
  } catch (e) {
    console.error(`error: ${(e as Error).message}\n${usage}`);
    process.exit(1);
  }
}

/** The checks of a file, by what is in it. */
function checksOf(device: Device, path: string): AsyncGenerator<Check> {
  let content: Partial<OpsFile & ModelFile> | null;
  try { content = JSON.parse(readFileSync(path, "utf8")); } catch (cause) {
    throw new FormatError(`${path} cannot be read: ${(cause as Error).message.replace(/\s+/g, " ")}`, { path }, cause);
  }
  if (content && Array.isArray(content.cases)) return checkOps(device, content as OpsFile, rung);
  const missing = NEEDED.filter((name) => !content || !(name in content));
  if (missing.length) throw new FormatError(
    `${path} holds no golden vectors: it has neither cases nor ${missing.join(", ")}`, { path, missing });
  return checkModel(device, content as ModelFile, rung);
}

async function run(paths: readonly string[]): Promise<boolean> {
  const open = globalThis.navigator?.gpu ? openDevice : openDeviceInNode;  // Deno has a WebGPU of its own
  const device = await open(), count = { ok: 0, FAIL: 0, unsupported: 0 };
  let broken = 0;
  console.log(`adapter: ${device.adapter.name}`);
  for (const path of paths) try {
    for await (const { name, error, tolerance, ok, unsupported } of checksOf(device, path)) {
      const result = ok ? "ok" : unsupported ? "unsupported" : "FAIL";
      count[result]++;
      const told = unsupported ? `(${unsupported})` : `${error.toExponential(1)} of ${tolerance}`;
      console.log(`${result.padEnd(11)}  ${path}  ${name}  ${told}`);
    }
  } catch (e) {
    broken++;
    console.log(`FAIL         ${path}  ${e instanceof ConvoyError ? `${e.name}: ${e.message}` : (e as Error).stack}`);
  }
  device.destroy();
  console.log(`${count.ok} passed, ${count.FAIL + broken} failed, ${count.unsupported} unsupported`);
  return !count.FAIL && !broken;
}

try {
  const all = () => readdirSync(FOLDER).filter((f) => f.endsWith(".json")).sort().map((f) => `${FOLDER}/${f}`);
  if (help) console.log(usage); else process.exitCode = await run(said.length ? said : all()) ? 0 : 1;
} catch (e) {
  console.error(e instanceof ConvoyError ? `error: ${e.message}` : e);
  process.exitCode = 1;
}
