// Slopes of the activations of lib/activation.wgsl, by the same numbers, for dx = dy · slope(z). Up to 5, z is the
// activation's output, from 6 on its input. 0: there is none. 11: of a relu and a dropout behind it, whose scale is
// ALPHA; z is the output of both, 0 also where it was dropped.
override SLOPE: u32 = 0;
// #import curves

fn slope_gelu(v: Value) -> Value {
  let a = clamp(v, Value(-13.0), Value(13.0));
  return normal(v) + a * 0.39894228 * exp(-0.5 * a * a);
}

fn slope_gelu_tanh(v: Value) -> Value {
  let a = clamp(v, Value(-10.0), Value(10.0));
  return nearly_normal(a) * (1.0 + nearly_normal(-a) * 1.59576912 * a * (1.0 + 0.134145 * a * a));
}

fn slope(v: Value) -> Value {
  switch (SLOPE) {
    case 1: { return select(Value(), Value(1.0), v > Value()); }
    case 2: { return v * (1.0 - v); }
    case 3: { return 1.0 - v * v; }
    case 4: { return select(Value(ALPHA), Value(1.0), v > Value()); }
    case 5: { return select(v + ALPHA, Value(1.0), v > Value()); }
    case 6: { return slope_gelu(v); }
    case 7: { return slope_gelu_tanh(v); }
    case 8: { return gate(v) * (1.0 + v * gate(-v)); }
    case 9: { return select(select(v / 3.0 + 0.5, Value(1.0), v > Value(3.0)), Value(), v < Value(-3.0)); }
    case 10: { return select(safe_sigmoid(ALPHA * v), Value(1.0), ALPHA * v > Value(THRESHOLD)); }
    case 11: { return select(Value(), Value(ALPHA), v > Value()); }
    default: { return Value(1.0); }
  }
}
