// Starts a server of streams of others: node streams.mjs ws|socketio|graphqlws|yoga. It prints its address.
import { createServer } from 'node:http'

const typeDefs = /* GraphQL */ `
  type Query { hello: String }
  type Subscription { count(to: Int!, name: String!): Item! failing: Item! }
  type Item { at: Int! name: String! }
`
async function* count({ to, name }) {
  for (let at = 1; at <= to; at++) yield { count: { at, name } }
}
async function* failing() {
  yield { failing: null }
}

const servers = {
  async ws(server) {
    const { WebSocketServer } = await import('ws')
    new WebSocketServer({ server, perMessageDeflate: true, handleProtocols: (offered) => [...offered][0] }).on('connection', (socket) => {
      socket.on('message', (message, binary) => {
        socket.ping('are you there?')
        socket.send(message, { binary, fin: false })
        socket.send('', { fin: true })
        if (message.toString() === 'bye') socket.close(4001, 'as you asked')
      })
    })
  },
  async socketio(server) {
    const { Server } = await import('socket.io')
    new Server(server, { pingInterval: 50, pingTimeout: 1000 }).on('connection', (socket) => {
      socket.on('say', (text, answer) => {
        socket.emit('noise', 1)
        socket.emit('said', { text })
        if (answer) answer('ok')
      })
    })
  },
  async graphqlws(server) {
    const { WebSocketServer } = await import('ws')
    const { useServer } = await import('graphql-ws/use/ws')
    const { buildSchema } = await import('graphql')
    const schema = buildSchema(typeDefs)
    const fields = schema.getSubscriptionType().getFields()
    fields.count.subscribe = (_, variables) => count(variables)
    fields.failing.subscribe = failing
    useServer({ schema, onConnect: ({ connectionParams }) => connectionParams?.token !== 'bad' }, new WebSocketServer({ server, path: '/graphql' }))
  },
  async yoga(server) {
    const { createSchema, createYoga } = await import('graphql-yoga')
    const Subscription = { count: { subscribe: (_, variables) => count(variables) }, failing: { subscribe: failing } }
    server.on('request', createYoga({ schema: createSchema({ typeDefs, resolvers: { Subscription } }), logging: false }))
  },
}
const server = createServer()
await servers[process.argv[2]](server)
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
console.log(`http://127.0.0.1:${server.address().port}`)
process.stdin.on('end', () => process.exit()).resume() // the test is over
