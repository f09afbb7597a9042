// Activations by number, and their slopes. The caller declares `override ACTIVATION: u32`, which is baked: one case is left.
//   0 identity   1 relu   2 sigmoid   3 tanh
// Arguments are called v: a module-scope variable of the same name would count as bound.

/// tanh by way of exp: WGSL's own is NaN for large arguments on some adapters. Near 0 a series, where the other form cancels.
fn safe_tanh(v: f32) -> f32 {
  let a = min(abs(v), 15.0);
  let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
  let near = a - a * a * a / 3.0 * (1.0 - 0.4 * a * a);
  return sign(v) * select(far, near, a < 0.06);
}

fn safe_sigmoid(v: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(v, -87.0, 87.0)));
}

fn activate(v: f32) -> f32 {
  switch (ACTIVATION) {
    case 1: { return max(v, 0.0); }
    case 2: { return safe_sigmoid(v); }
    case 3: { return safe_tanh(v); }
    default: { return v; }
  }
}

fn slope(v: f32) -> f32 {
  switch (ACTIVATION) {
    case 1: { return select(0.0, 1.0, v > 0.0); }
    case 2: { return v * (1.0 - v); }
    case 3: { return 1.0 - v * v; }
    default: { return 1.0; }
  }
}
