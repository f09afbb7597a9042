// From the bytes of a data set to the first tensor of a step. A data set lies on the GPU if it fits; else it streams:
// each step brings its batch along. The kernels, and so the bits, are the same. writeBuffer() keeps copies in staging
// of its own: no step waits for an upload.
import { LimitError, ShapeError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import type { Augmentation } from "../data/augment.js";
import { batch_gather } from "../generated/batch.js";
import type { Memory } from "../gpu/memory.js";
import { elements, tensor, type Arena, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import { single } from "../plan.js";

/** Images [C, H, W] and labels on the GPU, as bytes. Images of another size than the network's are resized. */
export interface Source {
  readonly shape: Shape;
  /** The tensors hold the batch of a step alone, in its order. */
  readonly streamed: boolean;
  readonly images: Tensor;
  readonly classes: Tensor;
  /** [C, 2]: factor and summand that make values of bytes. */
  readonly levels: Tensor;
  /** Mean greys of the images, where they are augmented, and how. */
  readonly augment?: { readonly greys: Tensor; readonly by: Augmentation };
}

/** How a data set is to lie on the GPU. */
interface Lodging {
  /** Images of a step, at most: room for a stream. */
  readonly batch: number;
  /** Bytes that a binding may see. */
  readonly limit: number;
  /** True: as a whole. False: as a stream. Default: as a whole if a binding can see it. */
  readonly resident?: boolean;
  readonly augment?: Augmentation;
}

/** The tensors of a data set on the GPU, whole or a batch of it. */
export function sourceOf(
  name: string, { shape, size }: Dataset, { batch, limit, resident, augment }: Lodging,
): Source {
  const each = elements(shape), streamed = !(resident ?? size * each <= limit), room = streamed ? batch : size;
  if (streamed && batch * each > limit) throw new LimitError(
    `a batch of ${batch} images [${shape.join(", ")}] takes ${(batch * each).toLocaleString("en")} bytes; this device `
      + `binds at most ${limit.toLocaleString("en")}; the largest batch that fits is ${Math.floor(limit / each)}`,
    { batch, limit, largestBatch: Math.floor(limit / each) },
  );
  return {
    shape, streamed,
    images: tensor(`images of the ${name}`, [Math.ceil(room * each / 4)]),
    classes: tensor(`labels of the ${name}`, [Math.ceil(room / 4)]),
    levels: tensor(`levels of the ${name}`, [shape[0], 2]),
    ...augment && { augment: { greys: tensor(`greys of the ${name}`, [room]), by: augment } },
  };
}

/** What of a source outlives a step. */
export const lastingOf = ({ images, classes, levels, augment }: Source): Arena[] =>
  [images, classes, levels, ...augment ? [augment.greys] : []].map(single);

/**
 * Puts a data set on the GPU, or makes its stream ready. To be called with the images of a step before it: the result
 * gives the indices at which the step finds them.
 */
export function upload(
  memory: Memory, { streamed, images, classes, levels, augment }: Source, data: Dataset,
  channels: Float32Array<ArrayBuffer>,
): (order: Uint32Array) => Uint32Array {
  const greys = augment?.by.greys(data);
  memory.write(levels, channels);
  if (!streamed) {
    writeBytes(memory, images, data.images);
    writeBytes(memory, classes, data.labels);
    if (augment) memory.write(augment.greys, greys!);
    return (order) => order;
  }
  const each = elements(data.shape), bytes = new Uint8Array(4 * images.size), labels = new Uint8Array(4 * classes.size);
  const shades = new Float32Array(augment ? augment.greys.size : 0);
  const own = Uint32Array.from({ length: 4 * classes.size }, (_, n) => n);
  return (order) => {
    order.forEach((i, n) => {
      bytes.set(data.images.subarray(i * each, (i + 1) * each), n * each);
      labels[n] = data.labels[i];
      if (greys) shades[n] = greys[i];
    });
    memory.write(images, bytes.subarray(0, Math.ceil(order.length * each / 4) * 4));
    memory.write(classes, labels);
    if (augment) memory.write(augment.greys, shades);
    return own.subarray(0, order.length);
  };
}

/** The last word is filled up with zeros. */
function writeBytes(memory: Memory, t: Tensor, bytes: Uint8Array<ArrayBuffer>): void {
  const whole = bytes.length - bytes.length % 4;
  memory.write(t, bytes.subarray(0, whole));
  if (whole === bytes.length) return;
  const rest = new Uint8Array(4);
  rest.set(bytes.subarray(whole));
  memory.write(t, rest, whole);
}

/**
 * Records what brings images into a step, by their indices. `first` is the number, in the step's batch, of the first of
 * them.
 */
export function gather(
  rec: Recorder, { shape, images, classes, levels, augment }: Source,
  t: Readonly<Record<"clock" | "order" | "x" | "labels", Tensor>>, first: number,
): void {
  const { clock, order, x, labels } = t, [C, H, W] = shape, [N, P, Q, channels] = x.shape;
  if (C !== channels) throw new ShapeError(
    `the network takes images of ${channels} channels, the data has ${C}`, { got: shape, want: [channels, P, Q] },
  );
  const bound = { images, classes, order, levels, x, labels };
  const extents = { N, H, W, C, P, Q, RESIZE: Number(H !== P || W !== Q) };
  if (!augment) return rec.dispatch(batch_gather, bound, extents, x.size);
  augment.by.gather(rec, { ...bound, clock, greys: augment.greys }, extents, first);
}
