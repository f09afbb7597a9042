const dims = ([N, H, W, C]) => ({ N, H, W, C });

const layer = defineLayer({
  name: "depthwise",
  params: ([, , , C]) => ({ weight: { shape: [3, 3, C], init: kaimingUniform, fan: { in: 9, out: 9 } } }),

  forward(rec, { x, weight, y }) {
    rec.dispatch(kernels.depthwise_forward, { x, weight, y }, dims(x.shape), y.size);
  },

  backward(rec, { x, weight, dy, dx, dweight }) {
    if (dx) rec.dispatch(kernels.depthwise_input, { weight, dy, dx }, dims(x.shape), dx.size);
    if (dweight) rec.dispatch(kernels.depthwise_weight, { x, dy, dweight }, dims(x.shape), dweight.size);
  },
});

return { layer, input: [2, 6, 6, 4], place: "norm", macs: [9 * 2 * 6 * 6 * 4, 18 * 2 * 6 * 6 * 4] };
