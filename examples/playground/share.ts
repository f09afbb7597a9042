// A draft in the URL: compressed, after the #, so that it never reaches a server.
import { FormatError } from "convoy-gpu";
import type { Draft } from "./protocol.js";

const LARGEST = 200_000;  // characters of a draft that a link may hold

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** "#layer=…", letters that a URL may hold. */
export async function toHash({ shader, code }: Draft): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify([shader, code])), new CompressionStream("deflate-raw"));
  return `#layer=${btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The draft of a hash; undefined where there is none. Throws a FormatError for one that is damaged. */
export async function fromHash(hash: string): Promise<Draft | undefined> {
  const [, text] = /^#layer=(.+)$/.exec(hash) ?? [];
  if (!text) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)), json = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
    const [shader, code] = JSON.parse(json.length < LARGEST ? json : "[]") as unknown[];
    if (typeof shader === "string" && typeof code === "string") return { shader, code };
  } catch (cause) { throw new FormatError("this link is damaged: its layer cannot be read; ask for the link again", {}, cause); }
  throw new FormatError("this link holds no layer, or too large a one; ask for the link again");
}
