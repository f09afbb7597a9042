// Mean of some rows, and the sum of their squared distances from it.
struct Moments { mean: Value, m2: Value }

/// Moments of `before` rows and `further` more (Chan, Golub and LeVeque 1979, equation 2.1).
fn joined(u: Moments, before: f32, v: Moments, further: f32) -> Moments {
  let d = v.mean - u.mean;
  let both = before + further;
  return Moments(u.mean + d * (further / both), u.m2 + v.m2 + d * (before * further / both * d));
}

/// Which Value of channels an invocation takes: a workgroup has 2^columns_log2 of them.
fn column(group: u32, here: u32) -> u32 {
  return (group << dim.columns_log2) + (here & ((1u << dim.columns_log2) - 1));
}
