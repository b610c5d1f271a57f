// Apollo Gateway on a free port, before the gateway and a portal's own subgraph, which gives case groups a colour. One
// line on standard input says what there is, as JSON: {supergraph, gateway, portal, colours}, the second an address and
// the last an object of colours by id. Prints the router's address, and serves until standard input ends.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { getOperationAST, parse, print } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';

// Otherwise it reports to Apollo.
process.env.APOLLO_TELEMETRY_DISABLED = 'true';

/** Asks as the router's caller: the router has no rights of its own. */
class AsTheCaller extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    if (context.authorization) request.http.headers.set('Authorization', context.authorization);
  }
}

/** The address at which `options` of graphql-http are served. */
function served(options) {
  const server = createServer(createHandler(options));
  return new Promise((listening) => {
    server.listen(0, '127.0.0.1', () => listening(`http://127.0.0.1:${server.address().port}`));
  });
}

function portalSubgraph(sdl, colours) {
  const resolvers = {
    Query: { favourites: () => Object.keys(colours).map((id) => ({ id })) },
    CaseGroup: { colour: ({ id }) => colours[id] ?? null },
  };
  return served({ schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers }) });
}

async function router(supergraphSdl, urls) {
  const logger = new console.Console(process.stderr);
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger,
    buildService: ({ name }) => new AsTheCaller({ url: urls[name] }),
  });
  const { schema, executor } = await gateway.load();
  return served({
    schema,
    context: ({ headers }) => ({ authorization: headers.authorization }),
    // What Apollo Server would hand to it.
    execute: ({ document, operationName, variableValues: variables, contextValue: context }) =>
      executor({
        request: { operationName, variables },
        operation: getOperationAST(document, operationName),
        queryHash: createHash('sha256').update(print(document)).digest('hex'),
        metrics: {},
        document,
        operationName,
        schema,
        context,
        logger,
      }),
  });
}

const input = createInterface({ input: process.stdin });
input.once('line', async (line) => {
  const { supergraph, gateway, portal, colours } = JSON.parse(line);
  const urls = { gateway, portal: await portalSubgraph(portal, colours) };
  console.log(await router(supergraph, urls));
});
input.once('close', () => process.exit());
