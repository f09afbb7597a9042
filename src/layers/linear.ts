import { ShapeError } from "../errors.js";
import { linear_backward, linear_forward } from "../generated/linear.js";
import { linear_direct_backward } from "../generated/linear_direct.js";
import { fold, pick, tensor, type Recorder, type Rung, type Shape, type Target, type Tensor } from "../gpu/recorder.js";
import { known, positive } from "../options.js";
import * as convolution from "./convolution.js";
import { backwardEpilogue, noActivation } from "./epilogue.js";
import { torchDefault, type Fan, type Init } from "./init.js";
import { nchw, type Layer, type ParamSpec } from "./layer.js";

/** What linear() takes. As torch.nn.Linear, with `units` for out_features; in_features comes from the input. */
export interface LinearOptions {
  /** Output features. */
  units: number;
  /** Default true. */
  bias?: boolean;
  /** First values of the weight. Default PyTorch's. */
  init?: Init;
  /** False keeps its parameters as they are, for fine-tuning; see freeze(). Default true. */
  requiresGrad?: boolean;
}

/** Fully connected layer: [N, C] → [N, units]. Maths: shaders/linear.wgsl. Weight in files: [units, C]. */
export function linear(options: LinearOptions): Layer<"weight" | "bias"> {
  known("linear", options, "units, bias, init, requiresGrad");
  const K = positive("units", options.units), biased = options.bias ?? true, init = options.init ?? torchDefault;
  const dims = ([N, C]: Shape): Dims => ({ N, C, K, BIAS: Number(biased) });

  return {
    name: "linear", requiresGrad: options.requiresGrad,

    shape(x) {
      if (x.length !== 2)
        throw new ShapeError(`expected [N, features], got ${nchw(x)}; put a flatten() before it`, { got: x });
      return [x[0], K];
    },

    params([, C]) {
      const fan: Fan = { in: C, out: K };
      return {
        weight: { shape: [C, K], torch: [1, 0], features: 0, init, fan },
        ...biased && { bias: { shape: [K], init: torchDefault, fan } },
      } as Record<"weight" | "bias", ParamSpec>;
    },

    forward(rec, { x, weight, bias, y }) {
      rec.climb(forwardLadder, { x, weight, bias: bias ?? weight, y }, dims(x.shape), "linear forward");
    },

    backward(rec, { x, weight, dy, dx, dweight, dbias }) {
      const d = dims(x.shape), e = { ...d, BIAS: Number(Boolean(dbias)) };
      if (dx && dweight && whole(d, rec.target))
        return rec.climb(jointLadder, { x, weight, dy, dx, dweight, dbias: dbias ?? dweight }, e, "linear gradients");
      if (dx) rec.climb(inputLadder, { weight, dy, dx }, d, "linear input gradient");
      if (dweight) rec.climb(weightLadder, { x, dy, dweight, dbias: dbias ?? dweight }, e, "linear weight gradient");
      else if (dbias) convolution.plainSums(rec, { x: dy, dy, dbias }, image(d));
    },
  };
}

interface Dims { N: number; C: number; K: number; BIAS: number }

/**
 * A batch of rows is an image of one row, N pixels wide,
 * and the layer a 1×1 convolution of it: its fast rungs serve both.
 */
const image = ({ N, C, K, BIAS }: Dims): convolution.Convolution => ({
  N: 1, H: 1, W: N, C, P: 1, Q: N, K, D: C, F: K, padding_h: 0, padding_w: 0,
  R: 1, S: 1, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1, BIAS,
});

/** The rungs of a 1×1 convolution, but for its plain one. */
const climbing = <T extends string>(ladder: readonly Rung<convolution.Convolution, T>[]) => ladder.slice(0, -1)
  .map(({ name, fits, record }): Rung<Dims, T> => ({
    name, fits: (d, target) => fits(image(d), target), record: (rec, t, d) => record(rec, t, image(d)),
  }));

/** Up to here one dispatch fewer gains more than a faster kernel (measured: ARCHITECTURE, linear layers). */
const small = ({ C, K }: Dims) => C * K <= 2 ** 14;
/** Up to here one pipeline fewer to compile does (software adapters). */
const medium = ({ C, K }: Dims) => C * K <= 2 ** 16;

type Gradients = Record<"weight" | "x" | "dy" | "dx" | "dweight" | "dbias", Tensor>;

/** The gradients that are asked for, in one dispatch of the plain kernel. */
function gradients(rec: Recorder, { dy, ...t }: Partial<Gradients> & { dy: Tensor }, d: Dims): void {
  const { N, C, K } = d, unused = () => tensor("unused", [1]);
  const WIDTH = rec.wide(K), inputs = t.dx ? N * C : 0, all = inputs + (t.dweight ? (C + 1) * K / WIDTH : 0);
  const { x = dy, weight = dy, dx = unused(), dweight = unused() } = t, dbias = d.BIAS && t.dbias || unused();
  rec.dispatch(
    linear_backward, backwardEpilogue({ x, weight, dy, dx, dweight, dbias }),
    { ...d, all, inputs, WIDTH, ...noActivation }, fold(all, 64));
}

const plain = {
  name: "plain", fits: () => true,
  record(rec: Recorder, t: Record<"x" | "weight" | "bias" | "y", Tensor>, d: Dims) {
    const all = d.N * d.K, WIDTH = rec.wide(d.K);
    rec.dispatch(linear_forward, t, { ...d, all: all / WIDTH, inputs: 0, WIDTH, ...noActivation }, all);
  },
};
const fast = climbing(convolution.forwardLadder), direct = pick(fast, "direct");
/**
 * `direct` comes first up to a size: for a window of one its text
 * compiles in 150 to 190 ms on lavapipe, `vec4`'s in 330 to 570.
 */
const forwardLadder: readonly Rung<Dims, "x" | "weight" | "bias" | "y">[] = [
  { ...direct, fits: (d, target) => medium(d) && direct.fits(d, target) }, { ...plain, fits: small }, ...fast, plain,
];
const rest = { name: "plain", fits: () => true, record: gradients };
const inputLadder: readonly Rung<Dims, "weight" | "dy" | "dx">[] = [...climbing(convolution.inputLadder), rest];
const weightLadder: readonly Rung<Dims, "x" | "dy" | "dweight" | "dbias">[] = [
  ...climbing(convolution.weightLadder), rest,
];

/** Whether all gradients may be one dispatch. */
const whole = (d: Dims, { lanes = 0 }: Target) => small(d) || (medium(d) && lanes >= 4);
/** The input's gradient and the weights', by rungs of this name where there are any. */
const apart = (name: string): Rung<Dims, keyof Gradients> => ({
  name,
  fits: (d, target) => weightLadder.some((rung) => rung.name === name && rung.fits(d, target)),
  record(rec, { x, weight, dy, dx, dweight, dbias }, d) {
    const best = <T extends string>(ladder: readonly Rung<Dims, T>[]) =>
      pick(ladder.filter((rung) => rung.fits(d, rec.target)), name);
    best(inputLadder).record(rec, { weight, dy, dx }, d);
    best(weightLadder).record(rec, { x, dy, dweight, dbias }, d);
  },
});
const jointLadder: readonly Rung<Dims, keyof Gradients>[] = [
  { name: "direct", fits: (_, { lanes = 0 }) => lanes >= 4, record(rec, { dbias, ...t }, d) {
    const { N, C, K } = d, tiles = (rows: number, columns: number) => Math.ceil(rows / 16) * Math.ceil(columns / 32);
    const inputs = tiles(N, C), [gx, gy] = fold(inputs + tiles(K, C + 1), 1);
    rec.dispatch(
      linear_direct_backward, backwardEpilogue({ ...t, dbias: d.BIAS ? dbias : tensor("unused", [1]) }),
      { ...d, LANES: rec.target.lanes!, inputs, ...noActivation, FILTERS: 8 }, [gx, gy, 1]);
  } },
  { ...rest, fits: small }, apart("vec4"), apart("tiled"), rest,
];
