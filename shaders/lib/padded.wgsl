// Loads along a row of x, for the rungs by subgroups. The caller declares what it takes at once: `alias Element`, a
// number or several neighbouring channels, and how many, EACH.
/// x of pixel w of a row whose first lies at `start`; 0 where that is padding: left of the row, where w as u32 is huge,
/// or from `width` on, which is 0 for a row outside the image. Element 0 is loaded there instead, for no `if`.
fn padded(start: i32, w: i32, width: u32) -> Element {
  let inside = u32(w) < width;
  return select(Element(), x[select(0, start + w * i32(dim.C / EACH), inside)], inside);
}
