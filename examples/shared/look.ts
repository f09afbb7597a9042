// What a page shows of a run's inside, read when it asks: predictions, and of one layer its maps, weights, and how
// values are spread.
import type { Run } from "convoy-gpu";
import type { Dataset } from "convoy-gpu/data";
import { histogram } from "./histogram.js";
import type { Inside, Picture, Planes, Seen } from "./protocol.js";

/**
 * Which of the images that are shown, which layer, by its number in the summary, the visitor's own image [C, H, W], and
 * the step at which the run was made: gradients are there only after another.
 */
export interface Wanted { image: number; layer: number; own?: Uint8Array; from: number }

// Planes that are sent, and rows and columns of a linear layer's weights, at most.
const FILTERS = 64, MAPS = 32, SIDE = 128;

export async function look(run: Run, data: Dataset, { image, layer, own: drawn, from }: Wanted): Promise<Seen> {
  // Both may be of the data set before: an image that this one lacks, a drawing of another size.
  const chosen = channelsFirst(data, Math.min(image, data.size - 1), 1);
  const own = drawn?.length === chosen.length ? drawn : undefined;
  const shown = channelsFirst(data, 0, data.size), all = new Uint8Array(shown.length + (own?.length ?? 0));
  all.set(shown);
  if (own) all.set(own, shown.length);
  const predictions = await run.predict(all);
  return {
    type: "seen",
    own: own && predictions.at(-1)?.probabilities,
    predictions: predictions.slice(0, data.size)
      .map(({ label, probabilities }) => ({ label, probability: probabilities[label] })),
    inside: await inside(run, chosen, layer, from),
  };
}

/** A layer's output for one image; its weights, and their gradients in the last step. */
async function inside(run: Run, image: Uint8Array, layer: number, from: number): Promise<Inside | undefined> {
  const { session: { steps, memory, programs: [{ graph }] } } = run;
  const weight = graph.nodes[layer]?.own.weight, gradient = weight && graph.grads.get(weight);
  const [activation] = await run.activations(image, layer);
  if (!activation) return undefined;
  const weights = weight && await memory.read(weight);
  const slopes = gradient && steps > from ? await memory.read(gradient) : undefined;
  return {
    layer, step: steps,
    maps: mapPlanes(activation.data, activation.shape),
    weights: weights && weightPlanes(weights, weight.shape),
    spread: {
      outputs: histogram(activation.data),
      weights: weights && histogram(weights),
      gradients: slopes && histogram(slopes),
    },
  };
}

/**
 * Weights as planes: a convolution's windows, one for each filter and, where there are few, input channel; a linear
 * layer's whole matrix.
 */
function weightPlanes(values: Float32Array, shape: readonly number[]): Planes | undefined {
  if (shape.length === 2) {
    const [I, O] = shape, rows = Math.min(O, SIDE), columns = Math.min(I, SIDE);
    const data = new Float32Array(rows * columns);
    for (let o = 0; o < rows; o++) for (let i = 0; i < columns; i++) data[o * columns + i] = values[i * O + o];
    return { data, shape: [1, rows, columns], of: 1 };
  }
  if (shape.length !== 4) return undefined;
  const [R, S, C, K] = shape, count = Math.min(K * C, FILTERS), data = new Float32Array(count * R * S);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < R * S; i++) data[n * R * S + i] = values[(i * C + n % C) * K + Math.floor(n / C)];
  return { data, shape: [count, R, S], of: K * C };
}

/** Maps of a layer [1, C, H, W]; features [1, F] as one plane, about twice as wide as high. */
function mapPlanes(data: Float32Array, [, ...shape]: readonly number[]): Planes {
  if (shape.length === 3) {
    const [count, height, width] = shape, shown = Math.min(count, MAPS);
    return { data: data.slice(0, shown * height * width), shape: [shown, height, width], of: count };
  }
  const features = shape[0];
  let rows = Math.max(1, Math.floor(Math.sqrt(features / 2)));
  while (features % rows) rows--;
  return { data: data.slice(), shape: [1, rows, features / rows], of: 1 };
}

/** An image of a data set as the page draws it. */
export function pictureOf({ images, labels, size }: Dataset, i: number): Picture {
  const each = images.length / size;
  return { pixels: images.slice(i * each, (i + 1) * each), label: labels[i] };
}
export const picturesOf = (data: Dataset) => Array.from(data.labels, (_, i) => pictureOf(data, i));

/** Bytes [N, C, H, W] of some images. */
function channelsFirst({ images, size, shape: [C, H, W] }: Dataset, from: number, count: number): Uint8Array {
  const each = images.length / size, bytes = images.subarray(from * each, (from + count) * each);
  const out = new Uint8Array(bytes.length);
  for (let n = 0; n < count; n++) for (let c = 0; c < C; c++)
    for (let i = 0; i < H * W; i++) out[n * each + c * H * W + i] = bytes[n * each + i * C + c];
  return out;
}
