// Composes the subgraphs on standard input, a JSON object of SDL by name, with Apollo's composition; prints
// {errors, supergraph} as JSON.
import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const subgraphs = JSON.parse(readFileSync(0, 'utf8'));
const services = Object.entries(subgraphs).map(([name, sdl]) => ({
  name,
  url: `https://${name}.example/graphql`,
  typeDefs: parse(sdl),
}));
const result = composeServices(services);
const errors = (result.errors ?? []).map((error) => error.message);
process.stdout.write(JSON.stringify({ errors, supergraph: result.supergraphSdl ?? null }));
