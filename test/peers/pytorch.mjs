import { spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { LR } from "./networks.mjs";

const python = ["/usr/bin/python3", "python3", "python"]
  .find((command) => spawnSync(command, ["-c", "import torch"]).status === 0);
export const version = python
  && spawnSync(python, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" }).stdout.trim();

/**
 * PyTorch in a process of its own, with as many threads as there are cores.
 * `onnx`: a file that it writes the network to.
 */
export async function open({ net, batch, onnx }) {
  if (!python) return undefined;
  const child = spawn(python, ["test/peers/pytorch.py"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch has ended");
    return JSON.parse(value);
  };
  const { parameters } = await ask(JSON.stringify({ net, batch, onnx, lr: LR, threads: cpus().length }));
  return {
    parameters,
    async train(n) { return (await ask(`train ${n}`)).value; },
    async infer(n) { await ask(`infer ${n}`); },
    close() { child.stdin.end(); },
  };
}
