//! The console's files, with the headers that a page with a session needs.

use worker::{Env, Headers, Request, Response, Result};

/// No inline script or style, nothing from elsewhere; wasm may be compiled.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the hashed files lie.
const ASSETS: &str = "/console/assets/";
/// The files beside them, whose names people and tools know.
const ICON: &str = "/console/favicon.svg";
const OPENAPI: &str = "/console/openapi.json";

/// Whether a path is the console's.
pub fn is_console(path: &str) -> bool {
    path == "/" || path == "/console" || path.starts_with("/console/")
}

/// Serves a file, or the page for every path that the console routes by itself.
///
/// URLs are texts here: reading one would bring tables for international names along, a
/// twentieth of the worker.
pub async fn serve(request: Request, path: &str, query: &str, env: &Env) -> Result<Response> {
    if path == "/" || path == "/console" {
        let headers = Headers::new();
        let mark = if query.is_empty() { "" } else { "?" };
        headers.set("location", &format!("/console/{mark}{query}"))?;
        return Ok(Response::empty()?.with_status(308).with_headers(headers));
    }
    if !matches!(request.method(), worker::Method::Get | worker::Method::Head) {
        return Response::error("Only GET and HEAD are possible here.", 405);
    }
    // Everything else under /console/ is a place in the console: ids may hold dots.
    let is_hashed = path.starts_with(ASSETS);
    let is_file = is_hashed || matches!(path, ICON | OPENAPI);
    let file = if is_file { path } else { "/console/index.html" };
    let assets = env.assets("ASSETS")?;
    let found = assets.fetch(format!("https://assets{file}"), None).await?;
    if found.status_code() != 200 {
        return Response::error("No such file.", 404);
    }
    let mut response =
        Response::from_body(found.body().clone())?.with_headers(found.headers().clone());
    let headers = response.headers_mut();
    headers.set("content-security-policy", POLICY)?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("referrer-policy", "no-referrer")?;
    headers.set("cross-origin-opener-policy", "same-origin")?;
    let cache = if is_hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.set("cache-control", cache)?;
    Ok(response)
}
