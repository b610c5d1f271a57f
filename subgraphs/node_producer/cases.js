// What this producer has to say. THIS is the file to replace: a real producer asks its case system here.
//
// The demonstration reads `cases.json`. Every case of a type follows that type's timeline over and over, from one fixed
// epoch, so that there is something to watch, and a restart changes nothing.

import { readFileSync } from "node:fs";

const EPOCH = Date.parse("2026-01-01T00:00:00Z");
const { codeSystem, cases, timelines } = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));

/** The languages that texts are in; the first is used when none of them was asked for. */
export const LANGUAGES = ["sv", "en"];

/**
 * The status of the case with this reference, or null: there is nothing to disclose to this caller. A case that does
 * not exist and one that the caller may not see are answered alike; a difference would tell that the case exists.
 *
 * `caller` is what the assertion says (assertion.js), `language` one of LANGUAGES. It may return a promise; hand
 * `caller.signal` to what it waits for: it is aborted when nobody waits for the answer any more.
 */
export function statusOf(reference, caller, language) {
  const found = cases.find((one) => one.reference === reference && one.subject === caller.subject);
  return found && caller.mayAskAbout(found.caseType) ? status(found, language, Date.now()) : null;
}

/**
 * At most `first` of the caller's subject's cases, in the order of their references, of those after the reference
 * `after` (null: from the first on); and whether more follow. It may return a promise.
 */
export function casesOf(caller, first, after) {
  const following = cases
    .filter((one) => one.subject === caller.subject && (after === null || one.reference > after))
    .sort((one, other) => (one.reference < other.reference ? -1 : 1));
  const page = following.slice(0, first).map(({ reference, caseType }) => ({ reference, caseType }));
  return { page, hasMore: following.length > first };
}

function status({ reference, caseType, phase }, language, now) {
  const { stage, since, until } = standing(timelines[caseType], phase, now);
  return {
    code: stage.code,
    codeSystem,
    title: stage.title[language],
    description: stage.description?.[language],
    language,
    updatedAt: new Date(since).toISOString(),
    expectedAt: stage.completed ? null : new Date(until).toISOString(),
    requiresCustomerAction: stage.requiresCustomerAction,
    completed: stage.completed,
    references: stage.references?.map(({ title, url, value }) => ({
      title: title[language],
      url: url?.replace("{reference}", reference),
      value: value?.replace("{reference}", reference),
    })),
    extension: stage.extension,
  };
}

/** Where a case stands at a moment: its stage, when that began, and when the next one does, in milliseconds. */
function standing(timeline, phase, now) {
  const cycle = timeline.reduce((sum, stage) => sum + stage.seconds * 1000, 0);
  let since = now - ((now - EPOCH + phase * 1000) % cycle);
  for (const stage of timeline) {
    const until = since + stage.seconds * 1000;
    if (now < until) return { stage, since, until };
    since = until;
  }
  throw new Error("The stages of a timeline fill its cycle.");
}
