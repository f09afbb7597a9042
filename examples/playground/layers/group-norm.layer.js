const GROUPS = 2;  // must divide the channels
const dims = ([N, H, W, C]) => ({ N, PIXELS: H * W, C, GROUPS });

const layer = defineLayer({
  name: "groupNorm",
  params: ([, , , C]) => ({ gain: { shape: [C], init: ones }, bias: { shape: [C], init: zeros } }),
  saved: ([N]) => ({ moments: [N, GROUPS, 2] }),

  forward(rec, { x, gain, bias, moments, y }) {
    rec.dispatch(kernels.group_norm_moments, { x, made: moments }, dims(x.shape), x.shape[0] * GROUPS);
    rec.dispatch(kernels.group_norm_forward, { x, gain, bias, moments, y }, dims(x.shape), y.size);
  },

  backward(rec, { x, gain, moments, dy, dx, dgain, dbias }) {
    if (dx) {
      const sums = tensor("sums", [x.shape[0], GROUPS, 2]);
      rec.dispatch(kernels.group_norm_sums, { x, gain, moments, dy, made: sums }, dims(x.shape), x.shape[0] * GROUPS);
      rec.dispatch(kernels.group_norm_input, { x, gain, moments, sums, dy, dx }, dims(x.shape), dx.size);
    }
    const unused = tensor("unused", [x.shape[3]]);  // in place of the one that is frozen
    if (dgain || dbias) rec.dispatch(kernels.group_norm_params, { x, moments, dy, dgain: dgain ?? unused, dbias: dbias ?? unused }, dims(x.shape), unused.size);
  },
});

return { layer, input: [2, 5, 5, 4], place: "norm" };
