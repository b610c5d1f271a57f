// The contract (`../contract.graphql`) as an executable schema, and the reading of queries against it.

import { readFileSync } from "node:fs";

import { buildSubgraphSchema } from "@apollo/subgraph";
import { GraphQLError, TypeInfo, parse, validate, visit, visitWithTypeInfo } from "graphql";

import { casesOf, statusOf } from "./cases.js";

const CONTRACT = parse(readFileSync(new URL("../contract.graphql", import.meta.url), "utf8"));
const LARGEST_PAGE = 100;
const MOST_DOCUMENTS = 200;

/** A resolver's context is `{ caller, language, record }`: who asks, in which language, and what the log will say. */
const resolvers = {
  Case: {
    /**
     * Answers one representation of `_entities`; what it throws becomes an error at that position alone. For that it
     * must be async: @apollo/subgraph lets what is thrown at once cost the whole batch.
     */
    async __resolveReference({ reference }, { record }) {
      record.cases += 1;
      if (typeof reference !== "string") throw badInput("A representation of Case needs its reference as a string.");
      return { reference };
    },
    status: ({ reference }, _, { caller, language }) => statusOf(reference, caller, language),
  },
  Query: {
    async cases(_, { first, after = null }, { caller, record }) {
      if (first < 1 || first > LARGEST_PAGE) {
        throw badInput(`\`first\` must be from 1 to ${LARGEST_PAGE}, and was ${first}.`);
      }
      const { page, hasMore } = await casesOf(caller, first, after === null ? null : referenceAt(after));
      record.cases += page.length;
      const edges = page.map(({ reference, caseType }) => ({
        cursor: cursorOf(reference),
        caseType,
        node: { reference },
      }));
      return { edges, pageInfo: { hasNextPage: hasMore, endCursor: edges.at(-1)?.cursor ?? null } };
    },
  },
};

export const schema = buildSubgraphSchema({ typeDefs: CONTRACT, resolvers });

const documents = new Map();

/**
 * A query as `{ document, errors, fields }`: parsed, checked, and the fields of a status that it asks for. The gateway
 * sends the same few again and again, with other references in the variables, so they are remembered.
 */
export function readQuery(query) {
  const known = documents.get(query);
  if (known) return known;
  const read = readAnew(query);
  if (documents.size >= MOST_DOCUMENTS) documents.delete(documents.keys().next().value);
  documents.set(query, read);
  return read;
}

/** What an answer says of an error: only errors that were made for the caller keep their words. */
export function shownError(error) {
  return isUnexpected(error) ? new GraphQLError("Unexpected error.", { path: error.path }) : error;
}

/** Whether the error is a fault of this program, whose message may hold what must not be shown or logged. */
export function isUnexpected(error) {
  return Boolean(error.originalError) && !(error.originalError instanceof GraphQLError);
}

function readAnew(query) {
  try {
    const document = parse(query, { maxTokens: 2_000 });
    const errors = validate(schema, document);
    return { document, errors, fields: errors.length ? [] : statusFields(document) };
  } catch (error) {
    return { document: null, errors: [error], fields: [] };
  }
}

/**
 * The fields of a status that a valid document asks for, each once, under the names of the assertion's `scope`. Aliases
 * and fragments hide nothing, and a field under a condition counts. `references` alone: whether there are any.
 */
function statusFields(document) {
  const names = new Set();
  const types = new TypeInfo(schema);
  const enterField = (field) => {
    const [parent, name] = [types.getParentType()?.name, field.name.value];
    if (name.startsWith("__")) return;
    if (parent === "CaseStatus") names.add(name);
    if (parent === "Reference") names.add(`references.${name}`);
  };
  visit(document, visitWithTypeInfo(types, { Field: { enter: enterField } }));
  if ([...names].some((name) => name.startsWith("references."))) names.delete("references");
  return [...names];
}

function cursorOf(reference) {
  return Buffer.from(reference).toString("base64url");
}

function referenceAt(cursor) {
  const reference = Buffer.from(cursor, "base64url").toString();
  if (cursorOf(reference) !== cursor) throw badInput("`after` is not a cursor of this producer.");
  return reference;
}

function badInput(message) {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}
