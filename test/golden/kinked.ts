// Where float32 itself decides whether a gradient passes.
/**
 * Files in which an argument of a relu is so near 0 that float32's rounding decides whether its gradient passes:
 * 5.8e-7 in resnet18-eighth-64, where PyTorch in float32 is off by the same 3.0e-2 at 2.0.conv1.weight as Convoy;
 * 7.5e-7 in the last relu of resnet18-224, where PyTorch's order of summation keeps the sign and Convoy's does not;
 * 8.0e-7 of 5 in relu 3.net.2.1 of densenet-96, of which the other sign moves float64's losses by 8.6e-4 and its
 * logits after by 5.3e-3, as Convoy's are (rungs direct and narrow keep it: 4e-7, 6e-7).
 * Or in which the two largest elements of a max pooling's window are so near: 1.4e-7 apart in one window of nin-224's
 * first pooling, off by 1.3e-3 in the first layer (with Convoy's choice there, the gradient in float64 is Convoy's to
 * 2.2e-6, everywhere); 1.3e-7 in one of vgg11-224's second, 5.7e-3 (the other choice moves the float64 gradient by as
 * much). What these files hold after the first logits and loss is held to this instead.
 */
export const KINKED: Readonly<Record<string, number>> = {
  "resnet18-eighth-64": 0.1, "resnet18-224": 0.1, "densenet-96": 0.1, "nin-224": 2e-3, "vgg11-224": 1e-2,
};
