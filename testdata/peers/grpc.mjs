// A server of grpc-js that describes itself. It prints its port.
import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import grpc from '@grpc/grpc-js'
import loader from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'

const proto = join(mkdtempSync(join(tmpdir(), 'grpc-')), 'a.proto')
writeFileSync(proto, `syntax = "proto3";
package a;
service S {
  rpc M(Q) returns (Q);
  rpc Down(Q) returns (stream Q);
  rpc Up(stream Q) returns (Q);
  rpc Both(stream Q) returns (stream Q);
}
message Q { string text = 1; }
`)
const definition = loader.loadSync(proto)
const server = new grpc.Server()
server.addService(grpc.loadPackageDefinition(definition).a.S.service, {
  M(call, done) {
    if (call.request.text === 'fail') return done({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'full' })
    const trailer = new grpc.Metadata()
    trailer.set('x-a', 'b')
    done(null, call.request, trailer)
  },
  Down(call) {
    for (let i = 0; i < 3; i++) call.write(call.request)
    call.end()
  },
  Up(call, done) {
    let n = 0
    call.on('data', () => n++).on('end', () => done(null, { text: String(n) }))
  },
  Both(call) {
    call.on('data', (q) => call.write(q)).on('end', () => call.end())
  },
})
new ReflectionService(definition).addToServer(server)
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (err, port) => {
  if (err) throw err
  console.log(port)
})
