// Starts a GraphQL server of others: node graphql.mjs apollo|yoga|mercurius. It prints its address.
import { createServer } from 'node:http'

const typeDefs = /* GraphQL */ `
  scalar File
  type Query {
    top(n: Int!): [Item!]!
    item(id: ID!): Item
    broken: String
    named(name: String!, price: Float!, fresh: Boolean!, kind: Kind!, where: Where): String!
  }
  type Mutation { add(item: NewItem!): Item! upload(name: String!, files: [File!]!): [String!]! }
  type Item { id: ID! name: String! broken: String }
  enum Kind { TENT BOOTS }
  input Where { ids: [ID!] not: Where }
  input NewItem { name: String! price: Float! }
`
const item = (id) => ({ id, name: `item ${id}` })
const broken = () => { throw new Error('boom') }
const resolvers = {
  Query: {
    top: (_, { n }) => Array.from({ length: n }, (_, i) => item(`i${i}`)),
    item: (_, { id }) => item(id),
    broken,
    named: (_, { name, price, fresh, kind, where }) => JSON.stringify([name, price, fresh, kind, where ?? null]),
  },
  Mutation: {
    add: (_, { item: { name, price } }) => ({ id: `${name} at ${price}`, name }),
    upload: async (_, { name, files }) => Promise.all(files.map(async (f) => `${name}: ${f.name} ${f.type} ${await f.text()}`)),
  },
  Item: { broken },
}

const servers = {
  async apollo() {
    const { ApolloServer } = await import('@apollo/server')
    const { startStandaloneServer } = await import('@apollo/server/standalone')
    const { url } = await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), { listen: { port: 0, host: '127.0.0.1' } })
    return url
  },
  async yoga() {
    const { createSchema, createYoga } = await import('graphql-yoga')
    const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }))
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
    return `http://127.0.0.1:${server.address().port}/graphql`
  },
  async mercurius() {
    const { default: fastify } = await import('fastify')
    const { default: mercurius } = await import('mercurius')
    const app = fastify({ http2: process.argv[3] === 'http2' })
    app.register(mercurius, { schema: typeDefs, resolvers, path: '/graphql' })
    return (await app.listen({ port: 0, host: '127.0.0.1' })) + '/graphql'
  },
}
console.log(await servers[process.argv[2]]())
process.stdin.on('end', () => process.exit()).resume() // the test is over
