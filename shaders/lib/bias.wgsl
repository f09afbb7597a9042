// What a convolution or a linear layer makes of a finished sum: its bias, or the batch normalisation behind it, is added.
override BIAS: bool = true;     // where false, any tensor may stand in for bias
override SCALED: bool = false;  // bias holds a factor for each filter, and behind them a term: a batch normalisation, folded

/// The sum v of filter k, of K.
fn biased(v: Value, k: u32, K: u32) -> Value {
  if (SCALED) { return v * bias[k] + bias[K + k]; }
  if (BIAS) { return v + bias[k]; }
  return v;
}
