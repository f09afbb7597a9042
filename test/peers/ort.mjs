import { existsSync, readFileSync } from "node:fs";
import { batchOf } from "./networks.mjs";

/** Inference only: its training was taken out. The network comes as the ONNX file that PyTorch has written. */
export async function open({ net, batch, onnx }) {
  if (!existsSync(onnx)) return undefined;
  const ort = await import("onnxruntime-web/webgpu"), { images } = batchOf(net, batch);
  ort.env.wasm.numThreads = 1;
  const dist = "test/peers/node_modules/onnxruntime-web/dist";
  ort.env.wasm.wasmBinary = readFileSync(`${dist}/ort-wasm-simd-threaded.asyncify.wasm`);
  const session = await ort.InferenceSession.create(readFileSync(onnx), { executionProviders: ["webgpu"] });
  const x = new ort.Tensor("float32", images, [batch, ...net.input]);
  return {
    async infer(n) { for (let i = 0; i < n; i++) await session.run({ x }); },
    close() { void session.release(); },
  };
}
