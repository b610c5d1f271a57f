/** How long the gateway may take to answer a small question of the page itself. */
const PATIENCE_MS = 10_000;

/** What is wrong, for people: GraphiQL would print the stack of any other Error into the response. */
export class Problem extends Error {
  override stack = undefined;
}

/** Fetches JSON from the gateway. Throws a Problem: the server's own words where it has any. */
export async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await reach(path, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Problem(await complaint(response));
  return (await response.json()) as Answer;
}

/** `fetch`, with a Problem that says what happened when no answer came. */
export async function reach(path: RequestInfo | URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw init.signal.reason;
    throw new Problem("The gateway does not answer. Is it running?", { cause: error });
  }
}

/** What the server says is wrong: its GraphQL or OAuth error, else the status. Leaves the body to be read again. */
export async function complaint(response: Response): Promise<string> {
  const status = `The gateway answered ${response.status} ${response.statusText}`.trim();
  const challenge = /error_description="([^"]*)"/.exec(response.headers.get("WWW-Authenticate") ?? "")?.[1];
  try {
    const body = (await response.clone().json()) as {
      errors?: { message?: string }[];
      error_description?: string;
      error?: string;
    };
    return body.errors?.[0]?.message ?? body.error_description ?? challenge ?? body.error ?? status;
  } catch {
    return challenge ?? status;
  }
}
