// What chance decides about one image of a batch: drawn by augment.wgsl,
// obeyed by batch.wgsl. Pixels are of the network's size.
struct Draw {
  top: i32, left: i32,       // where the image is cut out, counted from its own corner
  flip: u32,                 // 1: left and right change places
  contrast: f32, grey: f32,  // a byte v becomes contrast · v + grey, and then
  brightness: f32,           // brightness times that; 0 … 255 is kept to both times
  rows: vec2u,               // rows and columns that are erased: from the first up to, but not, the second
  columns: vec2u,
}
