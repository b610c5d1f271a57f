// The HTTP server of a producer: the contract on `/graphql` behind the caller assertion, and `/health`.

import { createServer } from "node:http";

import { createHandler } from "graphql-http";

import { AssertionMissing, AssertionRefused, KeysUnavailable } from "./assertion.js";
import { LANGUAGES } from "./cases.js";
import { chooseLanguage } from "./language.js";
import { log, logRequest, newRecord } from "./request_log.js";
import { isUnexpected, readQuery, schema, shownError } from "./schema.js";

/** Bytes of a request body: room for several thousand cases. */
const LARGEST_REQUEST = 256 * 1024;
/** Bytes of a request's headers: an assertion that is much too long is refused as such. */
const LARGEST_HEADERS = 64 * 1024;
/** Longer than clients keep a pooled connection, so that they are the ones to close it. */
const KEEP_ALIVE = 60_000;

/** A server, not yet listening, that answers the callers whom `callerFrom` (assertion.js) lets through. */
export function producerServer(callerFrom) {
  const server = createServer({ maxHeaderSize: LARGEST_HEADERS }, (request, response) => {
    const path = request.url.split("?")[0];
    if (path === "/graphql") return answerAndLog(callerFrom, request, response);
    if (path === "/health") return send(response, { status: 200, headers: JSON_TYPE, body: '{"status":"ok"}' });
    return send(response, { status: 404 });
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  return server;
}

const JSON_TYPE = { "Content-Type": "application/json" };

async function answerAndLog(callerFrom, request, response) {
  const record = newRecord(request.headers["x-request-id"]);
  let answer = failure(500, "INTERNAL", "Unexpected error.");
  try {
    answer = await answerTo(request, callerFrom, record, patience(request, response));
  } catch (error) {
    log("error", "unexpected error", { kind: error.name, request_id: record.id });
  }
  answer.headers = { ...answer.headers, "X-Request-ID": record.id };
  send(response, answer);
  logRequest(record, answer.status);
}

/** The answer to a request, with the assertion verified before anything else is looked at. */
async function answerTo(request, callerFrom, record, signal) {
  let caller;
  try {
    caller = await callerFrom(request.headers.authorization);
  } catch (error) {
    record.refused = error.message;
    return refusal(error);
  }
  Object.assign(record, { consumer: caller.consumer, purposes: caller.purposes, scope: caller.scope });

  const body = await bodyOf(request);
  if (body === null) return failure(413, "TOO_LARGE", `A request has at most ${LARGEST_REQUEST} bytes.`);
  const language = chooseLanguage(request.headers["accept-language"], LANGUAGES);
  const { method, url, headers } = request;
  const context = { caller: { ...caller, signal }, language, record };
  const asked = await Promise.race([graphql({ method, url, headers, body, context }), givenUp(signal)]);
  if (signal.aborted) {
    record.refused = "nobody waits for the answer";
    return failure(504, "DEADLINE_EXCEEDED", "The caller's time is over.");
  }
  const [content, init] = asked;
  // A status belongs to one caller, and moves: nobody on the way may keep it.
  return { status: init.status, headers: { ...init.headers, "Cache-Control": "no-store" }, body: content };
}

/** Ends when the time of `Request-Timeout` (in milliseconds) is over, or the caller has hung up. */
function patience(request, response) {
  const hungUp = new AbortController();
  response.once("close", () => response.writableFinished || hungUp.abort());
  const milliseconds = request.headers["request-timeout"] ?? "";
  if (!/^\d{1,9}$/.test(milliseconds)) return hungUp.signal;
  return AbortSignal.any([hungUp.signal, AbortSignal.timeout(Number(milliseconds))]);
}

function givenUp(signal) {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null), { once: true }));
}

const graphql = createHandler({
  onSubscribe({ context }, { query, operationName, variables }) {
    const { document, errors, fields } = readQuery(query);
    if (errors.length) return errors;
    context.record.fields = fields;
    return { schema, document, operationName, variableValues: variables, contextValue: context };
  },
  onOperation({ context }, _, { errors = [] }) {
    for (const { originalError, path } of errors.filter(isUnexpected)) {
      log("error", "unexpected error", { kind: originalError.name, path, request_id: context.record.id });
    }
  },
  formatError: shownError,
});

function refusal(error) {
  if (error instanceof KeysUnavailable) {
    const message = "The caller cannot be verified now: the gateway's keys cannot be fetched.";
    return failure(503, "KEYS_UNAVAILABLE", message, { "Retry-After": "2" });
  }
  if (!(error instanceof AssertionRefused)) throw error;
  const details = ` error="invalid_token", error_description="${error.message}"`;
  return failure(401, "UNAUTHENTICATED", `The request was refused: ${error.message}.`, {
    "WWW-Authenticate": `Bearer${error instanceof AssertionMissing ? "" : details}`,
  });
}

/** An answer without data, in the form of a GraphQL error. */
function failure(status, code, message, headers = {}) {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  return { status, headers: { ...JSON_TYPE, ...headers }, body };
}

/** The request's body as text; null when it is too large, and then the rest of it is not kept. */
async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > LARGEST_REQUEST) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response, { status, headers = {}, body }) {
  const content = body ?? "";
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(content) }).end(content);
}
