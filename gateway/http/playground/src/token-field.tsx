import { useId, useState, type FormEvent } from "react";
import { pastedToken, type TokenSource } from "./tokens";

/** Takes the access token a person has got from their issuer. It is never stored. */
export function TokenField({ onEnter }: { onEnter: (tokens: TokenSource) => void }) {
  const [text, setText] = useState("");
  const id = useId();
  const token = text.trim().replace(/^Bearer\s+/i, "");

  function enter(event: FormEvent) {
    event.preventDefault();
    if (token) onEnter(pastedToken(token));
  }

  return (
    <form onSubmit={enter}>
      <div className="field">
        <label htmlFor={id}>Access token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <button type="submit" disabled={!token}>
        Use token
      </button>
    </form>
  );
}
