// What chance decides about the images of a batch, as torchvision's transforms do, from uniform numbers u in [0, 1):
//
//   top, left            from −crop … crop                                          RandomCrop(padding)
//   flip                 u < flip                                                   RandomHorizontalFlip(p)
//   brightness, contrast f = low + u·(1 + b − low), low = max(0, 1 − b)             ColorJitter(brightness, contrast)
//     contrast           f·v + (1 − f)·g, g the mean grey of the image
//   rows, columns        if u < erase, the first of ten tries that fits:            RandomErasing(p)
//     area = P·Q·(0.02 + 0.31·u), ratio = 0.3·11^u, round(√(area·ratio)) × round(√(area / ratio)) anywhere inside
//
// u = word div 2⁸ / 2²⁴ of philox((image of the batch, step, block, 3), (seed, 0)). The counter's last
// word, 3, sets these numbers apart from those of dropout.wgsl (2) and src/random.ts (0, 1). One
// invocation per image. Twin: test/reference/augment.ts.

override WORKGROUP: u32 = 64;

// #import clock
// #import draw
// #import philox

struct Params {
  N: u32, P: u32, Q: u32,          // images; their height and width in the network
  first: u32,                      // number, in the batch, of the first of them
  crop: u32,                       // pixels
  flip: u32, erase: u32,           // probabilities · 2²⁴
  brightness: f32, contrast: f32,
}
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> order: array<u32>;         // [N]
@group(0) @binding(2) var<storage, read> greys: array<f32>;         // [images of the set], 0 to 255
@group(0) @binding(3) var<storage, read_write> draws: array<Draw>;  // [N]

/// u in [0, 1), of 24 bits, which an f32 holds.
fn unit(word: u32) -> f32 { return f32(word >> 8) / 16777216.0; }

/// One of 0 … count − 1.
fn below(count: u32, word: u32) -> u32 { return mul_high(word, count); }

/// f of brightness and contrast.
fn factor(strength: f32, word: u32) -> f32 {
  let low = max(0.0, 1.0 - strength);
  return low + unit(word) * (1.0 + strength - low);
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn augment_draw(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x;
  if (n >= dim.N) { return; }
  let counter = vec4u(dim.first + n, clock.step, 0u, 3u);  // and from block 2 on one for each try to erase
  let seed = vec2u(clock.seed, 0u);
  let place = philox(counter, seed);
  let look = philox(counter + vec4u(0u, 0u, 1u, 0u), seed);

  var d: Draw;
  d.top = i32(below(2 * dim.crop + 1, place.x)) - i32(dim.crop);
  d.left = i32(below(2 * dim.crop + 1, place.y)) - i32(dim.crop);
  d.flip = u32((place.z >> 8) < dim.flip);
  d.brightness = factor(dim.brightness, look.x);
  d.contrast = factor(dim.contrast, look.y);
  d.grey = (1.0 - d.contrast) * greys[order[n]];

  var tries = select(10u, 0u, (look.z >> 8) < dim.erase);
  for (; tries < 10; tries++) {
    let words = philox(counter + vec4u(0u, 0u, 2u + tries, 0u), seed);
    let area = f32(dim.P * dim.Q) * (0.02 + 0.31 * unit(words.x));
    let ratio = exp(-1.2039728 + 2.3978953 * unit(words.y));  // ln 0.3 and ln 11
    let height = u32(round(sqrt(area * ratio)));
    let width = u32(round(sqrt(area / ratio)));
    if (height < dim.P && width < dim.Q) {
      d.rows = below(dim.P - height + 1, words.z) + vec2u(0u, height);
      d.columns = below(dim.Q - width + 1, words.w) + vec2u(0u, width);
      break;
    }
  }
  draws[n] = d;
}
