import { align, tensor, type Arena, type Tensor } from "../gpu/recorder.js";

/** Rows of the ring that losses and hits are written to: the host must read at least this often. */
export const RING = 128;
const ORDER_OFFSET = 64;  // words before the batch's indices: Clock, padded to the alignment of bindings

/** What the host writes before a step: one buffer, one write. */
export interface Control extends Arena {
  readonly clock: Tensor;
  /** Indices of the images of each pass. */
  readonly orders: readonly Tensor[];
}

/** For steps of at most `batch` images, at most `micro` of them a pass. */
export function control(batch: number, micro = batch): Control {
  const clock = tensor("clock", [4]), passes = Math.ceil(batch / micro), each = align(micro);
  const orders = Array.from({ length: passes }, (_, i) =>
    tensor(passes > 1 ? `order ${i}` : "order", [Math.min(micro, batch - i * micro)]));
  const parts = new Map([[clock, 0], ...orders.map((order, i) => [order, ORDER_OFFSET + i * each] as const)]);
  return { whole: tensor("control", [parts.get(orders.at(-1)!)! + orders.at(-1)!.size]), parts, clock, orders };
}
