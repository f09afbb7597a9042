// What chance decides about one image of a batch: augment.wgsl draws it, batch_augment.wgsl obeys. Pixels are of the
// network's size.
struct Draw {
  top: i32, left: i32,       // where the image is cut out, counted from its own corner
  flip: u32,                 // 1: left and right change places
  contrast: f32, grey: f32,  // a byte v becomes contrast · v + grey, kept to 0 … 255,
  brightness: f32,           // and then brightness times that, likewise
  rows: vec2u,               // rows and columns that are erased: the first, and the first behind the last
  columns: vec2u,
}
