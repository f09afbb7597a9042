const D = 4;  // hidden units
const dims = ([N, H, W, C]) => ({ N, PIXELS: H * W, C, D });

const layer = defineLayer({
  name: "squeezeExcite",
  params: ([, , , C]) => ({ down: { shape: [C, D], init: kaimingUniform }, up: { shape: [D, C], init: kaimingUniform } }),
  saved: ([N, , , C]) => ({ mean: [N, C], hidden: [N, D], gate: [N, C] }),

  forward(rec, { x, down, up, mean, hidden, gate, y }) {
    const d = dims(x.shape);
    rec.dispatch(kernels.squeeze, { x, result: mean }, d, mean.size);
    rec.dispatch(kernels.excite_down, { mean, down, result: hidden }, d, hidden.size);
    rec.dispatch(kernels.excite_up, { hidden, up, result: gate }, d, gate.size);
    rec.dispatch(kernels.scale, { x, gate, result: y }, d, y.size);
  },

  backward(rec, { x, down, up, mean, hidden, gate, dy, dx, ddown, dup }) {
    const d = dims(x.shape), dgate = tensor("d gate", gate.shape), dhidden = tensor("d hidden", hidden.shape);
    rec.dispatch(kernels.gate_gradient, { x, gate, dy, result: dgate }, d, dgate.size);
    rec.dispatch(kernels.hidden_gradient, { up, hidden, dgate, result: dhidden }, d, dhidden.size);
    if (dx) rec.dispatch(kernels.input_gradient, { down, gate, dy, dhidden, result: dx }, d, dx.size);
    if (dup) rec.dispatch(kernels.up_gradient, { hidden, dgate, result: dup }, d, dup.size);
    if (ddown) rec.dispatch(kernels.down_gradient, { mean, dhidden, result: ddown }, d, ddown.size);
  },
});

return { layer, input: [2, 4, 4, 4], place: "norm" };
