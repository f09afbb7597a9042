// A step of a running mean.
/// From `old` to `fresh` by a share of the way; exact at both ends: a share of 1 gives `fresh`, one of 0 gives `old`.
fn toward(old: Value, fresh: Value, share: f32) -> Value {
  return select(fresh + (1.0 - share) * (old - fresh), old + share * (fresh - old), share < 0.5);
}
