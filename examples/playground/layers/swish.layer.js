// kernels holds the shader's entry points; all names of convoy-gpu and convoy-gpu/wgsl are there.
const layer = defineLayer({
  name: "swish",

  forward(rec, { x, y }) {
    rec.dispatch(kernels.swish_forward, { x, y }, { size: y.size }, y.size);
  },

  backward(rec, { x, dy, dx }) {
    if (dx) rec.dispatch(kernels.swish_backward, { x, dy, dx }, { size: dx.size }, dx.size);
  },
});

return { layer, input: [2, 6, 6, 4], place: "activation" };
