// Texts in KV. No rule of the hub lives in this file.

/** The text of a key; undefined if there is none. */
export async function readText(env, binding, key) {
  return (await env[binding].get(key)) ?? undefined;
}

/** Stores a text. */
export async function writeText(env, binding, key, text) {
  await env[binding].put(key, text);
}
