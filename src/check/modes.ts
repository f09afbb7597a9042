import { ConvoyError } from "../errors.js";
import { root, touched, type Shape } from "../gpu/recorder.js";
import type { AnyLayer } from "../graph.js";
import { probe, type CheckOptions, type Probe } from "./probe.js";
import { report, type Finding, type Report } from "./report.js";

/**
 * Records a layer, without a GPU, in the ways other than "training, everything wanted" in which networks do: with each
 * gradient in turn that nobody wants (the first layer's dx, a frozen parameter's), with all parameters frozen, and in
 * evaluation. What forgets a binding or a write there, or reads what nothing has written, would be told only when such
 * a network is built.
 */
export function checkModes(
  layer: AnyLayer, shapes: readonly Shape[], { seed, range, rung }: Omit<CheckOptions, "device"> = {},
): Report {
  const options = { seed, range, target: { rung } }, whole = probe(layer, shapes, options);
  const inputs: readonly string[] = layer.inputs ?? ["x"], findings: Finding[] = [];
  const params = whole.sources.filter((name) => !inputs.includes(name));
  const single = whole.sources.length > 1
    ? whole.sources.filter((name) => inputs.includes(name) || params.length > 1)
    : [];
  /** One recording; `way` out of what is wrong with it. */
  const recorded = (tensor: string, where: string, way: string, how: Parameters<typeof probe>[2]) => {
    const tell = (why: string) => findings.push({ check: "recording", tensor, message: `${where}: ${why}; ${way}` });
    try {
      const fault = unready(probe(layer, shapes, { ...options, ...how }));
      if (fault) tell(fault);
    } catch (e) { tell(e instanceof ConvoyError ? e.message : `${layer.name} throws "${(e as Error).message}"`); }
  };
  for (const name of single) recorded(
    `d${name}`,
    `without d${name}`,
    inputs.includes(name)
      ? `d${name} is not wanted here, as in the first layer of a network: write if (d${name})`
      : `d${name} is not wanted here, as where ${name} is frozen: write if (d${name}), or bind a tensor of your own `
        + `in its place: d${name} ?? tensor("unused", ${name}.shape)`,
    { frozen: (other) => other === name },
  );
  if (params.length) recorded(
    `d${params[0]}`,
    `with ${params.join(", ")} frozen`,
    `there no parameter's gradient is wanted: write if (d${params[0]}); and mode.training is false in both passes: `
      + "forward saves what backward reads, too",
    { frozen: (name) => params.includes(name) },
  );
  recorded("y", "in evaluation", "there mode.training is false, and there is no mode.clock", { training: false });
  const others = single.length + (params.length ? 2 : 1);
  return report(layer.name, [others === 1 ? "1 other recording" : `${others} other recordings`], findings);
}

/** A step that lacks a tensor, or reads one that nothing has written. */
function unready({ forward, backward, values }: Probe): string | undefined {
  const ready = new Set(values.keys());
  for (const step of [...forward, ...backward]) {
    const { kernel: { entry, bindings }, tensors } = step;
    const missing = Object.keys(bindings).find((name) => !tensors[name]);
    if (missing) return `nothing is bound to "${missing}" of ${entry}`;
    const blank = touched(step, "read").find((t) => !t.values && !ready.has(t));
    if (blank) return `${entry} reads ${blank.name}, which nothing has written`;
    for (const t of touched(step, "read_write")) ready.add(root(t));
  }
  return undefined;
}
