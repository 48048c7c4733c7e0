// A service for .github/trial/cost.sh. Each GET does the same work, and MORE percent more: node work.js PORT MORE
const { createServer } = require('node:http');

const copies = 1200; // two to three milliseconds, so that the rest of a request is a small part of its CPU time
const n = Math.floor(copies * (1 + Number(process.argv[3]) / 100));
const item = { id: 0, name: 'warm boots', price: 12.5, tags: ['a', 'b', 'c'], stock: { here: 4, there: 12 } };

createServer((request, response) => {
  let sum = 0;
  for (item.id = 0; item.id < n; item.id++) sum += JSON.stringify(JSON.parse(JSON.stringify(item))).length;
  response.end(sum + '\n');
}).listen(Number(process.argv[2]), '127.0.0.1');
