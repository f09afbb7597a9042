// Activations by number. The caller declares `override ACTIVATION: u32`, which is baked, so that one case is left.
//   0 identity   1 relu   2 sigmoid   3 tanh   4 leaky relu   5 elu
//   6 gelu   7 gelu by tanh   8 silu   9 hard swish   10 softplus
// #import curves

/// tanh by way of exp(), as WGSL's own is NaN for large arguments on some adapters; near 0, where that would cancel, a
/// series.
fn safe_tanh(v: Value) -> Value {
  let a = at_most(15.0, abs(v));
  let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
  let near = a - a * a * a / 3.0 * (1.0 - 0.4 * a * a);
  return sign(v) * select(near, far, a > Value(0.06));
}

/// exp(v) − 1 for v ≤ 0; near 0, where the difference would cancel, Taylor's series.
fn exp_minus_1(v: Value) -> Value {
  let a = -at_most(0.7, -v);
  var near = Value(1.0);
  for (var n = 9.0; n > 1.0; n -= 1.0) { near = 1.0 + a / n * near; }
  return select(a * near, exp(max(v, Value(-87.0))) - 1.0, v < Value(-0.7));
}

/// log(1 + v) for v in [0, 1], as 2 artanh(v / (2 + v)), so that a small v keeps its digits.
fn log_1_plus(v: Value) -> Value {
  let a = v / (2.0 + v);
  var series = Value();
  for (var n = 13.0; n > 0.0; n -= 2.0) { series = 1.0 / n + a * a * series; }
  return 2.0 * a * series;
}

/// max(v, 0), but NaN for a NaN.
fn positive(v: Value) -> Value { return select(v, Value(), v < Value()); }

/// log(1 + exp(ALPHA · v)) / ALPHA, of the positive part and of an exp() that cannot overflow.
fn softplus(v: Value) -> Value {
  let a = ALPHA * v;
  let curve = (positive(a) + log_1_plus(exp(-min(abs(a), Value(87.0))))) / ALPHA;
  return select(curve, v, a > Value(THRESHOLD));
}

fn activate(v: Value) -> Value {
  switch (ACTIVATION) {
    case 1: { return positive(v); }
    case 2: { return safe_sigmoid(v); }
    case 3: { return safe_tanh(v); }
    case 4: { return select(v, ALPHA * v, v < Value()); }
    case 5: { return select(ALPHA * exp_minus_1(at_most(0.0, v)), v, v > Value()); }
    case 6: { return v * normal(v); }
    case 7: { return v * nearly_normal(v); }
    case 8: { return v * gate(v); }
    case 9: { return v * (clamp(v + 3.0, Value(), Value(6.0)) / 6.0); }
    case 10: { return softplus(v); }
    default: { return v; }
  }
}
