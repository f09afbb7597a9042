// The window of a pooling, as constants, and what of it lies where.
override R: u32 = 2;  // height and width
override S: u32 = 2;
override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override WINDOWS_H: u32 = 1;  // windows that may hold a pixel: ⌈(DILATION_H·(R − 1) + 1) / STRIDE_H⌉
override WINDOWS_W: u32 = 1;

/// How many blocks, of as many rows as the stride, the image takes with its padding; pixels of one are in the same windows.
fn blocks() -> u32 { return (dim.H + u32(dim.padding_h) + STRIDE_H - 1) / STRIDE_H; }
