// A convolution's window, as constants.
// #import stride
override R: u32 = 3;  // height and width
override S: u32 = 3;
