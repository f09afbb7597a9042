// From the bytes of a data set to the first tensor of a step.
import { ShapeError } from "../errors.js";
import type { Dataset } from "../data/dataset.js";
import { greysOf, type Augmentation } from "../data/prepare.js";
import { augment_draw } from "../generated/augment.js";
import { batch_augment, batch_gather } from "../generated/batch.js";
import type { Memory } from "../gpu/memory.js";
import { tensor, type Recorder, type Shape, type Tensor } from "../gpu/recorder.js";
import { single, type Arena } from "../plan.js";

/** Images [C, H, W] and labels on the GPU, as bytes. Images of another size than the network's are resized. */
export interface Source {
  readonly shape: Shape;
  readonly images: Tensor;
  readonly classes: Tensor;
  /** [C, 2]: factor and summand that make values of bytes. */
  readonly levels: Tensor;
  /** Mean greys of the images, where they are augmented, and how. */
  readonly augment?: { readonly greys: Tensor; readonly by: Augmentation };
}

/** The tensors of a data set that lies on the GPU as bytes. */
export function sourceOf(name: string, { shape, images, labels, size }: Dataset, by?: Augmentation): Source {
  const words = (bytes: Uint8Array) => [Math.ceil(bytes.length / 4)];
  return {
    shape, images: tensor(`images of the ${name}`, words(images)), classes: tensor(`labels of the ${name}`, words(labels)),
    levels: tensor(`levels of the ${name}`, [shape[0], 2]), ...by && { augment: { greys: tensor(`greys of the ${name}`, [size]), by } },
  };
}

/** What of a source outlives a step. */
export const lastingOf = ({ images, classes, levels, augment }: Source): Arena[] => [images, classes, levels, ...augment ? [augment.greys] : []].map(single);

export function upload(memory: Memory, { images, classes, levels, augment }: Source, data: Dataset, channels: Float32Array<ArrayBuffer>): void {
  writeBytes(memory, images, data.images);
  writeBytes(memory, classes, data.labels);
  memory.write(levels, channels);
  if (augment) memory.write(augment.greys, augment.by.contrast ? greysOf(data) : new Float32Array(data.size));
}

/** The last word is filled up with zeros. */
function writeBytes(memory: Memory, t: Tensor, bytes: Uint8Array<ArrayBuffer>): void {
  const whole = bytes.length & ~3;
  memory.write(t, bytes.subarray(0, whole));
  if (whole === bytes.length) return;
  const rest = new Uint8Array(4);
  rest.set(bytes.subarray(whole));
  memory.write(t, rest, whole);
}

/** Records what brings images into a step, by their indices. `first` is the number, in the step's batch, of the first of them. */
export function gather(rec: Recorder, { shape, images, classes, levels, augment }: Source, t: Readonly<Record<"clock" | "order" | "x" | "labels", Tensor>>, first: number): void {
  const { clock, order, x, labels } = t, [C, H, W] = shape, [N, P, Q, channels] = x.shape;
  if (C !== channels) throw new ShapeError(`the network takes images of ${channels} channels, the data has ${C}`, { got: shape, want: [channels, P, Q] });
  const bound = { images, classes, order, levels, x, labels }, extents = { N, H, W, C, P, Q, RESIZE: Number(H !== P || W !== Q) };
  if (!augment) return rec.dispatch(batch_gather, bound, extents, x.size);
  const { greys, by } = augment, draws = tensor("draws", [N, 10]), share = (p: number) => Math.round(p * 2 ** 24);
  rec.dispatch(augment_draw, { clock, order, greys, draws }, { ...by, N, P, Q, first, flip: share(by.flip), erase: share(by.erase) }, N);
  rec.dispatch(batch_augment, { ...bound, draws }, extents, x.size);
}
