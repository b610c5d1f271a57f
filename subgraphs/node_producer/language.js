// The choice of language by the `Accept-Language` header (RFC 9110, section 12.5.4).

/**
 * The language of `available` that the header prefers; the first one where the header settles nothing.
 * Languages are matched by their primary part alone, so that `en-GB` finds `en`.
 */
export function chooseLanguage(header, available) {
  let best = { language: available[0], weight: 0 };
  for (const entry of (header ?? "").split(",")) {
    const [tag, parameter] = entry.split(";").map((part) => part.trim().toLowerCase());
    const primary = tag.split("-")[0];
    const language = primary === "*" ? available[0] : primary;
    const weight = weightOf(parameter);
    if (available.includes(language) && weight > best.weight) best = { language, weight };
  }
  return best.language;
}

/** From 0 to 1: 1 when the entry says none, 0 when what it says cannot be understood. */
function weightOf(parameter) {
  if (!parameter) return 1;
  const weight = Number(/^q\s*=\s*([\d.]+)$/.exec(parameter)?.[1]);
  return weight <= 1 ? weight : 0;
}
