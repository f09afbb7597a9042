// Activations by number, and their slopes. The caller declares `override ACTIVATION: u32`, which is baked: one case is left.
//   0 identity   1 relu   2 sigmoid   3 tanh   4 leaky relu   5 elu        slope(v) takes the output
//   6 gelu   7 gelu by tanh   8 silu   9 hard swish   10 softplus          slope(v) takes the input
// No function of them overflows or is NaN where v is a number. Arguments are called v: a module-scope variable of the same
// name would count as bound.

// Slope left of 0 (4), −limit at −∞ (5), sharpness (10).
override ALPHA: f32 = 1.0;
// From where on softplus is v itself: ALPHA · v > THRESHOLD.
override THRESHOLD: f32 = 20.0;

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

/// A sigmoid to multiply v by: 0 where even a huge v must give 0.
fn gate(v: f32) -> f32 {
  return select(safe_sigmoid(v), 0.0, v < -87.0);
}

/// exp(v) − 1 for v ≤ 0; near 0 Taylor's series, where the difference cancels.
fn exp_minus_1(v: f32) -> f32 {
  let a = max(v, -0.7);
  let near = a * (1.0 + a / 2.0 * (1.0 + a / 3.0 * (1.0 + a / 4.0 * (1.0 + a / 5.0 * (1.0 + a / 6.0 * (1.0 + a / 7.0 * (1.0 + a / 8.0 * (1.0 + a / 9.0))))))));
  return select(near, exp(max(v, -87.0)) - 1.0, v < -0.7);
}

/// log(1 + v) for v in [0, 1], as 2 artanh(v / (2 + v)): a small v keeps its digits.
fn log_1_plus(v: f32) -> f32 {
  let a = v / (2.0 + v);
  let b = a * a;
  return 2.0 * a * (1.0 + b * (1.0 / 3.0 + b * (1.0 / 5.0 + b * (1.0 / 7.0 + b * (1.0 / 9.0 + b * (1.0 / 11.0 + b / 13.0))))));
}

/// The normal distribution function, (1 + erf(v / √2)) / 2. Its tail by Press et al., Numerical Recipes in C, section 6.2
/// (erfcc): off by at most 1.2e-7 of itself.
fn normal(v: f32) -> f32 {
  let a = min(abs(v), 13.0) * 0.70710678;
  let t = 1.0 / (1.0 + 0.5 * a);
  let series = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let tail = select(0.5 * t * exp(series - a * a), 0.0, abs(v) >= 13.0);
  return select(tail, 1.0 - tail, v > 0.0);
}

/// (1 + tanh √(2/π) (v + 0.044715 v³)) / 2, nearly normal(v) (Hendrycks and Gimpel 2016), as a sigmoid.
fn nearly_normal(v: f32) -> f32 {
  let a = clamp(v, -10.0, 10.0);
  return gate(1.59576912 * a * (1.0 + 0.044715 * a * a));
}

fn slope_gelu(v: f32) -> f32 {
  let a = clamp(v, -13.0, 13.0);
  return normal(v) + a * 0.39894228 * exp(-0.5 * a * a);
}

fn slope_gelu_tanh(v: f32) -> f32 {
  let a = clamp(v, -10.0, 10.0);
  return nearly_normal(a) * (1.0 + nearly_normal(-a) * 1.59576912 * a * (1.0 + 0.134145 * a * a));
}

fn softplus(v: f32) -> f32 {
  let a = ALPHA * v;
  if (a > THRESHOLD) { return v; }
  return (max(a, 0.0) + log_1_plus(exp(-min(abs(a), 87.0)))) / ALPHA;
}

fn activate(v: f32) -> f32 {
  switch (ACTIVATION) {
    case 1: { return max(v, 0.0); }
    case 2: { return safe_sigmoid(v); }
    case 3: { return safe_tanh(v); }
    case 4: { return select(ALPHA * v, v, v > 0.0); }
    case 5: { return select(ALPHA * exp_minus_1(min(v, 0.0)), v, v > 0.0); }
    case 6: { return v * normal(v); }
    case 7: { return v * nearly_normal(v); }
    case 8: { return v * gate(v); }
    case 9: { return v * (clamp(v + 3.0, 0.0, 6.0) / 6.0); }
    case 10: { return softplus(v); }
    default: { return v; }
  }
}

fn slope(v: f32) -> f32 {
  switch (ACTIVATION) {
    case 1: { return select(0.0, 1.0, v > 0.0); }
    case 2: { return v * (1.0 - v); }
    case 3: { return 1.0 - v * v; }
    case 4: { return select(ALPHA, 1.0, v > 0.0); }
    case 5: { return select(v + ALPHA, 1.0, v > 0.0); }
    case 6: { return slope_gelu(v); }
    case 7: { return slope_gelu_tanh(v); }
    case 8: { return gate(v) * (1.0 + v * gate(-v)); }
    case 9: { return select(select(v / 3.0 + 0.5, 1.0, v > 3.0), 0.0, v < -3.0); }
    case 10: { return select(safe_sigmoid(ALPHA * v), 1.0, ALPHA * v > THRESHOLD); }
    default: { return 1.0; }
  }
}
