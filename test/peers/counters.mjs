// Counts what a library asks WebGPU for, by wrapping the methods that all its devices share.
const live = new WeakMap();  // bytes of each buffer, and whose they are
let current = fresh();
export function fresh() {
  return { submits: 0, passes: 0, dispatches: 0, buffers: 0, bindGroups: 0, bytes: 0, peak: 0 };
}

/** From now on, calls count for these counters. */
export function countFor(counters) { current = counters; }

export async function wrap(gpu) {
  const device = await (await gpu.requestAdapter()).requestDevice();
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  const buffer = device.createBuffer({ size: 4, usage: 8 });
  const on = (object, name, after) => {
    const prototype = Object.getPrototypeOf(object), original = prototype[name];
    prototype[name] = function (...args) {
      const result = original.apply(this, args);
      after(result, args, this);
      return result;
    };
  };
  on(device, "createBuffer", (made, [{ size }]) => {
    const c = current;
    live.set(made, { size, c });
    c.buffers++;
    c.bytes += size;
    c.peak = Math.max(c.peak, c.bytes);
  });
  on(device, "createBindGroup", () => current.bindGroups++);
  on(buffer, "destroy", (_, __, self) => {
    const known = live.get(self);
    if (known) { known.c.bytes -= known.size; live.delete(self); }
  });
  const queue = Object.getPrototypeOf(device.queue), { writeBuffer } = queue;
  // Dawn in Node takes no shared memory, which onnxruntime-web's is.
  queue.writeBuffer = function (buffer, offset, data, ...rest) {
    const shared = ArrayBuffer.isView(data) && !(data.buffer instanceof ArrayBuffer);
    return writeBuffer.call(this, buffer, offset, shared ? data.slice() : data, ...rest);
  };
  on(device.queue, "submit", () => current.submits++);
  on(encoder, "beginComputePass", () => current.passes++);
  for (const name of ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"]) on(pass, name, () => current.dispatches++);
  pass.end();
  device.destroy();
}
