import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

// A client that is refused, again and again, on connections that it keeps; prints how many refusals it got.
const [url = '', host = '', file = '', seconds, rate, connections] = process.argv.slice(2);
/** Requests under way at once; where answers come slower than asked for, the rate falls. */
const OPEN_MAX = 800;

const sessions = Array.from({ length: Number(connections) }, () =>
  connect(url, {
    servername: host,
    rejectUnauthorized: false,
    cert: readFileSync(`${file}.crt`),
    key: readFileSync(`${file}.key`),
  }),
);
let refused = 0;
let open = 0;
let sent = 0;
const startedAt = performance.now();
const timer = setInterval(() => {
  const elapsedMs = performance.now() - startedAt;
  if (elapsedMs > Number(seconds) * 1_000) {
    clearInterval(timer);
    process.stdout.write(`${refused}\n`, () => process.exit(0));
    return;
  }
  const due = (elapsedMs * Number(rate)) / 1_000;
  for (; sent < due && open < OPEN_MAX; sent += 1) {
    const stream = sessions[sent % sessions.length]?.request({ ':path': '/', ':authority': host });
    if (stream === undefined) continue;
    open += 1;
    stream.on('response', (headers) => {
      if (headers[':status'] === 403) refused += 1;
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      open -= 1;
    });
    stream.resume();
  }
  // What could not be asked in time is not made up for.
  if (open >= OPEN_MAX) sent = Math.floor(due);
}, 2);
