// The servers of servers_test.go: node's http, https and http2, and http2 without TLS. They
// print their ports as one line of JSON, and end when their standard input does.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import zlib from 'node:zlib';
import fs from 'node:fs';

const [cert, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));

function answer(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    switch (request.url) {
      case '/chunked':
        for (let i = 0; i < 1000; i++) response.write('0123456789');
        return response.end();
      case '/gzip':
        response.setHeader('Content-Encoding', 'gzip');
        return response.end(zlib.gzipSync('unpacked'));
      case '/large':
        return response.end('x'.repeat(3 << 20));
      case '/nothing':
        response.statusCode = 204;
        return response.end();
      case '/hints':
        response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' });
        return response.end('hinted');
      case '/reset':
        return request.socket.destroy();
      default:
        response.statusCode = 201;
        return response.end(`${request.httpVersion} ${request.method} ${request.url} ${body}`);
    }
  });
}

const servers = {
  http: http.createServer(answer),
  https: https.createServer({ cert, key }, answer),
  http2: http2.createSecureServer({ cert, key }, answer),
  h2c: http2.createServer(answer),
};
const ports = {};
for (const [name, server] of Object.entries(servers)) {
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  ports[name] = server.address().port;
}
console.log(JSON.stringify(ports));
process.stdin.on('end', () => process.exit(0)).resume();
