// Drives the unmodified npm `@azure/storage-blob`, the package with which `azure-iot-device`
// uploads files. It gets a signed URL and nothing else.
import { Readable } from 'node:stream';
import { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { serve } from './agent.mjs';

let container;

/** Bytes that tell their place. */
function made(size) {
  return Buffer.from(Uint8Array.from({ length: size }, (_, place) => (place * 31) >> 3));
}

serve({
  async open({ url }) {
    container = new ContainerClient(url);
  },

  /** Uploads by blocks, side by side, and compares what comes back. */
  async roundTrip({ name, size, blockSize }) {
    const blob = container.getBlockBlobClient(name);
    await blob.uploadData(made(size), { maxSingleShotSize: blockSize, blockSize, concurrency: 4 });
    return made(size).equals(await blob.downloadToBuffer());
  },

  /** As `azure-iot-device` uploads a file: the URL of one blob, a stream, blocks of 4 MiB. */
  async uploadStream({ url, size }) {
    const blob = new BlockBlobClient(url);
    await blob.uploadStream(Readable.from([made(size)]), 4 * 1024 * 1024, 20);
    return (await blob.getProperties()).contentLength;
  },

  async list({ prefix, pageSize }) {
    const pages = [];
    for await (const page of container.listBlobsFlat({ prefix, includeMetadata: true }).byPage({ maxPageSize: pageSize })) {
      pages.push(page.segment.blobItems.map((blob) => blob.name));
    }
    return pages;
  },

  async remove({ name }) {
    await container.getBlockBlobClient(name).delete();
    return container.getBlockBlobClient(name).exists();
  },

  /** Status and code of an upload that must not work. */
  async refused({ url }) {
    try {
      await new BlockBlobClient(url).upload('x', 1);
    } catch (error) {
      return [error.statusCode, error.code];
    }
    return null;
  },
});
