// A function of each element, by formulas of a layer's author: y = f(x), dx = g(x, y, dy).
//
//   y[i]  = activate(f(x[i]))
//   dx[i] = (g(x[i], known[i], dy[i]) + addend[i]) · slope(z[i])      known: y, from forward
//
// f and g are the two lines that end in "formula": the host replaces them by what
// src/wgsl/expression.ts prints of the formulas it has read. As the text stands, f is x and g is dy.
// activate, addend and slope are there where fuse.ts has put them (ACTIVATION, ADDEND, SLOPE). One
// invocation per four Values, of WIDTH elements. Twin: none; the test evaluates the formulas in f64.

override WORKGROUP: u32 = 64;
override ACTIVATION: u32 = 0;
override ADDEND: bool = false;

struct Params { size: u32 }
@group(1) @binding(0) var<uniform> dim: Params;

@group(0) @binding(0) var<storage, read> x: array<Value>;         // [size]
@group(0) @binding(1) var<storage, read_write> y: array<Value>;   // [size]
@group(0) @binding(2) var<storage, read> known: array<Value>;     // [size], y again
@group(0) @binding(3) var<storage, read> dy: array<Value>;        // [size]
@group(0) @binding(4) var<storage, read_write> dx: array<Value>;  // [size]
@group(0) @binding(5) var<storage, read> addend: array<Value>;    // [size]
@group(0) @binding(6) var<storage, read> z: array<Value>;         // [size]

// #import activation
// #import slope

/// u to the power n, at most 15, for negative u, too, of which WGSL's pow() takes none.
fn whole_power(u: Value, n: u32) -> Value {
  let two = u * u;
  let four = two * two;
  let low = select(Value(1.0), u, (n & 1) > 0) * select(Value(1.0), two, (n & 2) > 0);
  return low * select(Value(1.0), four, (n & 4) > 0) * select(Value(1.0), four * four, (n & 8) > 0);
}

fn formula_forward(u: Value) -> Value {
  return u;  // formula
}

fn formula_backward(u: Value, v: Value, w: Value) -> Value {
  return w;  // formula
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn elementwise_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;  // undoes fold()
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;  // neighbours take neighbours
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.size / WIDTH); i += WORKGROUP) {
    y[i] = activate(formula_forward(x[i]));
  }
}

@compute @workgroup_size(WORKGROUP, 1, 1)
fn elementwise_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.y * groups.x * WORKGROUP + id.x;
  let start = n / WORKGROUP * WORKGROUP * 4 + n % WORKGROUP;
  for (var i = start; i < min(start + 4 * WORKGROUP, dim.size / WIDTH); i += WORKGROUP) {
    var v = formula_backward(x[i], known[i], dy[i]);
    if (ADDEND) { v += addend[i]; }
    if (SLOPE > 0) { v *= slope(z[i]); }
    dx[i] = v;
  }
}
