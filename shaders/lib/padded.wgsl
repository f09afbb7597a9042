// Loads along a row of x, for the direct rungs. The caller declares what it takes at once: `alias Element`, a number or
// several neighbouring channels, and how many, EACH.
/// x of pixel w of a row, whose first lies at `start`; 0 where that is padding.
/// Of a row outside the image, `width` is 0.
fn padded(start: i32, w: i32, width: u32) -> Element {
  let inside = u32(w) < width;
  return select(Element(), x[select(0, start + w * i32(dim.C / EACH), inside)], inside);
}
