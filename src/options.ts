import { OptionError } from "./errors.js";

/** What is given, once it is sure to be an object, and to have none but these names. */
export function known<T extends object>(what: string, given: T, names: string): T {
  const odd = Object(given) === given
    ? Object.keys(given).find((name) => !names.split(", ").includes(name))
    : String(given);
  if (odd !== undefined) throw new OptionError(`${what} takes { ${names} }, not ${odd}`, { given });
  return given;
}

/** Makes sure that each of these is a number from `least` on. */
export function atLeast(least: number, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isFinite(value) || value < least)
      throw new OptionError(`${name} is a number of at least ${least}, not ${value}`, { [name]: value });
}
