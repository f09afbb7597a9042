// A run as a file that a visitor takes away and brings: safetensors, with the page's settings among its metadata.
import { FormatError, readSafetensors, stateDict, writeSafetensors, type TensorToStore } from "convoy-gpu";
import type { Control, Settings } from "./family.js";
import { readSettings } from "./state.js";

/** The same file with settings, so that it is opened with them. */
export function withSettings(file: Uint8Array<ArrayBuffer>, settings: Settings): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readSafetensors(file);
  const all = { ...Object.fromEntries(metadata), settings: JSON.stringify(settings) };
  return writeSafetensors(tensors as ReadonlyMap<string, TensorToStore>, all);
}

/** What a file says of its settings, and of where it stands; weights alone begin at step 0. */
export function standing(
  file: Uint8Array<ArrayBuffer>, name: string,
): { readonly known: Settings; readonly epoch: number; readonly step: number } {
  const { metadata } = readSafetensors(file, name), whole = metadata.has("optimizer");
  const number = (key: string) => Number(metadata.get(key) ?? 0);
  let known: Settings = whole ? Object.fromEntries(["batch", "images", "seed"].map((key) => [key, number(key)])) : {};
  try {
    known = { ...known, ...JSON.parse(metadata.get("settings") ?? "{}") as Settings };
  } catch { /* of another program */ }
  return { known, epoch: whole ? number("epoch") + 1 : 1, step: whole ? number("steps") : 0 };
}

/** Settings out of a file, as far as a page knows them; the rest stays as it is. */
export function knownOf(controls: readonly Control[], settings: Settings, given: Settings): Settings {
  const entries = Object.entries(given).map(([key, value]) => [key, String(value)]);
  return readSettings(controls, settings, new URLSearchParams(entries).toString());
}

/** Throws unless a file holds as many parameters as a network has. */
export function mustHold(parameters: number, file: Uint8Array<ArrayBuffer>, name: string): void {
  const held = [...stateDict(file, name)]
    .reduce((sum, [path, { data }]) => sum + (/\.(weight|bias)$/.test(path) ? data.length : 0), 0);
  if (held === parameters) return;
  throw new FormatError(`${name} holds ${held} parameters, and this network has ${parameters}; `
    + "choose the settings, or the page, that it was trained with", { held, parameters });
}
