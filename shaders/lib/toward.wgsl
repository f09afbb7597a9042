// A running mean's step: exact at both ends, so that one that forgets all but the last has the last, and one at rest
// stays there.
/// From `old` to `fresh`, by a share of the way.
fn toward(old: Value, fresh: Value, share: f32) -> Value {
  return select(fresh + (1.0 - share) * (old - fresh), old + share * (fresh - old), share < 0.5);
}
