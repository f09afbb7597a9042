// Philox 4×32-10, the counter-based generator of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
// The same function as in src/random.ts: four words for a counter of four words and a key of two.

/// The upper half of the product of two words, from products of halves: WGSL has no 64 bits.
fn mul_high(u: u32, v: u32) -> u32 {
  let low = (u & 0xffffu) * (v & 0xffffu);
  let cross = (u >> 16) * (v & 0xffffu) + (low >> 16);         // at most 2³² − 1
  let other = (u & 0xffffu) * (v >> 16) + (cross & 0xffffu);
  return (u >> 16) * (v >> 16) + (cross >> 16) + (other >> 16);
}

fn philox(counter: vec4u, seed: vec2u) -> vec4u {
  var c = counter;
  var k = seed;
  for (var round = 0u; round < 10; round++) {
    c = vec4u(mul_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x, 0xcd9e8d57u * c.z,
      mul_high(0xd2511f53u, c.x) ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
