import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { complaint, Problem, reach } from "./http";
import type { TokenSource } from "./tokens";

export type Language = "sv" | "en";

/** One caller's use of the gateway, from the choice of the caller until the next. */
export interface Session {
  readonly fetcher: Fetcher;
  /** Ends the session: what is still under way fails, so that nothing of one caller is shown to the next. */
  close(): void;
}

/** How the gateway last took the session's token: accepted, or the reason why not. */
export type Reception = { accepted: true } | { accepted: false; reason: string };

const ACCEPT = "application/graphql-response+json, application/json, multipart/mixed";

/**
 * A session with the tokens of `tokens`. `language` is read anew for each operation; `report` is told how the token
 * was received.
 */
export function openSession(
  tokens: TokenSource,
  language: () => Language,
  report: (reception: Reception) => void,
): Session {
  const ended = new AbortController();

  async function send(url: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const own = headers.has("Authorization"); // typed into the header editor: sent as it is
    if (!headers.has("Accept-Language")) headers.set("Accept-Language", language());

    const attempt = (token: string): Promise<Response> => {
      if (!own) headers.set("Authorization", `Bearer ${token}`);
      return reach(url, { ...init, headers, signal: ended.signal });
    };
    let response = await attempt(own ? "" : await tokens.current());
    if (response.status === 401 && !own && tokens.renewed) response = await attempt(await tokens.renewed());
    return response;
  }

  async function sendAndReport(url: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await send(url, init);
    } catch (error) {
      if (!ended.signal.aborted) report({ accepted: false, reason: String((error as Error).message) });
      throw error;
    }
    report(response.status === 401 ? { accepted: false, reason: await complaint(response) } : { accepted: true });
    const type = response.headers.get("Content-Type") ?? "";
    if (!/json|multipart/.test(type)) throw new Problem(`${await complaint(response)}, not in JSON (${type || "no type"}).`);
    return response;
  }

  const fetcher = createGraphiQLFetcher({ url: "/graphql", fetch: sendAndReport, headers: { accept: ACCEPT } });
  return {
    // GraphiQL learns which operation is in a tab a moment after the tab is opened. Run before that, it would send
    // the name of the tab before, and be told that there is no such operation.
    fetcher: ({ operationName: name, ...params }, options) =>
      fetcher(name && params.query.includes(name) ? { ...params, operationName: name } : params, options),
    close: () => ended.abort(new Problem("The caller was changed before the answer came. Run the operation again.")),
  };
}

/** Stands in until there is a session: running an operation says what is missing. */
export const noSession: Fetcher = () => {
  throw new Problem("There is no access token yet: see the bar above.");
};
