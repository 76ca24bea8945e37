// Around the built worker, for the figure `rows` only: counts the row writes that the
// platform itself reports for every SQL statement (`cursor.rowsWritten`), and alarms,
// which are billed as one row write each. All objects of the worker share one isolate,
// so one table holds the whole hub. It changes nothing about what the hub does.

import { WorkerEntrypoint } from "cloudflare:workers";
import * as hub from "./index.js";

/** Where the bench reads the counts. */
const COUNTS_PATH = "/bench/row-writes";

/** "INSERT segment" and the like -> rows written. */
const counts = new Map();
/** Statements whose cursor may not have been read to its end yet. */
let unread = [];

function add(name, rows) {
  if (rows > 0) counts.set(name, (counts.get(name) ?? 0) + rows);
}

/** What a statement does to which table; its first words are enough to tell. */
function nameOf(statement) {
  const words = /^\s*(INSERT|REPLACE|UPDATE|DELETE|CREATE)\b(?:\s+(?:OR|IGNORE|REPLACE|INTO|FROM|TABLE|INDEX|UNIQUE|IF|NOT|EXISTS)\b)*\s+["[`]?(\w+)/i.exec(
    statement,
  );
  return words ? `${words[1].toUpperCase()} ${words[2]}` : statement.trim().slice(0, 40);
}

function settle() {
  for (const { name, cursor } of unread) add(name, cursor.rowsWritten);
  unread = [];
}

function replace(prototype, method, around) {
  const original = prototype[method];
  prototype[method] = function (...values) {
    return around(original, this, values);
  };
}

let watching = false;
function watch(storage) {
  if (watching) return;
  watching = true;
  replace(Object.getPrototypeOf(storage.sql), "exec", (original, self, values) => {
    // Statements are run one after the other, so the one before has been read by now.
    settle();
    const cursor = original.apply(self, values);
    unread.push({ name: nameOf(String(values[0])), cursor });
    return cursor;
  });
  const storagePrototype = Object.getPrototypeOf(storage);
  for (const method of ["setAlarm", "put", "delete"]) {
    replace(storagePrototype, method, (original, self, values) => {
      const entries = method === "setAlarm" || typeof values[0] === "string" ? 1 : Object.keys(values[0]).length;
      add(`storage.${method}`, entries);
      return original.apply(self, values);
    });
  }
}

const watched = (objectClass) =>
  new Proxy(objectClass, {
    construct(target, values, newTarget) {
      watch(values[0].storage);
      return Reflect.construct(target, values, newTarget);
    },
  });

export const Gateway = watched(hub.Gateway);
export const Registry = watched(hub.Registry);
export const Events = watched(hub.Events);
export const Hub = watched(hub.Hub);

export default class extends WorkerEntrypoint {
  fetch(request) {
    if (new URL(request.url).pathname !== COUNTS_PATH) {
      return new hub.default(this.ctx, this.env).fetch(request);
    }
    settle();
    return Response.json({ watching, counts: Object.fromEntries(counts) });
  }
}
