// Composes the subgraphs on standard input, a JSON list of {name, url, sdl}, with Apollo's composition; prints the
// supergraph.
import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const services = JSON.parse(readFileSync(0, 'utf8')).map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
const { errors, supergraphSdl } = composeServices(services);
if (errors?.length) throw new Error(errors.map(({ message }) => message).join('\n'));
process.stdout.write(supergraphSdl);
