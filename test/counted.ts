/** Counts what a device is asked for while f runs. */
export async function counted(gpu: GPUDevice, f: () => void | Promise<void>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}, undo: (() => void)[] = [];
  const count = (name: string, by = 1) => { counts[name] = (counts[name] ?? 0) + by; };
  const wrap = (on: object, name: string, before: (...args: never[]) => void) => {
    const object = on as Record<string, (...args: never[]) => unknown>, original = object[name];
    object[name] = function (this: unknown, ...args: never[]) { before(...args); return original.apply(this, args); };
    undo.push(() => { object[name] = original; });
  };
  const prototype = Object.getPrototypeOf(gpu) as object;
  const made = Object.getOwnPropertyNames(prototype).filter((n) => n.startsWith("create"));
  for (const name of made) wrap(prototype, name, () => count(name));
  const queue = Object.getPrototypeOf(gpu.queue) as object;
  wrap(queue, "submit", () => count("submit"));
  wrap(queue, "writeBuffer", (...of: [GPUBuffer, number, ArrayBuffer, number, number | undefined]) => {
    const [buffer, , data, , size] = of;
    count("bytes", size ?? (data ?? buffer).byteLength);
  });
  const encoder = Object.getPrototypeOf(gpu.createCommandEncoder()) as object;
  wrap(encoder, "beginComputePass", () => count("passes"));
  wrap(encoder, "copyBufferToBuffer", () => count("copies"));
  const pass = gpu.createCommandEncoder().beginComputePass();
  for (const [name, what] of [["dispatchWorkgroups", "dispatches"], ["setBindGroup", "groups"]])
    wrap(Object.getPrototypeOf(pass) as object, name, () => count(what));
  delete counts.createCommandEncoder;
  const buffer = gpu.createBuffer({ size: 4, usage: 8 });
  wrap(Object.getPrototypeOf(buffer) as object, "mapAsync", () => count("maps"));
  for (const name of Object.keys(counts)) delete counts[name];
  try { await f(); } finally { for (const restore of undo) restore(); }
  return counts;
}
