"""Operations: parsed, validated and bounded once per document, then run. Knows graphql-core, not Strawberry."""
