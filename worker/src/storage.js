// SQL with one crossing for a statement and few for its rows, however many values they have.
// No rule of the hub lives in this file.

// A value travels as two numbers, and in a text or bytes that all values of its kind share:
// what it is, and the number itself or its length there (texts: in UTF-16 units).
const NULL = 0;
const NUMBER = 1;
const TEXT = 2;
const BYTES = 3;

function unpack(shape, text, bytes) {
  const values = [];
  let textEnd = 0;
  let bytesEnd = 0;
  for (let index = 0; index < shape.length; index += 2) {
    const value = shape[index + 1];
    switch (shape[index]) {
      case NUMBER:
        values.push(value);
        break;
      case TEXT:
        values.push(text.substring(textEnd, (textEnd += value)));
        break;
      case BYTES:
        // A copy: the view's memory may move.
        values.push(bytes.slice(bytesEnd, (bytesEnd += value)));
        break;
      default:
        values.push(null);
    }
  }
  return values;
}

/** Rows of a statement; at least one. */
class Rows {
  constructor(rows) {
    this.width = rows[0].length;
    this.shape = new Float64Array(rows.length * this.width * 2);
    this.text = "";
    const blobs = [];
    let size = 0;
    let index = 0;
    for (const row of rows) {
      for (const value of row) {
        if (typeof value === "string") {
          this.shape[index] = TEXT;
          this.shape[index + 1] = value.length;
          this.text += value;
        } else if (typeof value === "number") {
          this.shape[index] = NUMBER;
          this.shape[index + 1] = value;
        } else if (value !== null) {
          this.shape[index] = BYTES;
          this.shape[index + 1] = value.byteLength;
          blobs.push(value);
          size += value.byteLength;
        } else {
          this.shape[index] = NULL;
        }
        index += 2;
      }
    }
    this.bytes = new Uint8Array(size);
    let start = 0;
    for (const blob of blobs) {
      this.bytes.set(new Uint8Array(blob), start);
      start += blob.byteLength;
    }
  }
}

/** Whether rows of these columns, as objects, have all values and in their order. */
function areTold(names) {
  return new Set(names).size === names.length && !names.some((name) => /^\d+$/.test(name));
}

/** SQL of one object, and the statements that it has seen, by number. */
export class Database {
  constructor(sql) {
    this.sql = sql;
    this.statements = [];
    this.told = [];
    this.rowsWritten = 0;
  }

  /** How many bytes the database takes. */
  size() {
    return this.sql.databaseSize;
  }

  /** Keeps a statement: the runtime finds the plan of a string that it has seen fastest. */
  keep(statement) {
    return this.statements.push(statement) - 1;
  }

  forgetAll() {
    this.statements = [];
    this.told = [];
  }

  /** Runs a statement that returns nothing. */
  execute(number, shape, text, bytes) {
    const cursor = this.sql.exec(this.statements[number], ...unpack(shape, text, bytes));
    this.rowsWritten += cursor.rowsWritten;
  }

  /** Runs a statement; undefined if it has no rows. */
  query(number, shape, text, bytes) {
    const cursor = this.sql.exec(this.statements[number], ...unpack(shape, text, bytes));
    const first = [];
    // Most statements have one row or none, which the cursor gives by itself. What reads it as
    // arrays is one more object of the runtime's own kind, and those outlive many collections.
    if ((this.told[number] ??= areTold(cursor.columnNames))) {
      while (first.length < 2) {
        const { done, value } = cursor.next();
        if (done) return first.length === 0 ? undefined : new Rows(first);
        first.push(Object.values(value));
      }
    }
    const rows = first.concat(cursor.raw().toArray());
    return rows.length === 0 ? undefined : new Rows(rows);
  }
}
