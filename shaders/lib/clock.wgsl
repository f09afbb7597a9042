// What changes from step to step. The host writes it before each step, with the indices of the batch behind it.
struct Clock {
  step: u32,  // of the optimizer, from 0
  seed: u32,
  row: u32,   // of the ring that this step writes
  lr: f32,    // learning rate
}
