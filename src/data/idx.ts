// Bytes from outside: the IDX format of the MNIST family, gzip, SHA-256. All of it checks before it allocates or
// believes.
import { FormatError } from "../errors.js";

/** The contents of an IDX file: unsigned bytes, the last extent running fastest. */
export interface Idx { readonly shape: number[]; readonly data: Uint8Array<ArrayBuffer> }

/**
 * Reads an IDX file of unsigned bytes, rank 1 to 4. `what` names the file in errors. `data` is a view of `file` where
 * it can be. Layout (yann.lecun.com/exdb/mnist): two zero bytes, the type (8 = unsigned byte), the rank; the extents,
 * 32-bit big-endian; the elements.
 */
export function parseIdx(file: Uint8Array, what: string): Idx {
  const bytes = plain(file, what);
  if (isGzip(bytes)) throw new FormatError(`${what}: gzipped, not an IDX file; unpack it first`, { what });
  const magic = bytes.subarray(0, 4).join(" "), rank = bytes[3], header = 4 + 4 * rank;
  if (!/^0 0 8 [1-4]$/.test(magic)) throw new FormatError(
    `${what}: begins with ${magic || "nothing"}, and IDX files of unsigned bytes with 0 0 8 1 (labels) to 0 0 8 4`,
    { what, magic },
  );
  if (bytes.length < header) throw new FormatError(
    `${what}: the header of rank ${rank} takes ${header} bytes, the file has ${bytes.length}; ${again}`,
    { what, expected: header, bytes: bytes.length },
  );

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  let size = 1;
  for (const extent of shape) {
    size *= extent;
    if (extent === 0 || !Number.isSafeInteger(size)) throw new FormatError(
      `${what}: the header promises [${shape.join(", ")}] elements, `
        + `which is ${extent === 0 ? "nothing" : "more than any file holds"}; ${again}`,
      { what, shape },
    );
  }
  if (bytes.length !== header + size) throw new FormatError(
    `${what}: [${shape.join(", ")}] with its header takes ${header + size} bytes, the file has ${bytes.length}: `
      + `${bytes.length < header + size ? "it is cut short" : "there is something after its end"}; ${again}`,
    { what, shape, expected: header + size, bytes: bytes.length },
  );
  return { shape, data: bytes.subarray(header) };
}

/**
 * Unpacks gzip to at most `limit` bytes; bytes that are not gzip pass through, for servers and browsers like to unpack
 * on the way. One member only, as every data set has it: its trailer tells the size, so memory is taken once and a bomb
 * is refused unopened.
 */
export async function gunzip(bytes: Uint8Array, limit: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (size: number) => new FormatError(
    `${what}: holds ${size} bytes where at most ${limit} belong; it is another file, or made to fill the memory`,
    { what, expected: limit, bytes: size },
  );
  if (!isGzip(bytes)) {
    if (bytes.length > limit) throw tooLarge(bytes.length);
    return plain(bytes);
  }
  if (bytes.length < 18) throw new FormatError(
    `${what}: ${bytes.length} bytes are too few for gzip, whose header and trailer take 18; ${again}`,
    { what, bytes: bytes.length },
  );
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4, true);
  if (size > limit) throw tooLarge(size);

  const out = new Uint8Array(size);
  const reader = pieces(plain(bytes)).pipeThrough(new DecompressionStream("gzip")).getReader();
  let at = 0;
  try {
    for (let piece = await reader.read(); !piece.done; at += piece.value.length, piece = await reader.read()) {
      if (at + piece.value.length > size) throw new FormatError(
        `${what}: unpacks to more than the ${size} bytes of its own trailer; ${again}`, { what, expected: size },
      );
      out.set(piece.value, at);
    }
  } catch (cause) {
    reader.cancel().catch(() => {});  // it has failed already
    throw cause instanceof FormatError ? cause : new FormatError(
      `${what}: damaged gzip after ${at} of ${size} unpacked bytes; ${again}`,
      { what, expected: size, bytes: at }, cause,
    );
  }
  if (at !== size) throw new FormatError(
    `${what}: unpacks to ${at} bytes, its trailer says ${size}: cut short, or something after its end; ${again}`,
    { what, expected: size, bytes: at },
  );
  return out;
}

/** SHA-256 in 64 small hexadecimal digits. In pages it needs a secure context, as WebGPU does. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The same bytes as a Uint8Array proper. Node's Buffer is one in name only (its slice() does not copy), and shared
 * memory WebGPU refuses: that is copied. Throws a FormatError for anything but bytes.
 */
export function plain(bytes: Uint8Array, what = "the file"): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array))
    throw new FormatError(`${what} comes as bytes: new Uint8Array(await response.arrayBuffer()), or readFile()'s`);
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}

/** What to do about a file that is damaged. */
export const again = "get the file again";
const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Bytes in small pieces: a browser unpacks a whole piece before we see any of it, and 16 KiB become 16 MiB at worst.
 */
function pieces(bytes: Uint8Array<ArrayBuffer>, length = 16384): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += length));
    },
  });
}
