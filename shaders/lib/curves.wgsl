// What activations and their slopes are made of. Where v is a number none of these overflows or is NaN. Arguments are
// called v, since one that is named like a binding would count as that binding.

// #import value
// Of activation 4 the slope left of 0, of 5 minus the limit at −∞, of 10 the sharpness.
override ALPHA: f32 = 1.0;
// Softplus is v itself where ALPHA · v > THRESHOLD.
override THRESHOLD: f32 = 20.0;

/// v, but at most `high`. Not min(), which may make a number of a NaN.
fn at_most(high: f32, v: Value) -> Value { return select(v, Value(high), v > Value(high)); }

/// 1 / (1 + exp(−v)); around 0 by its series. A NaN takes the series, too, for its abs() is not above any bound, and
/// so stays a NaN: of its exp() or clamp() an adapter may make a number.
fn safe_sigmoid(v: Value) -> Value {
  return select(0.5 + 0.25 * v, 1.0 / (1.0 + exp(-clamp(v, Value(-87.0), Value(87.0)))), abs(v) > Value(1e-3));
}

/// A sigmoid to multiply v by: 0 where even a huge v must give 0.
fn gate(v: Value) -> Value {
  return select(safe_sigmoid(v), Value(), v < Value(-87.0));
}

/// The normal distribution function, (1 + erf(v / √2)) / 2. Its tail by Press et al., Numerical Recipes in C,
/// section 6.2 (erfcc): off by at most 1.2e-7 of itself.
fn normal(v: Value) -> Value {
  let a = min(abs(v), Value(13.0)) * 0.70710678;
  let t = 1.0 / (1.0 + 0.5 * a);
  let series = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let tail = select(0.5 * t * exp(series - a * a), Value(), abs(v) >= Value(13.0));
  return select(tail, 1.0 - tail, v > Value());
}

/// (1 + tanh √(2/π) (v + 0.044715 v³)) / 2, nearly normal(v) (Hendrycks and Gimpel 2016), as a sigmoid.
fn nearly_normal(v: Value) -> Value {
  let a = clamp(v, Value(-10.0), Value(10.0));
  return gate(1.59576912 * a * (1.0 + 0.044715 * a * a));
}
