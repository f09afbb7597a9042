// Which rung is the best for an operator at its extents, and where that is kept from one run to the next.
import type { Adapter, Device } from "../gpu/device.js";

/** The name of a rung for each key, "conv2d forward: N64 H28 …". */
export type Choices = Readonly<Record<string, string>>;

/** Of this library: kernels change from one to the next. */
export const VERSION = "0.1.0";

/**
 * Measurements hold for an adapter, a runtime and a version of this library. The browser's name has its version, Node's
 * too.
 */
export function placeOf(
  { id, subgroups }: Adapter,
  runtime: string = globalThis.navigator?.userAgent ?? globalThis.process?.version ?? "",
): string {
  return ["convoy-gpu", VERSION, runtime, id, subgroups?.join("–") ?? "no subgroups"].join("; ");
}

export const isChoices = (value: unknown): value is Choices =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    && Object.values(value).every((rung) => typeof rung === "string");

/** What was measured here before; nothing, if nothing was or it cannot be read. */
export async function readChoices({ adapter, store }: Device): Promise<Choices> {
  try {
    const found: unknown = JSON.parse(await store?.get(placeOf(adapter)) ?? "{}");
    return isChoices(found) ? found : {};
  } catch { return {}; }
}

/** Adds to what was measured here before. A store that fails (full, read-only) costs a warning and no more. */
export async function writeChoices(device: Device, choices: Choices): Promise<void> {
  try {
    await device.store?.set(placeOf(device.adapter), JSON.stringify({ ...await readChoices(device), ...choices }));
  } catch (e) {
    console.warn(`Convoy: what tuning found holds for now, but could not be kept: ${(e as Error).message}`);
  }
}
