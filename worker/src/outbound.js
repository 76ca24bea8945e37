// A request to another server and the whole of its answer, in one crossing.
// No rule of the hub lives in this file.

/** Sends, follows no redirect, gives up after `patience` milliseconds. The answer: its status, names and values of its
    headers in turn, and its body, of which more than `limit` bytes are cut off where the status tells of an error. */
export async function exchange(url, method, headers, body, patience, limit) {
  const pairs = [];
  for (let place = 0; place < headers.length; place += 2) pairs.push([headers[place], headers[place + 1]]);
  let request;
  try {
    request = new Request(url, { method, headers: pairs, body, redirect: "manual", signal: AbortSignal.timeout(patience) });
  } catch {
    throw new Error("the address makes no sense");
  }
  // What went wrong may repeat the address, which is a secret.
  const failed = (error, why) => new Error(error?.name === "TimeoutError" ? "no answer in time" : why);
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    throw failed(error, "the connection failed");
  }
  const chunks = [];
  if (method !== "HEAD" && response.body) {
    let size = 0;
    try {
      for await (const chunk of response.body) {
        size += chunk.byteLength;
        if (size > limit) break;
        chunks.push(chunk);
      }
    } catch (error) {
      throw failed(error, "the answer broke off");
    }
    if (size > limit && limit > 0 && response.ok) throw new Error("the answer is larger than what was asked for");
  }
  return [response.status, [...response.headers].flat(), new Uint8Array(await new Blob(chunks).arrayBuffer())];
}
