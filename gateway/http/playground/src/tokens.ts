import { ask } from "./http";

/** Where the access token of a session comes from. Tokens are kept in memory only. */
export interface TokenSource {
  /** The token to send now. Throws a Problem when there is none to be had. */
  current(): Promise<string>;
  /** A new token in place of one that was refused; absent when only a person can bring one. */
  renewed?(): Promise<string>;
}

/** A consumer asking for a subject, in person or through an actor: what a development token is issued for. */
export interface Caller {
  consumer: string;
  subject: string;
  actor?: string;
}

interface Token {
  value: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A token is replaced this long before it expires: clocks differ, and an operation takes its time. */
const MARGIN_MS = 30_000;

/** Tokens of the development issuer for `caller`, fetched when first needed and again before they expire. */
export function developmentTokens(caller: Caller): TokenSource {
  let token: Promise<Token> | undefined;

  function renewed(): Promise<string> {
    const asked = (token = issue(caller));
    // A failure is not kept: the next operation asks anew.
    asked.catch(() => token === asked && (token = undefined));
    return asked.then(({ value }) => value);
  }

  return {
    renewed,
    async current() {
      const held = await token;
      return held && held.expiresAt - MARGIN_MS > Date.now() ? held.value : renewed();
    },
  };
}

/** The token a person pasted. */
export function pastedToken(value: string): TokenSource {
  return { current: async () => value };
}

async function issue(caller: Caller): Promise<Token> {
  const issued = await ask<{ access_token: string; expires_in: number }>("/development/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(caller),
  });
  return { value: issued.access_token, expiresAt: Date.now() + issued.expires_in * 1000 };
}
