// The ASSETS binding under the launcher: the console's files with their media types.
// It answers as Cloudflare's static assets do with `html_handling = "none"`: the exact
// file or 404. Every other header is the hub worker's business.

const MEDIA_TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  mjs: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff2: "font/woff2",
};

export default {
  async fetch(request, env) {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const { pathname } = new URL(request.url);
    const ending = pathname.slice(pathname.lastIndexOf(".") + 1).toLowerCase();
    const mediaType = MEDIA_TYPES[ending];
    // A path without a known ending is a folder or not ours; the disk would list it.
    if (mediaType === undefined) return new Response(null, { status: 404 });
    const file = await env.FILES.fetch(new Request(`http://files${pathname}`, { method: request.method }));
    if (!file.ok) return new Response(null, { status: file.status === 404 ? 404 : 502 });
    const headers = new Headers({ "content-type": mediaType });
    const length = file.headers.get("content-length");
    if (length !== null) headers.set("content-length", length);
    return new Response(request.method === "HEAD" ? null : file.body, { headers });
  },
};
