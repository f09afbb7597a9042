import { ShapeError } from "../errors.js";
import { linear_backward_bias, linear_backward_input, linear_backward_weight, linear_forward } from "../generated/linear.js";
import { linear_rows_backward, linear_rows_forward } from "../generated/linear_rows.js";
import { tensor, type Rung, type Shape, type Target } from "../gpu/recorder.js";
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
      if (dx && dweight) return rec.climb(backward, { x, weight, dy, dx, dweight, dbias: dbias ?? dweight }, { ...d, BIAS: Number(Boolean(dbias)) });
      if (dx) rec.climb(backwardInput, { weight, dy, dx }, d, "linear input gradient");
      if (dweight) rec.climb(backwardWeight, { x, dy, dweight, dbias: dbias ?? dweight }, { ...d, BIAS: Number(Boolean(dbias)) }, "linear weight gradient");
      else if (dbias) rec.dispatch(linear_backward_bias, { dy, dbias }, d, K);
    },
  };
}

interface Dims { N: number; C: number; K: number; BIAS: number }

/** A batch of rows is an image of one row, N pixels wide, and the layer a 1×1 convolution of it: its fast rungs serve both. */
function climbing<T extends string>(ladder: readonly Rung<convolution.Convolution, T>[], plain: Rung<Dims, T>["record"]): readonly Rung<Dims, T>[] {
  const image = ({ N, C, K, BIAS }: Dims): convolution.Convolution => ({ N: 1, H: 1, W: N, C, P: 1, Q: N, K, D: C, F: K, padding_h: 0, padding_w: 0,
    R: 1, S: 1, STRIDE_H: 1, STRIDE_W: 1, DILATION_H: 1, DILATION_W: 1, BIAS });
  return [
    ...ladder.slice(0, -1).map(({ name, fits, record }): Rung<Dims, T> => ({
      name, fits: (d, target) => fits(image(d), target), record: (rec, t, d) => record(rec, t, image(d)) })),
    { name: "plain", fits: () => true, record: plain },
  ];
}

const ROWS = 2 ** 14;  // products a row of the batch costs, up to which a dispatch less is worth more than a faster kernel
const small = ({ C, K }: Dims, { rung }: Target) => C * K <= ROWS && (!rung || rung === "rows");

const forward: readonly Rung<Dims, "x" | "weight" | "bias" | "y">[] = [
  { name: "rows", fits: small, record(rec, t, d) { rec.dispatch(linear_rows_forward, t, { ...d, ACTIVATION: 0, ALPHA: 1, THRESHOLD: 0 }, [Math.ceil(d.N / 16), Math.ceil(d.K / 8), 1]); } },
  ...climbing(convolution.forward, (rec, t, d) => rec.dispatch(linear_forward, t, d, d.N * d.K)),
];
const backwardInput = climbing(convolution.backwardInput, (rec, t, d) => rec.dispatch(linear_backward_input, convolution.behind(t), d, d.N * d.C));
const backwardWeight = climbing(convolution.backwardWeight, (rec, { x, dy, dweight, dbias }, d) => {
  rec.dispatch(linear_backward_weight, { x, dy, dweight }, d, d.C * d.K);
  if (d.BIAS) rec.dispatch(linear_backward_bias, { dy, dbias }, d, d.K);
});

const backward: readonly Rung<Dims, "x" | "weight" | "dy" | "dx" | "dweight" | "dbias">[] = [
  { name: "rows", fits: small, record(rec, t, d) {
    const { N, C, K } = d, rows = (n: number) => Math.ceil(n / 16);
    rec.dispatch(linear_rows_backward, { ...convolution.behind(t), ...!d.BIAS && { dbias: tensor("unused", [1]) } }, d, [rows(N) * Math.ceil(C / 8) + rows(C) * Math.ceil(K / 8), 1, 1]);
  } },
  { name: "apart", fits: () => true, record(rec, { x, weight, dy, dx, dweight, dbias }, d) {
    rec.climb(backwardInput, { weight, dy, dx }, d, "linear input gradient");
    rec.climb(backwardWeight, { x, dy, dweight, dbias }, d, "linear weight gradient");
  } },
];
