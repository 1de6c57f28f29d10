import { DatabaseSync } from 'node:sqlite';

// node commit-changes.ts FILE FROM TO CHARS: commits a host document for each number at once, each of some CHARS.
const [file = '', from = 0, to = 0, chars = 0] = process.argv
  .slice(2)
  .map((text, n) => (n === 0 ? text : Number(text)));
const database = new DatabaseSync(String(file));
database.exec('pragma busy_timeout = 5000; begin immediate');
const put = database.prepare(
  "insert or replace into changes values ('host', ?, ?, 1, json_object('n', ?, 'pad', ?), 0)",
);
const last = Number(database.prepare("select value from counters where name = 'revision'").get()?.value);
const count = Number(to) - Number(from);
for (let n = 0; n < count; n += 1) {
  put.run(`h${Number(from) + n}.example.org`, last + 1 + n, Number(from) + n, 'x'.repeat(Number(chars)));
}
database.prepare("update counters set value = ? where name = 'revision'").run(last + count);
database.exec('commit');
database.close();
