// The project of one who uses the package: its folder, commands that run in it, and the code that README.md has for it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archives, unpack } from "../../src/node/unpack.js";

/** A folder that is removed after the checks, with the project in it. */
export const folder = mkdtempSync(join(tmpdir(), "convoy-package-")), project = join(folder, "project");

/** Runs a command in the user's project. What it prints comes back; where it fails, that is the error. */
export function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, {
      cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    });
  } catch (e) {
    const { stdout, stderr } = e as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  }
}

/** Runs a script in Deno: on SwiftShader, unless CONVOY_ADAPTER asks for the system's driver. */
export function deno(...args: string[]): string {
  const driver = unpack(join(archives(), "swiftshader.tar.br"));
  const software = [`LD_LIBRARY_PATH=${driver}`, `VK_ICD_FILENAMES=${join(driver, "vk_swiftshader_icd.json")}`];
  const variables = process.env.CONVOY_ADAPTER === "software" ? software : [];
  return run("env", ...variables, "npx", "deno", "run", "--unstable-webgpu", "--allow-all", ...args);
}

const blocks = /^```(?:js|html)\n(?:\/\/|<!--) ([\w.]+)[\s\S]*?^```$/gm;
/** The code of README.md by file name: a block begins with a comment that names its file, `// main.js: …`. */
export const readme = new Map([...readFileSync("README.md", "utf8").matchAll(blocks)].map(([block, name]) =>
  [name, block.split("\n").slice(1, -1).join("\n") + "\n"]));
