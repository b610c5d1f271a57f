"""The gateways beside ours: Apollo Gateway and Hive Gateway over a federation that means the same.

How it is modelled. A federation routes by type: an entity of one type is resolved by the subgraphs that define the
type, and which of them holds *this* case cannot be told from data. So that each case's status comes from its own
producer, in one request to each as ours makes it, every producer defines a type of its own here (`TaxAgencyCase`, ...),
and the group subgraph gives a group's cases as the interface `Case`. It is the arrangement that
suits them best; with it a new producer means new types and a new supergraph, which ours does without.

What they do less than ours: they keep no record, sign no assertion for the producers and decide on no grant. They check
the token and ask for the group, and the statuses at the producers. What they do more: nothing.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.bench.producing import PRODUCERS
from tests.issuer import AUDIENCE, ISSUER

FOLDER = Path(__file__).parent.parent / "peers"
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])'

STATUS = """
  scalar DateTime
  type CaseStatus @shareable {
    code: String! codeSystem: String title: String! description: String language: String updatedAt: DateTime!
    expectedAt: DateTime requiresCustomerAction: Boolean completed: Boolean
  }
"""

GROUPS = """
  scalar DateTime
  type Query { caseGroup(id: ID!): CaseGroup }
  type CaseGroup {
    id: ID! title: String! revision: Int! createdAt: DateTime! updatedAt: DateTime! purpose: Purpose!
    cases(first: Int): CaseConnection!
  }
  type Purpose { informationArea: String! event: String }
  type CaseConnection { edges: [CaseEdge!]! }
  type CaseEdge { node: Case! }
  interface Case { reference: ID! addedAt: DateTime! note: String }
"""


def case_type_of(producer: str) -> str:
    """The type of this producer's cases in the supergraph."""
    return "".join(word.capitalize() for word in producer.split("-")) + "Case"


def subgraphs() -> dict[str, str]:
    """The SDL of each subgraph, by name."""
    types = [case_type_of(id_) for id_ in PRODUCERS]
    own = " ".join(
        f'type {type_} implements Case @key(fields: "reference") {{ reference: ID! addedAt: DateTime! note: String }}'
        for type_ in types
    )
    producers = {
        id_: f'{LINK} {STATUS} type {type_} @key(fields: "reference") {{ reference: ID! status: CaseStatus }}'
        for id_, type_ in zip(PRODUCERS, types, strict=True)
    }
    return {"groups": f"{LINK} {GROUPS} {own}", **producers}


def supergraph(addresses: dict[str, str]) -> str:
    """The supergraph of the subgraphs at these addresses, by Apollo's composition. Raises CalledProcessError."""
    services = [{"name": name, "url": addresses[name], "sdl": sdl} for name, sdl in subgraphs().items()]
    composed = subprocess.run(
        ["node", "compose.mjs"], cwd=FOLDER, input=json.dumps(services), capture_output=True, text=True, check=True
    )
    return composed.stdout


def environment(folder: Path, supergraph: Path, jwks: Path, port: int) -> dict[str, str]:
    """What both programs are told. `folder` is one that they may write to."""
    return {
        "NODE_ENV": "production",
        "APOLLO_TELEMETRY_DISABLED": "true",
        "HOME": str(folder),
        "BENCH_PORT": str(port),
        "BENCH_SUPERGRAPH": str(supergraph),
        "BENCH_JWKS": str(jwks),
        "BENCH_ISSUER": ISSUER,
        "BENCH_AUDIENCE": AUDIENCE,
    }


def versions() -> dict[str, str]:
    """Of what is measured, as npm has installed it."""
    packages = json.loads(INSTALLED.read_text())["packages"]
    return {
        name: packages[f"node_modules/{name}"]["version"]
        for name in ("@apollo/gateway", "@apollo/server", "@graphql-hive/gateway", "graphql", "jose")
    }
