// The window of a pooling, as constants.
override R: u32 = 2;  // height and width
override S: u32 = 2;
override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override WINDOWS_H: u32 = 1;  // windows that may hold a pixel: ⌈(DILATION_H·(R − 1) + 1) / STRIDE_H⌉
override WINDOWS_W: u32 = 1;
