// The log: one line for each GraphQL request, with neither identity numbers nor case references in it.
//
// It says what was asked, twice: `fields` are those of the query, `scope` those that the gateway has signed for.

import { randomUUID } from "node:crypto";

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,100}$/;
/** What could be somebody's identity number, as a life event's code, say. */
const MAY_BE_A_NUMBER = /\d{6,}[-+]?\d{4,}/g;

/** The record of a request that begins now. Whoever finds out what it asks fills it in; `logRequest` writes it. */
export function newRecord(sentId) {
  return {
    id: REQUEST_ID.test(sentId ?? "") ? sentId : randomUUID().replaceAll("-", ""),
    began: performance.now(),
    consumer: null,
    purposes: [],
    scope: [],
    fields: [],
    cases: 0,
    refused: null,
  };
}

/** Writes the line of a request that was answered with this HTTP status. */
export function logRequest(record, status) {
  log("info", record.refused ? "refused" : "answered", {
    cases: record.cases,
    consumer: record.consumer,
    fields: words(record.fields),
    ms: (performance.now() - record.began).toFixed(1),
    purpose: words(record.purposes),
    reason: record.refused,
    request_id: record.id,
    scope: words(record.scope),
    status,
  });
}

/** Writes one line to standard output. What is null is left out. */
export function log(level, event, said) {
  const time = new Date().toTimeString().slice(0, 8);
  const facts = Object.entries(said).filter(([, value]) => value !== null);
  const shown = facts.map(([name, value]) => `${name}=${quoted(value)}`);
  console.log(`${time} [${level.padEnd(9)}] ${event} ${shown.join(" ")}`);
}

function words(list) {
  return list.join(" ").replace(MAY_BE_A_NUMBER, "…") || null;
}

/** In quotes where it has spaces, and never with anything in it that could pass for a line of its own. */
function quoted(value) {
  const text = String(value);
  return /^[^\s'\p{C}]+$/u.test(text) ? text : `'${text.replace(/['\p{C}]/gu, "?")}'`;
}
