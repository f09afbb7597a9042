import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import "@tensorflow/tfjs-backend-webgpu";
import { batchOf, LR, weights } from "./networks.mjs";

const made = (shape, inputs, ones) =>
  tf.keep(tf.variable(ones ? tf.ones(shape) : tf.tensor(weights(shape, inputs), shape)));

/** Variables are made when the network is first run, and found again by their order. */
function network(net) {
  const variables = [];
  function forward(x, training) {
    let at = 0;
    const variable = (shape, inputs, ones = false) =>
      variables[at++] ?? (variables[at - 1] = made(shape, inputs, ones));
    const conv = (x, { filters, kernel, padding, stride }) => {
      const C = x.shape[3], fan = kernel * kernel * C;
      const filter = variable([kernel, kernel, C, filters], fan);
      return tf.add(tf.conv2d(x, filter, stride, padding), variable([filters], fan));
    };
    const bn = (x) => {
      const C = x.shape[3];
      const { mean, variance } = training ? tf.moments(x, [0, 1, 2])
        : { mean: tf.zeros([C]), variance: tf.ones([C]) };
      const scale = variable([C], 1, true), shift = variable([C], C);
      return tf.batchNorm(x, mean, variance, shift, scale, 1e-5);
    };
    const kinds = {
      conv, bn,
      relu: tf.relu,
      flatten: (x) => tf.reshape(x, [x.shape[0], -1]),
      dropout: (x) => training ? tf.dropout(x, 0.5) : x,
      mean: (x) => tf.mean(x, [1, 2]),
      linear: (x, { units }) => {
        const C = x.shape[1];
        return tf.add(tf.matMul(x, variable([C, units], C)), variable([units], C));
      },
      avgPool: (x, { kernel }) => tf.avgPool(x, kernel, kernel, 0),
      maxPool: (x, { kernel }) => tf.maxPool(x, kernel, kernel, 0),
      block: (x, { filters, stride }) => {
        const first = tf.relu(bn(conv(x, { filters, kernel: 3, padding: 1, stride })));
        const second = bn(conv(first, { filters, kernel: 3, padding: 1, stride: 1 }));
        const shortcut = x.shape[3] === filters && stride === 1 ? x
          : conv(x, { filters, kernel: 1, padding: 0, stride });
        return tf.relu(tf.add(second, shortcut));
      },
    };
    return net.layers.reduce((v, layer) => kinds[layer.op](v, layer), x);
  }
  return { variables, forward };
}

export async function open({ net, batch }) {
  await tf.setBackend("webgpu");
  await tf.ready();
  if (tf.getBackend() !== "webgpu") throw new Error("TensorFlow.js has no webgpu backend here");
  const { images, labels } = batchOf(net, batch), [C, H, W] = net.input;
  const { variables, forward } = network(net), optimizer = tf.train.sgd(LR);
  const x = tf.tensor(images, [batch, H, W, C]), y = tf.oneHot(tf.tensor(labels, [batch], "int32"), 10);
  tf.tidy(() => forward(x, true));
  return {
    parameters: variables.reduce((sum, v) => sum + v.size, 0),
    async train(n) {
      let cost;
      const loss = () => tf.losses.softmaxCrossEntropy(y, forward(x, true));
      for (let i = 1; i <= n; i++) cost = optimizer.minimize(loss, i === n, variables);
      const [value] = await cost.data();
      cost.dispose();
      return value;
    },
    async infer(n) {
      for (let i = 1; i <= n; i++) {
        const logits = tf.tidy(() => forward(x, false));
        if (i === n) await logits.data();
        logits.dispose();
      }
    },
    close() { for (const t of [...variables, x, y]) t.dispose(); },
  };
}
