// Files of safetensors made by hand, so that they may be wrong.

/** A file with this header, which may be wrong, and so many bytes of data. */
export function file(
  header: string | Uint8Array, data: number | number[] = 0, length?: bigint,
): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = typeof data === "number" ? new Array<number>(data).fill(0) : data;
  const out = new Uint8Array([...new Array<number>(8).fill(0), ...text, ...bytes]);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  return out;
}

/** What such a header says of one tensor. */
export const info = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
