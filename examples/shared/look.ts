// What a page shows of a run's inside: predictions, the first layer's filters, one layer's feature maps.
import type { Run } from "convoy-gpu";
import type { Dataset } from "convoy-gpu/data";
import type { FromWorker, Planes } from "./protocol.js";

/** Which of the images that are shown, and the path of which layer; without one, the first convolution. */
export interface Wanted { image: number; layer?: string }

const FILTERS = 64, MAPS = 32;  // planes that are sent, at most

/** Path and name of the layers whose outputs are images; of those that share a path, the last. */
export function spatial(run: Run): (readonly [path: string, name: string])[] {
  return run.session.programs[0].graph.nodes.filter(({ path, y }, i, all) => y.shape.length === 4 && all.findLastIndex((n) => n.path === path) === i).map(({ path, layer }) => [path, layer.name] as const);
}

export async function look(run: Run, data: Dataset, { image, layer: asked }: Wanted): Promise<Extract<FromWorker, { type: "seen" }>> {
  const layers = spatial(run), layer = layers.find(([path]) => path === asked)?.[0] ?? layers.find(([, name]) => name === "conv2d")?.[0] ?? layers[0]?.[0] ?? "";
  const predictions = await run.predict(channelsFirst(data, 0, data.size));
  const activations = await run.activations(channelsFirst(data, image, 1)), found = activations.findLast(({ path }) => path === layer);
  return {
    type: "seen", layer, layers, filters: await filters(run), maps: found && planes(found.data, found.shape.slice(1), MAPS),
    predictions: predictions.map(({ label, probabilities }) => ({ label, probability: probabilities[label] })),
  };
}

/** The first convolution's windows, one for each filter and, where there are few, input channel. */
async function filters({ session: { network, memory } }: Run): Promise<Planes | undefined> {
  const first = [...network.params.values()].find(({ tensor }) => tensor.shape.length === 4);
  if (!first) return undefined;
  const [R, S, C, K] = first.tensor.shape, values = await memory.read(first.tensor), data = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) data[i % K * C * R * S + Math.floor(i / K) % C * R * S + Math.floor(i / (K * C))] = values[i];
  return planes(data, [K * C, R, S], FILTERS);
}

function planes(data: Float32Array, [count, height, width]: readonly number[], most: number): Planes {
  const n = Math.min(count, most);
  return { data: data.slice(0, n * height * width), shape: [n, height, width], of: count };
}

/** Bytes [N, C, H, W] of some images. */
function channelsFirst({ images, size, shape: [C, H, W] }: Dataset, from: number, count: number): Uint8Array {
  const each = images.length / size, bytes = images.subarray(from * each, (from + count) * each), out = new Uint8Array(bytes.length);
  for (let n = 0; n < count; n++) for (let c = 0; c < C; c++) for (let i = 0; i < H * W; i++) out[n * each + c * H * W + i] = bytes[n * each + i * C + c];
  return out;
}
