// A network's layers as a diagram shows them: units of a layer and what follows it, and regions where paths lie side by
// side.
import type { LayerSummary } from "convoy-gpu";

/** Layers, by number, that are one block of the diagram: "convolution, batch norm, relu". */
export type Unit = number[];
/** Paths between a fork and the layer that merges them. A path without units hands its input on. */
export interface Region { readonly paths: readonly (readonly Unit[])[]; readonly merge: Unit }
export type Item = Unit | Region;

const weighs = /conv|linear|pool|add|concat/i;

/** Whether a layer belongs to the unit before it. */
function follows(unit: Unit, name: string, layers: readonly LayerSummary[]): boolean {
  const heavy = unit.map((i) => layers[i].layer).find((kind) => weighs.test(kind));
  return weighs.test(name) ? heavy === undefined : name === "batchNorm" ? /conv|linear/.test(heavy ?? "") : true;
}

function units(chain: readonly number[], layers: readonly LayerSummary[], open?: Unit): Unit[] {
  const all: Unit[] = open ? [open] : [];
  for (const i of chain) {
    const last = all.at(-1);
    if (last && follows(last, layers[i].layer, layers)) last.push(i); else all.push([i]);
  }
  return all;
}

/**
 * The units and regions of a network, in order. A layer that no connection bypasses is a cut; what lies between two
 * cuts is a region, and its connected parts are the paths.
 */
export function blocks(layers: readonly LayerSummary[]): Item[] {
  const bypassed = new Set<number>(), items: Item[] = [];
  layers.forEach(({ inputs }, to) => {
    for (const from of inputs) for (let i = from + 1; i < to; i++) bypassed.add(i);
  });
  let chain: number[] = [], inner: number[] = [], cut = -1;
  const flush = () => {
    const last = items.at(-1), merged = last && "merge" in last ? last.merge : undefined;
    const found = units(chain, layers, merged);
    items.push(...merged ? found.slice(1) : found);
    chain = [];
  };
  layers.forEach(({ inputs }, i) => {
    if (bypassed.has(i)) { inner.push(i); return; }
    if (!inner.length) chain.push(i);
    else {
      flush();
      const paths = connected(inner, layers).map((path) => units(path, layers));
      items.push({ paths: inputs.includes(cut) ? [...paths, []] : paths, merge: [i] });
      inner = [];
    }
    cut = i;
  });
  flush();
  return items;
}

/** The parts of some layers that are connected among themselves, each in order. */
function connected(inner: readonly number[], layers: readonly LayerSummary[]): number[][] {
  const parts: number[][] = [];
  for (const i of inner) {
    const met = parts.filter((part) => layers[i].inputs.some((from) => part.includes(from)));
    if (!met.length) parts.push([i]);
    else {
      met[0].push(...met.slice(1).flat(), i);
      for (const part of met.slice(1)) parts.splice(parts.indexOf(part), 1);
    }
  }
  return parts;
}
