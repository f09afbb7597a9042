// What an invocation takes at once: one element, or with WIDTH 4 (or 2) so many neighbours.
// The host then makes the alias a vec4f (vec2f).
override WIDTH: u32 = 1;
alias Value = f32;
