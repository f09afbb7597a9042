const out = ([N, H, W, C]) => [N, Math.floor(H / 2), Math.floor(W / 2), C];
const dims = (x, [, P, Q] = out(x)) => ({ N: x[0], H: x[1], W: x[2], C: x[3], P, Q });

const layer = defineLayer({
  name: "lengthPool",
  shape: out,

  forward(rec, { x, y }) {
    rec.dispatch(kernels.pooling_forward, { x, y }, dims(x.shape), y.size);
  },

  backward(rec, { x, y, dy, dx }) {
    if (dx) rec.dispatch(kernels.pooling_backward, { x, known: y, dy, dx }, dims(x.shape), dx.size);
  },
});

return { layer, input: [2, 7, 6, 4], place: "pool" };
