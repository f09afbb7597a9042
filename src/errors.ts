/**
 * What Convoy throws. Every message is a sentence with the place, the numbers and a way out; `code` is for programs,
 * `details` holds the numbers.
 */
export class ConvoyError extends Error {
  constructor(
    readonly code: string, message: string, readonly details: Readonly<Record<string, unknown>> = {}, cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

type Rest = [details?: Readonly<Record<string, unknown>>, cause?: unknown];

/** Shapes that do not fit one another. */
export class ShapeError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("shape", message, ...rest); }
}
/** More than this adapter, or WebGPU, allows. */
export class LimitError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("limit", message, ...rest); }
}
/** The adapter has no memory left for a buffer that its limits would allow. */
export class OutOfMemoryError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("out-of-memory", message, ...rest); }
}
/** There is no WebGPU here, or no adapter. */
export class AdapterError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("adapter", message, ...rest); }
}
/** The device is gone: driver reset, GPU process crash, or destroy(). */
export class DeviceLostError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("device-lost", message, ...rest); }
}
/** A NaN or an infinity where training needs a number. */
export class NonFiniteError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("non-finite", message, ...rest); }
}
/** A file or array that is not what it says it is. */
export class FormatError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("format", message, ...rest); }
}
/** A kernel that does not compile, or is used otherwise than its text says. */
export class ShaderError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("shader", message, ...rest); }
}
/** An option that is out of its range or unknown. */
export class OptionError extends ConvoyError {
  constructor(message: string, ...rest: Rest) { super("option", message, ...rest); }
}
