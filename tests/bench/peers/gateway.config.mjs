// Hive Gateway, as its documentation sets it up for production: one worker, the token verified for every request with the
// issuer's keys, and passed on to the subgraphs; no polling, no introspection, no pages for people.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInlineSigningKeyProvider, defineConfig } from '@graphql-hive/gateway';

const { BENCH_JWKS, BENCH_ISSUER, BENCH_AUDIENCE } = process.env;
const [key] = JSON.parse(readFileSync(BENCH_JWKS, 'utf8')).keys;
const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

export const gatewayConfig = defineConfig({
  jwt: {
    signingKeyProviders: [createInlineSigningKeyProvider(pem)],
    tokenVerification: { issuer: BENCH_ISSUER, audience: BENCH_AUDIENCE, algorithms: ['ES256'] },
    reject: { missingToken: true, invalidToken: true },
  },
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') }),
  },
  disableIntrospection: { disableIf: () => true },
  graphiql: false,
  landingPage: false,
  // Compiles what documents do, once for each: it answers more with it than without.
  jit: true,
  logging: 'warn',
});
