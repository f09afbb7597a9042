// What a convolution or a linear layer makes of a finished sum: sum · factor + term,
// by its bias or by the batch normalisation behind it.
override BIAS: bool = true;     // where false, any tensor may stand in for bias
override SCALED: bool = false;  // a batch norm, folded: bias holds a factor a filter and, behind these, a term a filter

/// Factor and term of filter k, of K.
fn affine(k: u32, K: u32) -> array<Value, 2> {
  var v = array<Value, 2>(Value(1.0), Value());
  if (BIAS) { v[1] = bias[k]; }
  if (SCALED) { v = array<Value, 2>(bias[k], bias[K + k]); }
  return v;
}
