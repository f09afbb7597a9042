import { OptionError } from "./errors.js";

/** What is given, once it is sure to be an object, and to have none but these names. */
export function known<T extends object>(what: string, given: T, names: string): T {
  const odd = Object(given) === given
    ? Object.keys(given).find((name) => !names.split(", ").includes(name))
    : String(given);
  if (odd !== undefined) throw new OptionError(`${what} takes { ${names} }, not ${odd}`, { given });
  return given;
}

/** Throws an OptionError that says what an option must be, unless it is `ok`. */
export function must(name: string, wanted: string, value: unknown, ok: unknown): void {
  if (!ok) throw new OptionError(`${name} is ${wanted}`, { [name]: value });
}

/** Throws an OptionError unless a device is one, and no promise of one. */
export const opened = (device: { readonly gpu: unknown }): void =>
  must("device", "what openDevice() gives, awaited", device, device?.gpu);

/** The number, once it is sure to be an integer of at least `least` that an i32 holds. */
export function positive(name: string, value: number, least = 1): number {
  if (!Number.isInteger(value) || value < least || value >= 2 ** 31)
    throw new OptionError(`${name} is an integer of at least ${least}, not ${value}`, { option: name, value });
  return value;
}

/** Makes sure that each of these is a number from `least` on. */
export function atLeast(least: number, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isFinite(value) || value < least)
      throw new OptionError(`${name} is a number of at least ${least}, not ${value}`, { [name]: value });
}

/** Makes sure that each of these is a number from 0 to 1. */
export function share(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!(value >= 0 && value <= 1))
      throw new OptionError(`${name} is a number from 0 to 1, not ${value}`, { [name]: value });
}
