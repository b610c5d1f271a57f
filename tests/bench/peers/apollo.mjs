// Apollo Gateway under Apollo Server, as its documentation sets it up for production: NODE_ENV=production, introspection
// off, the token verified for every request (jose, the keys from the issuer's JWKS), and passed on to the subgraphs.
import { readFileSync } from 'node:fs';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { GraphQLError } from 'graphql';
import { createLocalJWKSet, jwtVerify } from 'jose';

const { BENCH_PORT, BENCH_SUPERGRAPH, BENCH_JWKS, BENCH_ISSUER, BENCH_AUDIENCE } = process.env;
const keys = createLocalJWKSet(JSON.parse(readFileSync(BENCH_JWKS, 'utf8')));
const expected = { issuer: BENCH_ISSUER, audience: BENCH_AUDIENCE, typ: 'at+jwt', algorithms: ['ES256'] };

async function context({ req }) {
  const authorization = req.headers.authorization ?? '';
  try {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /, ''), keys, expected);
    return { authorization, caller: payload };
  } catch {
    throw new GraphQLError('The access token is not accepted.', {
      extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } },
    });
  }
}

/** Asks with the caller's token. */
class AsTheCaller extends RemoteGraphQLDataSource {
  willSendRequest({ request, context: { authorization } }) {
    if (authorization) request.http.headers.set('authorization', authorization);
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(BENCH_SUPERGRAPH, 'utf8'),
  buildService: ({ url }) => new AsTheCaller({ url }),
});
const server = new ApolloServer({ gateway, introspection: false });
await startStandaloneServer(server, { context, listen: { host: '127.0.0.1', port: Number(BENCH_PORT) } });
