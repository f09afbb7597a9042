import { ConvoyError, OptionError } from "../errors.js";
import type { Split } from "./dataset.js";
import { assemble, subsetFiles } from "./fashionMnistFiles.js";

/** What fashionMnist() takes in a page. */
export interface FashionMnistOptions {
  /**
   * Folder of the four files. Default: where the package keeps its subset, beside its own script; give it if your
   * bundler moves that script.
   */
  url?: string | URL;
  /**
   * All 60,000 + 10,000 images instead of the first 10,000 + 2,000: the four original .gz files, in a folder of yours.
   */
  full?: boolean;
}

/**
 * Fashion-MNIST, fetched and checked against SHA-256: 5 MB for the subset, 31 MB in full. In Node, take it from
 * "convoy-gpu/node".
 */
export async function fashionMnist({ url, full = false }: FashionMnistOptions = {}): Promise<Split> {
  if (full && url === undefined) throw new OptionError(
    "the package has a part of Fashion-MNIST; for all of it put the four .gz files of "
      + "github.com/zalandoresearch/fashion-mnist on your server and pass their folder: "
      + "fashionMnist({ full: true, url })",
    { full },
  );
  const folder = url === undefined ? new URL("./fashion-mnist/", import.meta.url) : resolve(url);
  const files = full ? (await import("./fashionMnistFull.js")).fullFiles : subsetFiles;
  return assemble((name) => download(new URL(name, folder)), files, folder.href);
}

/** An absolute URL that ends in a slash, so that names are appended to it. */
function resolve(url: string | URL): URL {
  try {
    const folder = new URL(url, globalThis.location?.href);
    if (!folder.pathname.endsWith("/")) folder.pathname += "/";
    return folder;
  } catch (cause) {
    throw new OptionError(
      `url is the folder of the data files, and "${String(url)}" is no URL; outside a page it must be absolute`,
      { url: String(url) }, cause,
    );
  }
}

async function download(url: URL): Promise<Uint8Array> {
  const failed = (why: string, status?: number, cause?: unknown) => new ConvoyError(
    "data",
    `Fashion-MNIST: ${url.href} ${why}; serve the four files there, or say where they are: fashionMnist({ url })`,
    { url: url.href, status }, cause,
  );
  try {
    const response = await fetch(url);
    if (!response.ok) throw failed(`answers ${response.status} ${response.statusText}`.trim(), response.status);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw cause instanceof ConvoyError ? cause : failed(
      url.protocol === "file:"
        ? 'is a file, which fetch does not read here (in Node: import { fashionMnist } from "convoy-gpu/node")'
        : `cannot be fetched (${String(cause)})`,
      undefined, cause,
    );
  }
}
