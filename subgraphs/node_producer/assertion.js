// Verification of the caller assertion: the signed statement in which the gateway says who asks, for whom and why.

import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from "jose";

const ALGORITHMS = ["ES256", "EdDSA"];
/** How far the clocks of the gateway and the producer may be apart, in seconds. */
const LEEWAY = 10;
/** An assertion is good for 60 seconds; one that claims to be good for long is not the gateway's. */
const OLDEST = "2 minutes";
const KEYS = { cacheMaxAge: 600_000, cooldownDuration: 2_000, timeoutDuration: 1_500 };

/** The request has no assertion that can be trusted. The message says why, without repeating what was sent. */
export class AssertionRefused extends Error {}

/** The request has no assertion at all. */
export class AssertionMissing extends AssertionRefused {}

/** The gateway's keys cannot be fetched now, so nothing can be said about a signature. */
export class KeysUnavailable extends Error {}

/**
 * Makes the function that tells who is asking, by the request's `Authorization` header. It believes what the gateway
 * `issuer` has made out to this producer, its `audience`, and throws AssertionRefused or KeysUnavailable.
 */
export function callerVerifier(issuer, audience) {
  const keys = publishedKeys(new URL(`${issuer}/.well-known/jwks.json`));
  const claims = { issuer, audience, requiredClaims: ["sub", "client_id", "iat", "exp"] };
  const options = { ...claims, algorithms: ALGORITHMS, clockTolerance: LEEWAY, maxTokenAge: OLDEST };

  return async function caller(authorization) {
    const assertion = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (assertion === undefined) throw new AssertionMissing("there is no caller assertion");
    try {
      if (typeof decodeProtectedHeader(assertion).kid !== "string") throw new errors.JWKSNoMatchingKey();
      return callerOf((await jwtVerify(assertion, keys, options)).payload);
    } catch (error) {
      throw refusal(error);
    }
  };
}

function publishedKeys(url) {
  const find = createRemoteJWKSet(url, KEYS);
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      const isAboutTheKey = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
      if (isAboutTheKey.some((kind) => error instanceof kind)) throw error;
      throw new KeysUnavailable("the gateway's keys cannot be fetched", { cause: error });
    }
  };
}

function refusal(error) {
  if (error instanceof KeysUnavailable || error instanceof AssertionRefused) return error;
  if (error instanceof errors.JWTExpired) return new AssertionRefused("the assertion has expired");
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim);
  if (error instanceof errors.JWKSNoMatchingKey) return new AssertionRefused("the key is not one of the gateway's");
  return new AssertionRefused("the assertion is not signed as it must be");
}

/**
 * What the claims of a verified assertion say: `subject` is the identity number of the person or company whose cases
 * are asked for, `actor` of the person who acts for it (null: the subject itself), `consumer` the portal that asks.
 * `mayAskAbout`: whether cases of a type are among what the gateway was told it asks about; the grant is for these.
 */
function callerOf({ sub, client_id, act, purpose = [], scope = "", case_types = null }) {
  if (typeof sub !== "string" || sub === "") throw wrongClaim("sub");
  if (typeof client_id !== "string" || client_id === "") throw wrongClaim("client_id");
  if (act !== undefined && typeof act?.sub !== "string") throw wrongClaim("act");
  if (!Array.isArray(purpose) || !purpose.every((one) => typeof one === "string")) throw wrongClaim("purpose");
  if (typeof scope !== "string") throw wrongClaim("scope");
  if (case_types !== null && !Array.isArray(case_types)) throw wrongClaim("case_types");
  return {
    subject: sub,
    consumer: client_id,
    actor: act?.sub ?? null,
    purposes: purpose,
    scope: scope.split(/\s+/).filter(Boolean),
    mayAskAbout: (caseType) => case_types === null || case_types.includes(caseType),
  };
}

function wrongClaim(name) {
  return new AssertionRefused(`a claim is wrong: ${name}`);
}
