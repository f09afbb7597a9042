// Plain twin of shaders/activation.wgsl and shaders/lib/activation.wgsl: f and f′.
export interface Dim { size: number; ACTIVATION: number; ALPHA?: number; THRESHOLD?: number }
type Vec = Float64Array;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const density = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

/** The normal distribution function: a series near 0, further out a continued fraction. */
export function normal(x: number): number {
  const a = Math.abs(x);
  if (a < 4) {
    let term = x, sum = x;  // Σ x^(2n + 1) / (1 · 3 · 5 … (2n + 1))
    for (let n = 1; n < 100; n++) sum += term *= x * x / (2 * n + 1);
    return 0.5 + density(x) * sum;
  }
  let rest = a;
  for (let n = 60; n >= 1; n--) rest = a + n / rest;
  return x > 0 ? 1 - density(a) / rest : density(a) / rest;
}

const nearly = (x: number) => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

interface Activation {
  activate(x: number, alpha: number, threshold: number): number;
  slope(z: number, alpha: number, threshold: number): number;
}
/** By number. slope takes z: the output of activate up to 5, its input from 6 on. */
const activations: readonly Activation[] = [
  { activate: (x) => x, slope: () => 1 },
  { activate: (x) => Math.max(x, 0), slope: (y) => y > 0 ? 1 : 0 },
  { activate: sigmoid, slope: (y) => y * (1 - y) },
  { activate: Math.tanh, slope: (y) => 1 - y * y },
  { activate: (x, alpha) => x > 0 ? x : alpha * x, slope: (y, alpha) => y > 0 ? 1 : alpha },
  { activate: (x, alpha) => x > 0 ? x : alpha * Math.expm1(x), slope: (y, alpha) => y > 0 ? 1 : y + alpha },
  { activate: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x) },
  { activate: (x) => x * sigmoid(nearly(x)), slope(x) {
    const s = sigmoid(nearly(x)), rest = sigmoid(-nearly(x));
    return s + (s * rest ? x * s * rest * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x) : 0);
  } },
  { activate: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x) },
  { activate: (x) => x * Math.min(Math.max(x + 3, 0), 6) / 6, slope: (x) => x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5 },
  {
    activate: (x, beta, threshold) =>
      beta * x > threshold ? x : (Math.max(x * beta, 0) + Math.log1p(Math.exp(-Math.abs(beta * x)))) / beta,
    slope: (x, beta, threshold) => beta * x > threshold ? 1 : sigmoid(beta * x),
  },
];

export const forward = ({ ACTIVATION, ALPHA = 1, THRESHOLD = 20 }: Dim, x: Vec): Vec =>
  x.map((v) => activations[ACTIVATION].activate(v, ALPHA, THRESHOLD));
/** z: what forward gave, or from ACTIVATION 6 on what it was given. */
export const backward = ({ ACTIVATION, ALPHA = 1, THRESHOLD = 20 }: Dim, z: Vec, dy: Vec): Vec =>
  dy.map((d, i) => d * activations[ACTIVATION].slope(z[i], ALPHA, THRESHOLD));
