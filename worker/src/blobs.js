// The blob store's content as the platform's own streams: it never passes through wasm.
// No rule of the hub lives in this file.

/** What shared's `Properties` want to know of an object. */
function describe(object) {
  const md5 = object.checksums?.md5;
  const { contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl } =
    object.httpMetadata ?? {};
  return {
    size: object.size,
    etag: object.etag,
    modified: object.uploaded.getTime(),
    md5: md5 ? btoa(String.fromCharCode(...new Uint8Array(md5))) : null,
    headers: { contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl },
    metadata: object.customMetadata ?? {},
  };
}

/** The description of what was written; "" if something else was there than expected. */
function outcome(object) {
  return object === null ? "" : JSON.stringify(describe(object));
}

/** Options of a write from shared's `Attributes`, as JSON. */
function options(attributes) {
  const { headers, metadata, md5, absent, version } = JSON.parse(attributes);
  const result = { httpMetadata: headers, customMetadata: metadata };
  if (md5) result.md5 = Uint8Array.from(atob(md5), (character) => character.charCodeAt(0)).buffer;
  if (absent) result.onlyIf = { etagDoesNotMatch: "*" };
  else if (version) result.onlyIf = { etagMatches: version };
  return result;
}

export async function blobProperties(bucket, key) {
  return outcome(await bucket.head(key));
}

/** The content of exactly this version, whole if `length` is negative; null if it is gone. */
export async function readBlob(bucket, key, etag, start, length) {
  const range = length < 0 ? {} : { range: { offset: start, length } };
  const object = await bucket.get(key, { onlyIf: { etagMatches: etag }, ...range });
  return object?.body ?? null;
}

/** `content` is a stream of known length, or bytes. */
export async function writeBlob(bucket, key, content, attributes) {
  return outcome(await bucket.put(key, content, options(attributes)));
}

/** Between two parts, for everybody else. */
const PAUSE_MILLISECONDS = 2;

/**
 * Streams the parts one behind the other into one object of `length` bytes. It becomes
 * visible when the last byte is there; a part that is missing or another one breaks it off.
 */
export async function joinBlobs(bucket, key, parts, length, attributes) {
  const { readable, writable } = new FixedLengthStream(length);
  let changed = false;
  const pump = async () => {
    try {
      for (const { key, etag } of JSON.parse(parts)) {
        const part = await bucket.get(key, { onlyIf: { etagMatches: etag } });
        if (!part?.body) {
          changed = true;
          throw new Error("a block is gone");
        }
        await part.body.pipeTo(writable, { preventClose: true });
        // Locally all of this is one process, which looks at its sockets only when nothing is
        // left to run.
        await new Promise((resume) => setTimeout(resume, PAUSE_MILLISECONDS));
      }
      await writable.close();
    } catch (error) {
      await writable.abort(error).catch(() => {});
    }
  };
  const pumped = pump();
  try {
    const object = await bucket.put(key, readable, options(attributes));
    if (object !== null) await pumped;
    return outcome(object);
  } catch (error) {
    if (changed) return "";
    throw error;
  }
}

export async function deleteBlobs(bucket, keys) {
  await bucket.delete(JSON.parse(keys));
}

/** A page behind `after` ("" for the beginning), as shared's `Page`. */
export async function listBlobs(bucket, prefix, after, limit) {
  const page = await bucket.list({
    prefix,
    limit,
    include: ["httpMetadata", "customMetadata"],
    ...(after === "" ? {} : { startAfter: after }),
  });
  return JSON.stringify({
    entries: page.objects.map((object) => ({ key: object.key, properties: describe(object) })),
    more: page.truncated,
  });
}
