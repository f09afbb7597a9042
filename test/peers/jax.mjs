import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { batchOf, LR, weights } from "./networks.mjs";

/** NCHW. Dropout and batch norm are not in jax-js: dropout is left out, networks with batch norm are not compared. */
function network(net) {
  const shapes = [], steps = [];
  let shape = net.input;
  const parameter = (s, inputs) => shapes.push([s, inputs]) - 1;
  for (const layer of net.layers) {
    const { op, filters, kernel, padding, stride, units } = layer, [C, H, W] = shape;
    if (op === "conv") {
      const inputs = C * kernel * kernel;
      const w = parameter([filters, C, kernel, kernel], inputs), b = parameter([filters], inputs);
      const size = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
      steps.push((x, p) => lax
        .convGeneralDilated(x, p[w], [stride, stride], [[padding, padding], [padding, padding]])
        .add(p[b].reshape([1, filters, 1, 1])));
      shape = [filters, size(H), size(W)];
    } else if (op === "linear") {
      const w = parameter([C, units], C), b = parameter([units], C);
      steps.push((x, p) => np.dot(x, p[w]).add(p[b]));
      shape = [units];
    } else if (op === "relu") steps.push((x) => nn.relu(x));
    else if (op === "flatten") { shape = [C * H * W]; steps.push((x) => x.reshape([-1, C * H * W])); }
    else if (op === "avgPool" || op === "maxPool") {
      // By way of a reshape, quicker than lax.reduceWindow.
      const reduce = op === "avgPool" ? (x) => x.mean([3, 5]) : (x) => x.max([3, 5]);
      steps.push((x) => reduce(x.reshape([-1, C, H / kernel, kernel, W / kernel, kernel])));
      shape = [C, H / kernel, W / kernel];
    } else if (op !== "dropout") return undefined;
  }
  return { shapes, forward: (params, x) => steps.reduce((v, step) => step(v, params), x) };
}

export async function open({ net, batch }) {
  const made = network(net);
  if (!made) return undefined;
  if (!(await init("webgpu")).includes("webgpu")) throw new Error("jax-js has no webgpu here");
  defaultDevice("webgpu");
  const { images, labels } = batchOf(net, batch), { shapes, forward } = made;
  let params = shapes.map(([shape, inputs]) => np.array(weights(shape, inputs)).reshape(shape));
  const x = np.array(images).reshape([batch, ...net.input]), y = nn.oneHot(np.array(labels, { dtype: np.int32 }), 10);
  await blockUntilReady([x, y, params]);
  const loss = (p, x, y) => nn.logSoftmax(forward(p, x), -1).mul(y).sum().mul(-1 / batch);
  const step = jit((p, x, y) => {
    const [value, d] = valueAndGrad(loss)(tree.ref(p), x, y);
    return [value, p.map((v, i) => v.sub(d[i].mul(LR)))];
  });
  const infer = jit(forward);
  return {
    parameters: shapes.reduce((sum, [shape]) => sum + shape.reduce((a, b) => a * b, 1), 0),
    async train(n) {
      let value;
      for (let i = 1; i <= n; i++) {
        value?.dispose();
        [value, params] = step(params, x.ref, y.ref);
      }
      return (await value.data())[0];
    },
    async infer(n) {
      const logits = Array.from({ length: n }, () => infer(tree.ref(params), x.ref));
      await blockUntilReady(logits);  // what nobody waits for is never computed
      for (const one of logits) one.dispose();
    },
    close() {},
  };
}
