// The page's settings, in its URL: a link is an experiment.
import type { Control, Settings, Value } from "./family.js";

/** What the URL says, where it says something sensible; else the preset, or the first value there is. */
export function readSettings(controls: readonly Control[], preset: Settings, search = location.search): Settings {
  const given = new URLSearchParams(search);
  return Object.fromEntries(controls.map((control) => {
    const text = given.get(control.name), value = text === null ? undefined : understand(control, text);
    return [control.name, value ?? preset[control.name] ?? control.values?.[0] ?? 0];
  }));
}

/** The value that a text means to a control, if any. */
export function understand({ kind, values = [], least = 0, most = 0 }: Control, text: string): Value | undefined {
  if (kind !== "integer") return values.find((value) => String(value) === text);
  return /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
}

export function writeSettings(settings: Settings): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(settings)) query.set(name, String(value));
  history.replaceState(null, "", `?${query.toString()}${location.hash}`);
}
