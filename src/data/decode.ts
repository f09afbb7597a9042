import { FormatError, OptionError } from "../errors.js";

/** Pixels of one image, row by row: four bytes each, red, green, blue, opacity. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}
/** Unpacks a PNG, JPEG or other image file. `what` names it in errors. */
export type Decode = (bytes: Uint8Array<ArrayBuffer>, what: string) => Promise<Pixels>;

/** By the browser, colours as they are in the file, turned as it says. */
export const browserDecode: Decode = async (bytes, what) => {
  if (typeof createImageBitmap !== "function" || typeof OffscreenCanvas !== "function") throw new OptionError(
    `${what}: there is no browser here to unpack images; in Node use fromFolder() of "convoy-gpu/node"`, { what },
  );
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none", premultiplyAlpha: "none" })
    .catch((cause: unknown) => {
      throw new FormatError(
        `${what}: the browser cannot unpack this image; it is damaged, or of a format it does not know`,
        { what }, cause,
      );
    });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
};

/**
 * One image as C·P·Q bytes: resized, if it must be, as on the GPU; grey by torchvision's weights; opacity is left out,
 * as PIL's convert("RGB") does.
 */
export function planes(
  { width, height, data }: Pixels, C: 1 | 3, resize: (planes: Float32Array) => Float32Array,
): Uint8Array {
  const area = width * height, values = new Float32Array(C * area);
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    if (C === 1) values[i] = r === g && g === b ? r : 0.2989 * r + 0.587 * g + 0.114 * b;
    else { values[i] = r; values[area + i] = g; values[2 * area + i] = b; }
  }
  return Uint8Array.from(resize(values), Math.round);
}
