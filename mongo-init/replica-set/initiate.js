// Makes the one MongoDB of compose.yaml a replica set of one, and waits until it takes writes. Run after its first
// start, and harmless after that. The init folder of the official image cannot do this: there the server runs alone.
// The image skips this folder: it runs only the files that lie directly in its init folder.

const { readFileSync } = require("fs");

db.getSiblingDB("admin").auth("root", readFileSync(process.env.MONGO_ROOT_PASSWORD_FILE, "utf8").trimEnd());
try {
  rs.status();
  print("the replica set is there already");
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
  print("initiated the replica set");
}
while (!db.hello().isWritablePrimary) sleep(200);
