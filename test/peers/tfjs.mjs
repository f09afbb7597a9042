import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import "@tensorflow/tfjs-backend-webgpu";
import { batchOf, LR, weights } from "./networks.mjs";

/** Variables are made when the network is first run, and found again by their order. */
function network(net) {
  const variables = [];
  function forward(x, training) {
    let at = 0;
    const variable = (shape, inputs, ones = false) => variables[at++] ?? (variables[at - 1] = tf.keep(tf.variable(ones ? tf.ones(shape) : tf.tensor(weights(shape, inputs), shape))));
    const conv = (x, { filters, kernel, padding, stride }) => {
      const C = x.shape[3], fan = kernel * kernel * C;
      return tf.add(tf.conv2d(x, variable([kernel, kernel, C, filters], fan), stride, padding), variable([filters], fan));
    };
    const bn = (x) => {
      const C = x.shape[3], { mean, variance } = training ? tf.moments(x, [0, 1, 2]) : { mean: tf.zeros([C]), variance: tf.ones([C]) };
      const scale = variable([C], 1, true), shift = variable([C], C);
      return tf.batchNorm(x, mean, variance, shift, scale, 1e-5);
    };
    const kinds = {
      conv, bn, relu: tf.relu, flatten: (x) => tf.reshape(x, [x.shape[0], -1]), dropout: (x) => training ? tf.dropout(x, 0.5) : x, mean: (x) => tf.mean(x, [1, 2]),
      linear: (x, { units }) => tf.add(tf.matMul(x, variable([x.shape[1], units], x.shape[1])), variable([units], x.shape[1])),
      avgPool: (x, { kernel }) => tf.avgPool(x, kernel, kernel, 0), maxPool: (x, { kernel }) => tf.maxPool(x, kernel, kernel, 0),
      block: (x, { filters, stride }) => {
        const first = tf.relu(bn(conv(x, { filters, kernel: 3, padding: 1, stride }))), second = bn(conv(first, { filters, kernel: 3, padding: 1, stride: 1 }));
        return tf.relu(tf.add(second, x.shape[3] === filters && stride === 1 ? x : conv(x, { filters, kernel: 1, padding: 0, stride })));
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
  const { images, labels } = batchOf(net, batch), [C, H, W] = net.input, { variables, forward } = network(net), optimizer = tf.train.sgd(LR);
  const x = tf.tensor(images, [batch, H, W, C]), y = tf.oneHot(tf.tensor(labels, [batch], "int32"), 10);
  tf.tidy(() => forward(x, true));
  return {
    parameters: variables.reduce((sum, v) => sum + v.size, 0),
    async train(n) {
      let cost;
      for (let i = 1; i <= n; i++) cost = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x, true)), i === n, variables);
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
