import { OptionError, ShaderError } from "../errors.js";
import { elementwise_backward, elementwise_forward } from "../generated/elementwise.js";
import type { Kernel } from "../gpu/kernel.js";
import { byFours } from "../gpu/recorder.js";
import type { Layer } from "../layers/layer.js";
import { defineLayer } from "./defineLayer.js";
import { expression, type Expression } from "./expression.js";

/** What elementwise() takes. */
export interface ElementwiseOptions {
  name: string;
  /** y, a formula over x: "x / (1.0 + exp(-x))". */
  forward: string;
  /** dx, a formula over x, y and dy, such as "dy * y * (1.0 - y)". What it does not name is not kept for it. */
  backward: string;
}

/** The shader with a formula in the line of this function that waits for one. */
function withFormula<K extends Kernel>(kernel: K, name: string, { wgsl }: Expression): K {
  const start = kernel.code.indexOf(`fn ${name}(`);
  const line = /return \w;/.exec(kernel.code.slice(start))!, at = start + line.index;
  return { ...kernel, code: `${kernel.code.slice(0, at)}return ${wgsl};${kernel.code.slice(at + line[0].length)}` };
}

/**
 * A layer that is a function of each element, for the price of two formulas: shaders/elementwise.wgsl with them in it,
 * for one element and for four. An activation behind it, or a sum and a slope behind its backward pass, is fused into
 * it. Formulas: src/wgsl/expression.ts. Throws a ShaderError with the column of what it does not understand.
 */
export function elementwise({ name, forward, backward }: ElementwiseOptions): Layer {
  for (const [what, text] of Object.entries({ forward, backward })) {
    if (typeof text === "string" && text.trim()) continue;
    const such = what === "forward" ? '"x / (1.0 + exp(-x))"' : '"dy * y * (1.0 - y)"';
    throw new OptionError(
      `${name}: ${what} is a formula, such as ${such}, not ${JSON.stringify(text)}`, { [what]: text },
    );
  }
  const f = expression(`${name}, forward`, forward, { x: "u" });
  const g = expression(`${name}, backward`, backward, { x: "u", y: "v", dy: "w" });
  if (!g.uses.has("dy")) throw new ShaderError(
    `${name}, backward: dx does not depend on dy; by the chain rule it is dy times the derivative`,
    { line: 1, column: 1, expression: backward },
  );
  const forwards = withFormula(elementwise_forward, "formula_forward", f);
  const backwards = withFormula(elementwise_backward, "formula_backward", g);
  return defineLayer({
    name,

    forward(rec, { x, y }) {
      rec.dispatch(forwards, { x, y }, { size: y.size, WIDTH: rec.wide(y.size) }, byFours(y.size));
    },

    backward(rec, { x, y, dy, dx }) {
      if (!dx) return;
      const t = { x: g.uses.has("x") ? x : dy, known: g.uses.has("y") ? y : dy, dy, addend: dy, z: dy, dx };
      rec.dispatch(backwards, t, { size: dy.size, WIDTH: rec.wide(dy.size) }, byFours(dy.size));
    },
  });
}
