import { ShapeError } from "../errors.js";
import { linear_backward, linear_forward } from "../generated/linear.js";
import { fold, tensor, type Recorder, type Rung, type Shape, type Tensor } from "../gpu/recorder.js";
import * as convolution from "./convolution.js";
import { torchDefault, type Fan, type Init } from "./init.js";
import { nchw, positive, type Layer, type ParamSpec } from "./layer.js";

/** What linear() takes: PyTorch's options, without the input's features, which are seen. */
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
  const K = positive("units", options.units), biased = options.bias ?? true, init = options.init ?? torchDefault;
  const dims = ([N, C]: Shape): Dims => ({ N, C, K, BIAS: Number(biased) });

  return {
    name: "linear", requiresGrad: options.requiresGrad,

    shape(x) {
      if (x.length !== 2) throw new ShapeError(`expected [N, features], got ${nchw(x)}; put a flatten() before it`, { got: x });
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
      rec.climb(forward, { x, weight, bias: bias ?? weight, y }, dims(x.shape), "linear forward");
    },

    backward(rec, { x, weight, dy, dx, dweight, dbias }) {
      const d = dims(x.shape);
      if (dx && dweight && small(d) && (rec.target.rung ?? "plain") === "plain") return rec.climb(backward, { x, weight, dy, dx, dweight, dbias: dbias ?? dweight }, { ...d, BIAS: Number(Boolean(dbias)) });
      if (dx) rec.climb(backwardInput, { weight, dy, dx }, d, "linear input gradient");
      if (dweight) rec.climb(backwardWeight, { x, dy, dweight, dbias: dbias ?? dweight }, { ...d, BIAS: Number(Boolean(dbias)) }, "linear weight gradient");
      else if (dbias) convolution.plainSums(rec, { x: dy, dy, dbias }, image(d));
    },
  };
}

interface Dims { N: number; C: number; K: number; BIAS: number }

/** A batch of rows is an image of one row, N pixels wide, and the layer a 1×1 convolution of it: its fast rungs serve both. */
const image = ({ N, C, K, BIAS }: Dims): convolution.Convolution => ({ N: 1, H: 1, W: N, C, P: 1, Q: N, K, D: C, F: K, padding_h: 0, padding_w: 0,
  R: 1, S: 1, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1, BIAS });

/** The rungs of a 1×1 convolution, but for its plain one. */
const climbing = <T extends string>(ladder: readonly Rung<convolution.Convolution, T>[]) => ladder.slice(0, -1).map(({ name, fits, record }): Rung<Dims, T> =>
  ({ name, fits: (d, target) => fits(image(d), target), record: (rec, t, d) => record(rec, t, image(d)) }));

/** Where a dispatch less gains more than a faster kernel. */
const small = ({ C, K }: Dims) => C * K <= 2 ** 14;

/** Workgroups for so many rows and columns of an output. */
const tiles = (rows: number, columns: number) => Math.ceil(rows / 16) * Math.ceil(columns / 8);

/** The gradients that are asked for, in one dispatch. */
function gradients(rec: Recorder, t: { x?: Tensor; weight?: Tensor; dy: Tensor; dx?: Tensor; dweight?: Tensor; dbias?: Tensor }, d: Dims): void {
  const { N, C, K } = d, unused = () => tensor("unused", [1]), inputs = t.dx ? tiles(N, C) : 0, [gx, gy] = fold(inputs + (t.dweight ? tiles(C, K) : 0), 1);
  const { x = t.dy, weight = t.dy, dy, dx = unused(), dweight = unused() } = t, dbias = d.BIAS && t.dbias || unused();
  rec.dispatch(linear_backward, convolution.behind({ x, weight, dy, dx, dweight, dbias }), { ...d, inputs }, [gx, gy, 1]);
}

const plain = { name: "plain", fits: () => true, record(rec: Recorder, t: Record<"x" | "weight" | "bias" | "y", Tensor>, d: Dims) {
  rec.dispatch(linear_forward, t, { ...d, inputs: 0, ACTIVATION: 0, ALPHA: 1, THRESHOLD: 0 }, [Math.ceil(d.N / 16), Math.ceil(d.K / 8), 1]);
} };
const fast = climbing(convolution.forward), [, direct] = fast;  // vec4, direct, narrow, tiled
/** `direct` comes first up to a size, though `vec4` is faster: the first layers of a network have its text already, and another takes longer to compile than it gains. */
const forward: readonly Rung<Dims, "x" | "weight" | "bias" | "y">[] = [
  { ...direct, fits: (d, target) => d.C * d.K <= 2 ** 16 && direct.fits(d, target) }, { ...plain, fits: small }, ...fast, plain,
];
const backwardInput: readonly Rung<Dims, "weight" | "dy" | "dx">[] = [...climbing(convolution.backwardInput), { name: "plain", fits: () => true, record: gradients }];
const backwardWeight: readonly Rung<Dims, "x" | "dy" | "dweight" | "dbias">[] = [...climbing(convolution.backwardWeight), { name: "plain", fits: () => true, record: gradients }];

/** All gradients of a small layer. */
const backward: readonly Rung<Dims, "x" | "weight" | "dy" | "dx" | "dweight" | "dbias">[] = [{ name: "plain", fits: () => true, record: gradients }];
