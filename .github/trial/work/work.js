// A service for .github/trial/cost.sh. Each GET does the same work, and MORE percent more: node work.js PORT MORE
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');

const hashes = 3000; // two to three milliseconds, so that the rest of a request is a small part of its CPU time
const n = Math.floor(hashes * (1 + Number(process.argv[3]) / 100));

createServer((request, response) => {
  let sum = request.url;
  for (let i = 0; i < n; i++) sum = createHash('sha256').update(sum).digest('hex');
  response.end(sum + '\n');
}).listen(Number(process.argv[2]), '127.0.0.1');
