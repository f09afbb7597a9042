import type { Player } from "./player.js";

const MAP_READ = 1, COPY_SRC = 4, COPY_DST = 8, QUERY_RESOLVE = 512;  // GPUBufferUsage

/**
 * Nanoseconds of each dispatch: every one in a pass of its own between two timestamps, all in one submit. Needs a device
 * with timestamps (`device.adapter.timestamps`).
 */
export async function timeDispatches(player: Player): Promise<Float64Array> {
  const { device: { gpu }, dispatches } = player, count = 2 * dispatches.length, bytes = 8 * count;
  const querySet = gpu.createQuerySet({ type: "timestamp", count });
  const resolved = gpu.createBuffer({ label: "timestamps", size: bytes, usage: QUERY_RESOLVE | COPY_SRC });
  const staging = gpu.createBuffer({ label: "timestamps staging", size: bytes, usage: MAP_READ | COPY_DST });
  try {
    const encoder = gpu.createCommandEncoder({ label: `profile ${player.label}` });
    dispatches.forEach((_, i) => {
      const pass = encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 } });
      player.encode(pass, i, i + 1);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    await player.device.until(staging.mapAsync(1));
    const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
    return Float64Array.from(dispatches, (_, i) => Number(ticks[2 * i + 1] - ticks[2 * i]));
  } finally {
    querySet.destroy();
    resolved.destroy();
    staging.destroy();
  }
}
