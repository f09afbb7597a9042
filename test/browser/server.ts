// A static file server, for tests and screenshots.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8", ".svg": "image/svg+xml",
  ".json": "application/json", ".map": "application/json", ".gz": "application/gzip",
};

export interface Server {
  /** Ends in a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on a free port of 127.0.0.1, with a content security policy if one is given, for all or by path. */
export async function serve(folder: string, policy?: string | ((path: string) => string)): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    let path = join(folder, normalize(decodeURIComponent(pathname)));
    if (pathname.endsWith("/")) path = join(path, "index.html");
    if (pathname === "/favicon.ico") { response.writeHead(204).end(); return; }  // browsers ask for it unbidden
    if (!existsSync(path) || !statSync(path).isFile()) { response.writeHead(404).end("not found"); return; }
    response.writeHead(200, {
      "content-type": types[extname(path)] ?? "application/octet-stream", "content-length": statSync(path).size,
      ...policy && { "content-security-policy": typeof policy === "string" ? policy : policy(pathname) },
    });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => { resolve(); }); }),
  };
}
