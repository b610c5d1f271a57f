// `node producer.js`: a producer as a process. Start reading here; what it has to say is in cases.js.

import { parseArgs } from "node:util";

import { callerVerifier } from "./assertion.js";
import { log } from "./request_log.js";
import { producerServer } from "./server.js";

/** The producer's id in the gateway's registry. */
const PRODUCER = "police-authority";
const OPTIONS = {
  host: { type: "string", default: "127.0.0.1", about: "The address to listen on." },
  port: { type: "string", default: "8104", about: "The port to listen on; 0 takes a free one." },
  gateway: {
    type: "string",
    default: "http://127.0.0.1:8000",
    about: "The gateway's base URL: the issuer of assertions, and where its keys are.",
  },
  audience: {
    type: "string",
    default: `https://${PRODUCER}.demo.example`,
    about: "The producer's own name in assertions.",
  },
  help: { type: "boolean", default: false, about: "Show this message and exit." },
};
/** How long requests in flight get to end when the process is told to stop, in milliseconds. */
const GRACE = 1_000;

function main() {
  const { host, port, gateway, audience, help } = options();
  if (help) return console.log(usage());

  const server = producerServer(callerVerifier(gateway.replace(/\/+$/, ""), audience));
  server.on("error", ({ code }) => {
    const reason = code === "EADDRINUSE" ? "Address already in use" : code;
    fail(`Cannot listen on ${host} port ${port}: ${reason}. Stop what uses it, or choose another with --port.`);
  });
  server.listen({ host, port: Number(port) }, () => {
    const { address, family, port: taken } = server.address();
    const name = family === "IPv6" ? `[${address}]` : address;
    log("info", "ready", { producer: PRODUCER, url: `http://${name}:${taken}/graphql` });
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop(server));
}

/** Takes no more requests; the process ends by itself when the last one is answered, or the grace is over. */
function stop(server) {
  server.close();
  setTimeout(() => server.closeAllConnections(), GRACE).unref();
}

function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new Error("--port must be 0 to 65535.");
    if (!URL.canParse(values.gateway)) throw new Error("--gateway must be an address, such as http://127.0.0.1:8000.");
    return values;
  } catch (error) {
    return fail(error.message);
  }
}

function usage() {
  const about = "The police authority, for demonstration: permits to use public places.";
  const options = Object.entries(OPTIONS).map(([name, { about, default: value }]) => {
    return `  --${name.padEnd(10)}${about}${value ? ` [default: ${value}]` : ""}`;
  });
  return ["Usage: node producer.js [OPTIONS]", "", about, "", ...options].join("\n");
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

main();
