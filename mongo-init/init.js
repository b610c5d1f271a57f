// Applies this folder to a new, empty MongoDB: run once by the official image's first start, in the database that
// MONGO_INITDB_DATABASE names, or by hand with `mongosh URI mongo-init/init.js`. A database that has collections
// already is refused: bringing one up to date is the work of `gateway db init`, which reads the same files.
//
// From the environment (each of the passwords also as a file, named by VARIABLE_FILE):
//   the variables that users.json names   passwords; a user without one is left out
//   MONGO_INIT_DEMO=yes                   adds the demo data, which needs GATEWAY_PSEUDONYM_KEY_FILE
//   MONGO_INIT_DEMO_ENDPOINTS             {"producer id": "endpoint"}: where producers are other than the files say
//   GATEWAY_PSEUDONYM_KEY_FILE, GATEWAY_PSEUDONYM_KEY_ID   as for the gateway

const { createHmac } = require("crypto");
const { readdirSync, readFileSync } = require("fs");
const { basename, join } = require("path");

const DAY = 24 * 60 * 60 * 1000;
const now = Date.now();

/** The files of one of this folder's folders, in order. */
function filesOf(folder) {
  return readdirSync(join(__dirname, folder))
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}

/** A file's content, each `{marker: argument}` in it replaced by what `markers` makes of the argument. */
function read(file, markers = {}) {
  const replaced = (value) => {
    if (Array.isArray(value)) return value.map(replaced);
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0][0] in markers) return markers[entries[0][0]](entries[0][1]);
    return Object.fromEntries(entries.map(([name, part]) => [name, replaced(part)]));
  };
  try {
    return replaced(JSON.parse(readFileSync(join(__dirname, file), "utf8")));
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
}

/** A secret from the environment or from the file that NAME_FILE names; undefined when neither is set. */
function secret(name) {
  const file = process.env[`${name}_FILE`];
  return file === undefined ? process.env[name] : readFileSync(file, "utf8").replace(/[\r\n]+$/, "");
}

function createCollections() {
  const shared = read("definitions.json");
  const definition = (name) => {
    if (!(name in shared)) throw new Error(`'${name}' is not in definitions.json`);
    return shared[name];
  };
  for (const file of filesOf("collections")) {
    const { collection, validator, indexes } = read(file, { $definition: definition });
    db.createCollection(collection, { validator, validationLevel: "strict", validationAction: "error" });
    print(`created collection ${collection}`);
    for (const { serves, ...index } of indexes) {
      db.runCommand({ createIndexes: collection, indexes: [index] });
      print(`created index ${index.name}`);
    }
  }
}

function createUsers() {
  const database = db.getName();
  for (const { role, privileges } of read("roles.json")) {
    const rights = Object.entries(privileges).map(([collection, actions]) => ({
      resource: { db: database, collection },
      actions,
    }));
    db.createRole({ role, privileges: rights, roles: [] });
    print(`created role ${role}`);
  }
  for (const { user, role, passwordVariable } of read("users.json")) {
    const password = secret(passwordVariable);
    if (password) {
      db.createUser({ user, pwd: password, roles: [{ role, db: database }] });
      print(`created user ${user}`);
    } else {
      print(`user ${user} is left out: neither ${passwordVariable} nor ${passwordVariable}_FILE is set`);
    }
  }
}

function insertDemoData() {
  // One key, bare, or several as JSON: in a new database the first is the current one.
  const content = readFileSync(process.env.GATEWAY_PSEUDONYM_KEY_FILE, "utf8").trim();
  const { id, key } = content.startsWith("{")
    ? JSON.parse(content).keys[0]
    : { id: process.env.GATEWAY_PSEUDONYM_KEY_ID ?? "k1", key: content };
  const secret = Buffer.from(key, "base64");
  const markers = {
    $pseudonym: (number) => createHmac("sha256", secret).update(number, "utf8").digest("base64url"),
    $pseudonymKeyId: () => id,
    $daysFromNow: (days) => new Date(now + days * DAY),
    $objectId: (hex) => new ObjectId(hex),
  };
  const endpoints = JSON.parse(process.env.MONGO_INIT_DEMO_ENDPOINTS ?? "{}");
  for (const file of filesOf("demo")) {
    const collection = basename(file, ".json");
    for (const document of read(file, markers)) {
      if (collection === "producers" && document._id in endpoints) document.endpoint = endpoints[document._id];
      db.getCollection(collection).insertOne(document);
      print(`inserted demo document ${document._id} of ${collection}`);
    }
  }
}

if (db.getCollectionNames().length > 0) {
  throw new Error(`the database ${db.getName()} has collections already; bring it up to date with: gateway db init`);
}
createCollections();
createUsers();
if (process.env.MONGO_INIT_DEMO === "yes") insertDemoData();
