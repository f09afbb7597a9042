// Plain twin of shaders/activation.wgsl and shaders/lib/activation.wgsl: f and, from its output, f′.
export interface Dim { size: number; ACTIVATION: number }
type Vec = Float64Array;

const activations: readonly { activate(x: number): number; slope(y: number): number }[] = [
  { activate: (x) => x, slope: () => 1 },
  { activate: (x) => Math.max(x, 0), slope: (y) => y > 0 ? 1 : 0 },
  { activate: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
  { activate: Math.tanh, slope: (y) => 1 - y * y },
];

export const forward = ({ ACTIVATION }: Dim, x: Vec): Vec => x.map(activations[ACTIVATION].activate);
/** z: what forward gave. */
export const backward = ({ ACTIVATION }: Dim, z: Vec, dy: Vec): Vec => dy.map((d, i) => d * activations[ACTIVATION].slope(z[i]));
