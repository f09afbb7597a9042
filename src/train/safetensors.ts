// The safetensors format (github.com/huggingface/safetensors), which PyTorch users have at hand: eight bytes with the
// length of a header (little-endian), the header (JSON: name → dtype, shape, data_offsets), the elements, little-endian
// as every WebGPU machine. Strict, for a file may come from anywhere: what two readers could understand in two ways is
// refused.
import { plain } from "../data/idx.js";
import { FormatError } from "../errors.js";
import { parseHeader, type Entry } from "./safetensorsHeader.js";

/** How elements lie in the file. No type of JavaScript holds F16 and BF16: they become Float32Array, without a loss. */
const dtypes = {
  F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array,
  I64: BigInt64Array, I32: Int32Array, I16: Int16Array, I8: Int8Array,
  U64: BigUint64Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array, BOOL: Uint8Array,
};
type View = {
  readonly BYTES_PER_ELEMENT: number;
  new(buffer: ArrayBuffer, byteOffset: number, length: number): TensorData;
};

/** The element types that are understood. */
type Dtype = keyof typeof dtypes;
/** The elements of a tensor that was read. */
type TensorData = InstanceType<(typeof dtypes)[Dtype]>;
/** A tensor out of a file. `dtype` is the file's; `data` a view of the file's bytes where their alignment allows. */
export interface StoredTensor { readonly dtype: Dtype; readonly shape: number[]; readonly data: TensorData }
/** A tensor to be written, as F32, U32 or I64. */
export interface TensorToStore {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint32Array | BigInt64Array;
}
/** What a file holds, in the order of its header. */
export interface Safetensors { readonly tensors: Map<string, StoredTensor>; readonly metadata: Map<string, string> }

const longestHeader = 100_000_000;  // the reference reader's limit

/** Reads a safetensors file. Every fault is a FormatError that begins with `what`, the name of the file. */
export function readSafetensors(file: Uint8Array, what = "the file"): Safetensors {
  const bytes = plain(file, what);
  if (bytes.length < 8) throw new FormatError(
    `${what}: ${bytes.length} bytes are too few for safetensors, which begin with the length of the header; `
      + "the file is cut short or damaged: copy it again",
    { bytes: bytes.length },
  );
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const length = Number(claimed), base = 8 + length;
  if (length > longestHeader || base > bytes.length) throw new FormatError(
    `${what}: the first 8 bytes promise a header of ${claimed} bytes, of at most ${longestHeader}, `
      + `and ${bytes.length - 8} follow; the file is cut short or damaged, or no safetensors file: copy it again`,
    { header: claimed, bytes: bytes.length - 8 },
  );
  if (bytes[8] !== 0x7b || length === 0) throw new FormatError(
    `${what}: the header must begin with "{", not with ${length ? `byte ${bytes[8]}` : "nothing"}; `
      + "this is hardly a safetensors file",
    { byte: bytes[8] },
  );

  const { entries, metadata } = parseHeader(decode(bytes.subarray(8, base), what), what);
  const tensors = new Map<string, StoredTensor>();
  checkPlaces(entries, bytes.length - base, what);
  for (const [name, { dtype, shape, begin, end }] of entries) {
    const type = typeOf(dtype, name, what), count = (end - begin) / type.BYTES_PER_ELEMENT, at = base + begin;
    const aligned = (bytes.byteOffset + at) % type.BYTES_PER_ELEMENT === 0;
    const source = aligned ? bytes : bytes.slice(at, base + end);
    const view = new type(source.buffer, source.byteOffset + (aligned ? at : 0), count);
    const data = dtype === "F16" ? Float32Array.from(view as Uint16Array, fromHalf)
      : dtype === "BF16" ? fromBrain(view as Uint16Array) : view;
    tensors.set(name, { dtype: dtype as Dtype, shape, data });
  }
  return { tensors, metadata };
}

/**
 * A safetensors file with these tensors. The header keeps their order; the elements come widest first, so that all are
 * aligned, which PyTorch's reader asks for.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorToStore>, metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== "string" || lone.test(key + value)) throw new FormatError(
      `metadata ${JSON.stringify(key)}: values are whole Unicode strings, got ${typeof value}; `
        + "write numbers with String()",
      { key },
    );
  for (const [name, tensor] of tensors) check(name, tensor);

  const offsets = new Map<string, [number, number]>();
  let bytes = 0;
  const widestFirst = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  for (const [name, { data }] of widestFirst) offsets.set(name, [bytes, bytes += data.byteLength]);
  // Pairs of text, not an object: a tensor may be called "__proto__" or "0", and objects would lose the one and move
  // the other.
  const pairs = [...tensors].map(([name, { shape, data }]) =>
    JSON.stringify(name) + ":" + JSON.stringify({ dtype: dtypeOf(data), shape, data_offsets: offsets.get(name) }));
  if (Object.keys(metadata).length) pairs.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const text = new TextEncoder().encode(`{${pairs.join(",")}}`), base = 8 + 8 * Math.ceil(text.length / 8);
  if (base - 8 > longestHeader) throw new FormatError(
    `names and metadata take ${text.length} bytes, and a header has ${longestHeader} at most; `
      + "keep large things in tensors",
    { header: text.length },
  );

  const out = new Uint8Array(base + bytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(base - 8), true);
  out.fill(0x20, 8, base).set(text, 8);
  for (const [name, { data }] of tensors)
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), base + offsets.get(name)![0]);
  return out;
}

/** The tensors must fill the data exactly: what lies in a hole or after the end, or is read twice, hides something. */
function checkPlaces(entries: ReadonlyMap<string, Entry>, bytes: number, what: string): void {
  let at = 0;
  const byPlace = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { dtype, shape, begin, end }] of byPlace) {
    const place = `${what}: tensor ${JSON.stringify(name)}`;
    const taken = extent(shape, typeOf(dtype, name, what).BYTES_PER_ELEMENT, place);
    if (begin !== at || end !== at + taken || end > bytes) throw new FormatError(
      `${place}: ${dtype} [${shape.join(", ")}] belongs at bytes ${at} to ${at + taken}, the header says `
        + `${begin} to ${end}, and ${bytes} bytes follow it; the file is cut short or damaged: copy it again`,
      { dtype, shape, expected: at, begin, end, bytes },
    );
    at = end;
  }
  if (at !== bytes) throw new FormatError(
    `${what}: the tensors end at byte ${at} of ${bytes} after the header; `
      + "something is appended: write the file again with a safetensors library",
    { expected: at, bytes },
  );
}

function extent(shape: readonly number[], size: number, place: string): number {
  return shape.reduce((product, n) => {
    if (!Number.isSafeInteger(product * n)) throw new FormatError(
      `${place}: [${shape.join(", ")}] has more elements than any file holds; the header is damaged`, { shape },
    );
    return product * n;
  }, size);
}

function typeOf(dtype: string, name: string, what: string): View {
  if (!Object.hasOwn(dtypes, dtype)) throw new FormatError(
    `${what}: tensor ${JSON.stringify(name)} has the unknown dtype ${JSON.stringify(dtype)}; `
      + `known are ${Object.keys(dtypes).join(", ")}; convert it by tensor.float()`,
    { dtype },
  );
  return dtypes[dtype as Dtype];
}

function decode(header: Uint8Array, what: string): string {
  try { return new TextDecoder("utf-8", { fatal: true }).decode(header); } catch (cause) {
    throw new FormatError(
      `${what}: the header of ${header.length} bytes is not UTF-8; the file is damaged, or not safetensors`,
      { header: header.length }, cause,
    );
  }
}

const lone = /\p{Surrogate}/u;  // half a character: it would be read back as another one

function dtypeOf(data: unknown): "F32" | "U32" | "I64" | undefined {
  return data instanceof Float32Array ? "F32"
    : data instanceof Uint32Array ? "U32"
    : data instanceof BigInt64Array ? "I64"
    : undefined;
}

function check(name: string, { shape, data }: TensorToStore): void {
  const place = `tensor ${JSON.stringify(name)}`;
  if (name === "__metadata__" || lone.test(name))
    throw new FormatError(`${place} has a name that safetensors cannot hold; call it otherwise`, { name });
  if (dtypeOf(data) === undefined) throw new FormatError(
    `${place}: its data is a Float32Array, Uint32Array or BigInt64Array, `
      + `got ${(data as object | undefined)?.constructor?.name}; convert it`,
    { name },
  );
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || extent(shape, 1, place) !== data.length)
    throw new FormatError(
      `${place}: shape [${shape.join(", ")}] does not go with ${data.length} elements; `
        + "its extents, whole numbers, multiply to their number",
      { name, shape, elements: data.length },
    );
}

/** IEEE 754 binary16 → number. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + mantissa) * 2 ** (exponent - 25) : mantissa * 2 ** -24);
}

/** bfloat16 is the upper half of an f32. */
const fromBrain = (halves: Uint16Array) => new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
