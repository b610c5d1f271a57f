import createCaseGroup from "./examples/create-a-case-group.graphql?raw";
import createCaseGroupVariables from "./examples/create-a-case-group.variables.json?raw";
import deferred from "./examples/deferred.graphql?raw";
import myCases from "./examples/my-cases.graphql?raw";
import myRecord from "./examples/my-record.graphql?raw";
import producers from "./examples/producers.graphql?raw";
import statuses from "./examples/statuses-of-a-case-group.graphql?raw";
import whoAmI from "./examples/who-am-i.graphql?raw";

/** The tabs of a new playground. GraphiQL names each after its operation. */
export const examples = [
  { query: statuses },
  { query: whoAmI },
  { query: createCaseGroup, variables: createCaseGroupVariables },
  { query: myCases },
  { query: producers },
  { query: myRecord },
  { query: deferred },
];
