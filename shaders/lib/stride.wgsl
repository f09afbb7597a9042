// How far a window moves, and how far apart its taps are: constants, so that loops over taps may unroll.
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override DILATION_H: u32 = 1;
override DILATION_W: u32 = 1;
