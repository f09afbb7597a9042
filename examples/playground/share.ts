// A draft in the URL: compressed, after the #, so that it never reaches a server.
import { FormatError } from "convoy-gpu";
import type { Draft } from "./protocol.js";

const LARGEST = 200_000;  // characters of a draft that a link may hold

type Bytes = Uint8Array<ArrayBuffer>;

async function through(bytes: Bytes, stream: CompressionStream | DecompressionStream): Promise<Bytes> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** "#layer=…", letters that a URL may hold. */
export async function toHash({ shader, code }: Draft): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([shader, code]));
  const bytes = await through(text, new CompressionStream("deflate-raw"));
  const letters = btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
  return `#layer=${letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The draft of a hash; undefined where there is none. Throws a FormatError for one that is damaged. */
export async function fromHash(hash: string): Promise<Draft | undefined> {
  const [, text] = /^#layer=(.+)$/.exec(hash) ?? [];
  if (!text) return undefined;
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (c) => c.charCodeAt(0));
    const json = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
    const [shader, code] = JSON.parse(json.length < LARGEST ? json : "[]") as unknown[];
    if (typeof shader === "string" && typeof code === "string") return { shader, code };
  } catch (cause) {
    throw new FormatError("this link is damaged: its layer cannot be read; ask for the link again", {}, cause);
  }
  throw new FormatError("this link holds no layer, or too large a one; ask for the link again");
}
